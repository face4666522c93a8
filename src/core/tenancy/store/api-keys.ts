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
      select k.tenant_id, k.api_key_id, k.permissions, m.role
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
    select tenant_id as "tenantId", api_key_id as "apiKeyId", permissions, role as "personRole" from live`

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

/** The person who answers for a key, or null when the operator made it. */
export async function personOfKey(tx: Tx, apiKeyId: string): Promise<string | null> {
  const row = await tx
    .selectFrom('api_keys')
    .select('person_id')
    .where('api_key_id', '=', apiKeyId)
    .executeTakeFirstOrThrow()
  return row.person_id
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

/** Revokes the key; null when there is none, and the earlier moment when it was revoked before. */
export async function revokeApiKey(tx: Tx, apiKeyId: string): Promise<{ name: string; before: Date | null } | null> {
  const { rows } = await sql<{ name: string; before: Date | null }>`
    update api_keys set revoked_at = coalesce(revoked_at, now()) where api_key_id = ${apiKeyId}
    returning new.name, old.revoked_at as before`.execute(tx)
  return rows[0] ?? null
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
