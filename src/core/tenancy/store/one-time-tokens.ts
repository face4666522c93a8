import { type Kysely, sql } from 'kysely'
import type { DB } from '../../../platform/database/index.ts'
import { deleteChallenges, removeSecondFactor } from './people.ts'

export type TokenPurpose = 'reset_password' | 'prove_address'

/** The token of this purpose from now on: an earlier one of the same person works no more. */
export async function renewOneTimeToken(
  kysely: Kysely<DB>,
  token: { personId: string; purpose: TokenPurpose; hash: Buffer; validSeconds: number; removesSecondFactor?: boolean },
): Promise<Date> {
  const { rows } = await sql<{ expiresAt: Date }>`
    insert into identity.one_time_token (token_hash, user_id, purpose, removes_second_factor, expires_at)
    values (${token.hash}, ${token.personId}, ${token.purpose}, ${token.removesSecondFactor ?? false},
      now() + ${token.validSeconds} * interval '1 second')
    on conflict (user_id, purpose) do update set token_hash = excluded.token_hash, created_at = now(),
      removes_second_factor = excluded.removes_second_factor, expires_at = excluded.expires_at
    returning expires_at as "expiresAt"`.execute(kysely)
  const [row] = rows
  if (!row) throw new Error('the token was not stored')
  return row.expiresAt
}

/** Whether a password may be reset with this token now; costs less than the hash of a password. */
export async function hasOneTimeToken(kysely: Kysely<DB>, purpose: TokenPurpose, hash: Buffer): Promise<boolean> {
  const { rows } = await sql`
    select 1 from identity.one_time_token
    where token_hash = ${hash} and purpose = ${purpose} and expires_at > now()`.execute(kysely)
  return rows.length === 1
}

/** Uses the token up; null when it is unknown, was used or replaced, is too old, or is not this person's. */
async function useUp(
  kysely: Kysely<DB>,
  token: { purpose: TokenPurpose; hash: Buffer; personId?: string },
): Promise<{ personId: string; removesSecondFactor: boolean } | null> {
  const { rows } = await sql<{ personId: string; removesSecondFactor: boolean }>`
    delete from identity.one_time_token
    where token_hash = ${token.hash} and purpose = ${token.purpose} and expires_at > now()
      and user_id = coalesce(${token.personId ?? null}::uuid, user_id)
    returning user_id as "personId", removes_second_factor as "removesSecondFactor"`.execute(kysely)
  return rows[0] ?? null
}

/** Takes for proven that the person owns their address; false when the token does not hold. */
export function proveAddress(kysely: Kysely<DB>, personId: string, hash: Buffer): Promise<boolean> {
  return kysely.transaction().execute(async (tx) => {
    if (!(await useUp(tx, { purpose: 'prove_address', hash, personId }))) return false
    await setProven(tx, personId)
    return true
  })
}

export async function setProven(kysely: Kysely<DB>, personId: string): Promise<void> {
  await sql`update identity."user" set email_verified = true, updated_at = now() where id = ${personId}`.execute(kysely)
}

/**
 * Sets a password for whoever has the token, in one transaction with the end of everything that the old one had opened. Whoever
 * has the token owns the address. Was that not proven before, the account may have been somebody else's, and their second factor goes.
 *
 * Returns the person, or null when the token does not hold.
 */
export function resetPassword(
  kysely: Kysely<DB>,
  reset: { tokenHash: Buffer; passwordHash: string },
): Promise<string | null> {
  return kysely.transaction().execute(async (tx) => {
    const used = await useUp(tx, { purpose: 'reset_password', hash: reset.tokenHash })
    if (!used) return null
    const { personId } = used
    await setPassword(tx, personId, reset.passwordHash)
    for (const table of ['session', 'known_device', 'one_time_token'] as const) {
      await sql`delete from ${sql.table(`identity.${table}`)} where user_id = ${personId}`.execute(tx)
    }
    // A challenge that the old password has earned.
    await deleteChallenges(tx, personId)
    const { rows } = await sql<{ isProven: boolean }>`
      select email_verified as "isProven" from identity."user" where id = ${personId} for update`.execute(tx)
    // Of somebody who may not have been the owner of the address.
    if (used.removesSecondFactor || !rows[0]?.isProven) await removeSecondFactor(tx, personId)
    await setProven(tx, personId)
    return personId
  })
}

async function setPassword(tx: Kysely<DB>, personId: string, hash: string): Promise<void> {
  const { numAffectedRows = 0n } = await sql`
    update identity.account set password = ${hash}, updated_at = now()
    where user_id = ${personId} and provider_id = 'credential'`.execute(tx)
  if (numAffectedRows > 0n) return
  await sql`
    insert into identity.account (account_id, provider_id, user_id, password, updated_at)
    values (${personId}, 'credential', ${personId}, ${hash}, now())`.execute(tx)
}
