import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { SystemTx, Tx } from '../../../platform/database/index.ts'
import type { TenantRole } from '../roles.ts'

export type Membership = { personId: string; role: TenantRole; createdAt: Date }
export type TenantOfPerson = { tenantId: TenantId; name: string; role: TenantRole }

/** The tenants of a person, with the role in each, by tenant id. */
export async function tenantsOfPerson(tx: SystemTx, personId: string): Promise<TenantOfPerson[]> {
  const rows = await tx
    .selectFrom('memberships')
    .innerJoin('tenants', 'tenants.tenant_id', 'memberships.tenant_id')
    .select(['memberships.tenant_id', 'tenants.name', 'memberships.role'])
    .where('memberships.person_id', '=', personId)
    .orderBy('memberships.tenant_id')
    .execute()
  return rows.map((row) => ({
    tenantId: row.tenant_id as TenantId,
    name: row.name,
    role: row.role as TenantRole,
  }))
}

/** Adds a member; false when they are one already. */
export async function insertMembership(
  tx: Tx,
  member: { tenantId: TenantId; personId: string; role: TenantRole },
): Promise<boolean> {
  const inserted = await tx
    .insertInto('memberships')
    .values({ tenant_id: member.tenantId, person_id: member.personId, role: member.role })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'person_id']).doNothing())
    .returning('person_id')
    .executeTakeFirst()
  return inserted !== undefined
}

/** Members after `after` in the order of their ids, one more than `limit`. */
export async function selectMembers(
  tx: Tx,
  page: { after?: string | undefined; limit: number },
): Promise<Membership[]> {
  const rows = await tx
    .selectFrom('memberships')
    .select(['person_id', 'role', 'created_at'])
    .$if(page.after !== undefined, (query) => query.where('person_id', '>', page.after ?? ''))
    .orderBy('person_id')
    .limit(page.limit + 1)
    .execute()
  return rows.map(toMembership)
}

export async function selectMember(tx: Tx, personId: string): Promise<Membership | null> {
  const row = await tx
    .selectFrom('memberships')
    .select(['person_id', 'role', 'created_at'])
    .where('person_id', '=', personId)
    .executeTakeFirst()
  return row ? toMembership(row) : null
}

/**
 * The owners, locked until the end of the transaction. Of two transactions that each take one owner away, the second
 * waits here and then finds the first one's effect; without the lock both would count two and leave none.
 */
export async function lockOwners(tx: Tx): Promise<string[]> {
  const rows = await tx
    .selectFrom('memberships')
    .select('person_id')
    .where('role', '=', 'owner')
    .orderBy('person_id')
    .forUpdate()
    .execute()
  return rows.map((row) => row.person_id)
}

export async function updateRole(tx: Tx, personId: string, role: TenantRole): Promise<Membership | null> {
  const row = await tx
    .updateTable('memberships')
    .set({ role })
    .where('person_id', '=', personId)
    .returning(['person_id', 'role', 'created_at'])
    .executeTakeFirst()
  return row ? toMembership(row) : null
}

export async function deleteMembership(tx: Tx, personId: string): Promise<TenantRole | null> {
  const row = await tx.deleteFrom('memberships').where('person_id', '=', personId).returning('role').executeTakeFirst()
  return row ? (row.role as TenantRole) : null
}

function toMembership(row: { person_id: string; role: string; created_at: Date }): Membership {
  return { personId: row.person_id, role: row.role as TenantRole, createdAt: row.created_at }
}
