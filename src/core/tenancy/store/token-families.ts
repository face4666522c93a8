import { sql } from 'kysely'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { prepared, type SystemTx, type Tx } from '../../../platform/database/index.ts'
import type { TenantRole } from '../roles.ts'

/** Who stands behind a family, as they are now. */
export type FamilyUse = {
  tenantId: TenantId
  familyId: string
  personId: string | null
  /** Of the person, or of the one who answers for the key; null for a key of the operator. */
  role: TenantRole | null
  sessionId: string | null
  ownsSession: boolean
  apiKeyId: string | null
  keyPermissions: string[] | null
  /** What was asked for; null: whatever they may do. */
  permissions: string[] | null
  refreshHash: Buffer
  /** Of the refresh token that is out. */
  expiresAt: Date
  endsAt: Date
}

/**
 * The family, if who stands behind it is still let in: a member, or a key that is live and whose person is a member. That the
 * session still is needs no look: the family goes with it.
 */
const live = (which: ReturnType<typeof sql>) => sql<FamilyUse>`
    select f.tenant_id as "tenantId", f.family_id as "familyId", f.person_id as "personId", f.session_id as "sessionId",
      f.owns_session as "ownsSession", f.api_key_id as "apiKeyId", f.permissions, f.refresh_hash as "refreshHash",
      f.expires_at as "expiresAt", f.ends_at as "endsAt", k.permissions as "keyPermissions", m.role
    from token_families f
    left join api_keys k on k.tenant_id = f.tenant_id and k.api_key_id = f.api_key_id
    left join memberships m on m.tenant_id = f.tenant_id and m.person_id = coalesce(f.person_id, k.person_id)
    where ${which} and f.ends_at > now() and (coalesce(f.person_id, k.person_id) is null or m.role is not null)
      and (f.api_key_id is null or k.revoked_at is null and (k.expires_at is null or k.expires_at > now()))`

/** Not run yet. */
export const usingFamily = (tenantId: TenantId, familyId: string) => sql<FamilyUse>`${prepared('use_token_family')}
    ${live(sql`f.tenant_id = ${tenantId} and f.family_id = ${familyId}`)}`

/** Where a family is, for who knows its id only. */
export async function tenantOfFamily(tx: SystemTx, familyId: string): Promise<TenantId | null> {
  const { rows } = await sql<{ tenantId: TenantId }>`
    select tenant_id as "tenantId" from token_families where family_id = ${familyId}`.execute(tx)
  return rows[0]?.tenantId ?? null
}

/** The live family, for this transaction alone: of two that use one refresh token the second finds it used. */
export async function lockFamily(tx: Tx, familyId: string): Promise<FamilyUse | null> {
  const { rows } = await sql<FamilyUse>`${live(sql`f.family_id = ${familyId}`)} for update of f`.execute(tx)
  return rows[0] ?? null
}

export type NewFamily = Pick<
  FamilyUse,
  'tenantId' | 'familyId' | 'personId' | 'sessionId' | 'ownsSession' | 'apiKeyId'
> &
  Pick<FamilyUse, 'permissions' | 'refreshHash' | 'expiresAt' | 'endsAt'>

export async function insertFamily(tx: Tx, family: NewFamily): Promise<void> {
  await tx
    .insertInto('token_families')
    .values({
      tenant_id: family.tenantId,
      family_id: family.familyId,
      person_id: family.personId,
      session_id: family.sessionId,
      owns_session: family.ownsSession,
      api_key_id: family.apiKeyId,
      permissions: family.permissions,
      refresh_hash: family.refreshHash,
      expires_at: family.expiresAt,
      ends_at: family.endsAt,
    })
    .execute()
}

/** Ends families of whoever this one is of, those first that were used longest ago, until `most` are left. */
export async function endUnused(tx: Tx, of: Pick<FamilyUse, 'personId' | 'apiKeyId'>, most: number): Promise<void> {
  const whose = of.apiKeyId === null ? sql`person_id = ${of.personId}` : sql`api_key_id = ${of.apiKeyId}`
  await sql`
    delete from token_families where family_id in (
      select family_id from token_families where ${whose} order by expires_at desc, family_id desc offset ${most})`.execute(
    tx,
  )
}

export async function renewFamily(tx: Tx, familyId: string, next: { hash: Buffer; expiresAt: Date }): Promise<void> {
  await sql`
    update token_families set refresh_hash = ${next.hash}, expires_at = ${next.expiresAt}
    where family_id = ${familyId}`.execute(tx)
}

/** Ends a family; null when there is none, else what it was. */
export async function deleteFamily(
  tx: Tx,
  familyId: string,
): Promise<Pick<FamilyUse, 'personId' | 'sessionId' | 'ownsSession'> | null> {
  const { rows } = await sql<Pick<FamilyUse, 'personId' | 'sessionId' | 'ownsSession'>>`
    delete from token_families where family_id = ${familyId}
    returning person_id as "personId", session_id as "sessionId", owns_session as "ownsSession"`.execute(tx)
  return rows[0] ?? null
}
