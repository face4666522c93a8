import { randomBytes } from 'node:crypto'
import type { Database } from '../../platform/database/index.ts'

const NAME = 'session-cookies'

/**
 * The secret that signs session tokens, made by whichever process starts first. The insert waits for an earlier one and
 * yields to it, and the statement after it sees what that one committed: processes that start at once agree.
 */
export function keepCookieSecret(database: Database): Promise<string> {
  return database.acrossTenants('the secret belongs to the installation', async (tx) => {
    await tx
      .insertInto('platform.secrets')
      .values({ name: NAME, value: randomBytes(32).toString('base64url') })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute()
    const kept = await tx
      .selectFrom('platform.secrets')
      .select('value')
      .where('name', '=', NAME)
      .executeTakeFirstOrThrow()
    return kept.value
  })
}
