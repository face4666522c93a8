import type { Tx } from '../../platform/database/index.ts'
import { type Caller, unauthenticated } from '../../platform/http/index.ts'
import { findLiveKey, lockKeys } from './store/api-keys.ts'

/** The person who calls, with a session or with a token; null: a key, or the operator. */
export const personOf = ({ id }: Caller): string | null =>
  id.startsWith('person:') ? id.slice('person:'.length) : null

/** What goes with everything that a caller passes on. */
export type PassedOn = {
  /** Who answers for it; null: the installation. A key made by a key stays with the person who made the first one. */
  personId: string | null
  /** When it ends at the latest; null: never. */
  expiresAt: Date | null
}

/**
 * What a caller's keys and invitations are bound to. Of a key that is revoked at this moment nothing comes any more: either it
 * is seen here, or whoever revokes it waits and sees what was made.
 *
 * @throws http.unauthenticated when the calling key has ended meanwhile
 */
export async function passingOn(tx: Tx, caller: Caller): Promise<PassedOn> {
  const personId = personOf(caller)
  if (!caller.id.startsWith('key:')) return { personId, expiresAt: null }
  await lockKeys(tx, 'shared')
  const key = await findLiveKey(tx, caller.id.slice('key:'.length))
  if (!key) throw unauthenticated('the API key was revoked or expired while it was used')
  return key
}
