import { type Kysely, sql } from 'kysely'
import type { DB } from '../../../platform/database/index.ts'

/** A key pair as it is stored: whoever reads it here cannot sign. */
export type StoredKey = {
  kid: string
  publicJwk: { kty: string; crv: string; x: string; y: string }
  sealedPrivate: Buffer
  signsFrom: Date
  signsUntil: Date
}

/** Where the keys are that sign tokens, the same for all processes. */
export type SigningKeyStore = {
  list(): Promise<StoredKey[]>
  /** Adds the key that `make` makes of those that are there, if any; processes that ask at once make one. */
  add(make: (known: readonly StoredKey[]) => Promise<StoredKey | null>): Promise<void>
  /** Deletes those that stopped signing before that moment; returns how many. */
  forget(before: Date): Promise<number>
}

export function signingKeyStore(kysely: Kysely<DB>): SigningKeyStore {
  return {
    list: () => selectKeys(kysely),
    add: (make) =>
      kysely.transaction().execute(async (tx) => {
        await sql`select pg_advisory_xact_lock(71644)`.execute(tx)
        const key = await make(await selectKeys(tx))
        if (!key) return
        await sql`
          insert into identity.signing_key (kid, public_jwk, sealed_private, signs_from, signs_until)
          values (${key.kid}, ${JSON.stringify(key.publicJwk)}, ${key.sealedPrivate}, ${key.signsFrom}, ${key.signsUntil})`.execute(
          tx,
        )
      }),
    forget: async (before) => {
      const { numAffectedRows = 0n } = await sql`
        delete from identity.signing_key where signs_until < ${before}`.execute(kysely)
      return Number(numAffectedRows)
    },
  }
}

async function selectKeys(kysely: Kysely<DB>): Promise<StoredKey[]> {
  const { rows } = await sql<StoredKey>`
    select kid, public_jwk as "publicJwk", sealed_private as "sealedPrivate", signs_from as "signsFrom",
      signs_until as "signsUntil"
    from identity.signing_key order by signs_from`.execute(kysely)
  return rows
}
