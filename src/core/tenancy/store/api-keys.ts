import { sql } from 'kysely'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { prepared, type Tx } from '../../../platform/database/index.ts'
import type { TenantRole } from '../roles.ts'

/** A live key at the moment it is used. */
export type ApiKeyUse = {
  tenantId: TenantId
  apiKeyId: string
  permissions: string[]
  /** The present role of the person who answers for the key; null when the operator made it. */
  personRole: TenantRole | null
  expiresAt: Date | null
}

export type ApiKey = {
  apiKeyId: string
  name: string
  prefix: string
  permissions: string[]
  createdBy: string
  createdAt: Date
  expiresAt: Date | null
  lastUsedAt: Date | null
  revokedAt: Date | null
}

export type NewApiKey = Pick<ApiKey, 'name' | 'prefix' | 'permissions' | 'createdBy' | 'expiresAt'> & {
  tenantId: TenantId
  secretHash: Buffer
  personId: string | null
}

const COLUMNS = [
  'api_key_id',
  'name',
  'prefix',
  'permissions',
  'created_by',
  'created_at',
  'expires_at',
  'last_used_at',
  'revoked_at',
] as const

/**
 * The live key with this hash; no row when it is unknown, revoked, expired, or its person is no longer a member. The same
 * statement notes the use, at most once a minute; a row that somebody else holds is skipped, not waited for. Not run yet.
 */
export const usingApiKey = (secretHash: Buffer) => sql<ApiKeyUse>`${prepared('use_api_key')}
    with live as (
      select k.tenant_id, k.api_key_id, k.permissions, m.role, k.expires_at
      from api_keys k left join memberships m on m.tenant_id = k.tenant_id and m.person_id = k.person_id
      where k.secret_hash = ${secretHash} and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
        and (k.person_id is null or m.role is not null)
    ), noted as (
      update api_keys set last_used_at = now()
      where (tenant_id, api_key_id) in (
        select k.tenant_id, k.api_key_id from api_keys k join live using (tenant_id, api_key_id)
        where k.last_used_at is null or k.last_used_at < now() - interval '1 minute'
        for update of k skip locked
      )
    )
    select tenant_id as "tenantId", api_key_id as "apiKeyId", permissions, role as "personRole",
      expires_at as "expiresAt"
    from live`

export async function insertApiKey(tx: Tx, key: NewApiKey): Promise<ApiKey> {
  const row = await tx
    .insertInto('api_keys')
    .values({
      tenant_id: key.tenantId,
      name: key.name,
      prefix: key.prefix,
      secret_hash: key.secretHash,
      permissions: key.permissions,
      created_by: key.createdBy,
      person_id: key.personId,
      expires_at: key.expiresAt,
    })
    .returning(COLUMNS)
    .executeTakeFirstOrThrow()
  return toApiKey(row)
}

/**
 * Until the end of the transaction, keys pass something on (`shared`) or are revoked (`exclusive`), in this tenant. Without it, what a
 * key makes while it is being revoked would be missed by the statement that looks for what it made.
 */
export async function lockKeys(tx: Tx, mode: 'shared' | 'exclusive'): Promise<void> {
  const lock = sql.raw(mode === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock')
  await sql`select ${lock}(71643, hashtext(current_setting('signalbox.tenant_id')))`.execute(tx)
}

/** What a key passes on besides permissions: who answers for it (null: the operator), and for how long it lives; null when it does not. */
export async function findLiveKey(
  tx: Tx,
  apiKeyId: string,
): Promise<{ personId: string | null; expiresAt: Date | null } | null> {
  const { rows } = await sql<{ personId: string | null; expiresAt: Date | null }>`
    select person_id as "personId", expires_at as "expiresAt" from api_keys
    where api_key_id = ${apiKeyId} and revoked_at is null and (expires_at is null or expires_at > now())`.execute(tx)
  return rows[0] ?? null
}

/** Keys after `after` in the order they were made, one more than `limit`. */
export async function selectApiKeys(tx: Tx, page: { after?: string | undefined; limit: number }): Promise<ApiKey[]> {
  const rows = await tx
    .selectFrom('api_keys')
    .select(COLUMNS)
    .$if(page.after !== undefined, (query) => query.where('api_key_id', '>', page.after ?? ''))
    .orderBy('api_key_id')
    .limit(page.limit + 1)
    .execute()
  return rows.map(toApiKey)
}

/**
 * Revokes the key, the keys that it made, directly or through others, and the invitations that any of them has left open. Null
 * when there is no such key; otherwise the ids of those that lived until now. Under the exclusive lock.
 */
export async function revokeApiKeyInDepth(tx: Tx, apiKeyId: string): Promise<string[] | null> {
  const { rows } = await sql<{ apiKeyId: string; before: Date | null }>`
    with recursive made as (
      select api_key_id from api_keys where api_key_id = ${apiKeyId}
      union
      select k.api_key_id from api_keys k join made on k.created_by = 'key:' || made.api_key_id
    ), withdrawn as (
      update invitations set revoked_at = now()
      where accepted_at is null and revoked_at is null and invited_by in (select 'key:' || api_key_id from made)
    )
    update api_keys set revoked_at = coalesce(revoked_at, now()) where api_key_id in (select api_key_id from made)
    returning new.api_key_id as "apiKeyId", old.revoked_at as before`.execute(tx)
  return rows.length === 0 ? null : rows.filter(({ before }) => before === null).map(({ apiKeyId }) => apiKeyId)
}

/** Revokes the keys that a person answers for; returns their ids. */
export async function revokeKeysOfPerson(tx: Tx, personId: string): Promise<string[]> {
  const rows = await tx
    .updateTable('api_keys')
    .set({ revoked_at: sql`now()` })
    .where('person_id', '=', personId)
    .where('revoked_at', 'is', null)
    .returning('api_key_id')
    .execute()
  return rows.map((row) => row.api_key_id)
}

function toApiKey(row: {
  api_key_id: string
  name: string
  prefix: string
  permissions: string[]
  created_by: string
  created_at: Date
  expires_at: Date | null
  last_used_at: Date | null
  revoked_at: Date | null
}): ApiKey {
  return {
    apiKeyId: row.api_key_id,
    name: row.name,
    prefix: row.prefix,
    permissions: row.permissions,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  }
}
