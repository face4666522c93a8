import { randomBytes } from 'node:crypto'
import type { Database } from '../database/index.ts'

/**
 * A secret of this installation, made by whichever process asks first. The insert waits for an earlier one and yields to
 * it, and the statement after it sees what that one committed: processes that start at once agree.
 */
export function keepSecret(database: Database, name: string): Promise<string> {
  return database.acrossTenants('the secret belongs to the installation', async (tx) => {
    await tx
      .insertInto('platform.secrets')
      .values({ name, value: randomBytes(32).toString('base64url') })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute()
    const kept = await tx
      .selectFrom('platform.secrets')
      .select('value')
      .where('name', '=', name)
      .executeTakeFirstOrThrow()
    return kept.value
  })
}
