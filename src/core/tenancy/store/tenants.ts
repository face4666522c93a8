import { sql } from 'kysely'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { prepared, type SystemTx, type Tx } from '../../../platform/database/index.ts'

export type Tenant = { tenantId: TenantId; name: string; timeZone: string; createdAt: Date }

const COLUMNS = ['tenant_id', 'name', 'time_zone', 'created_at'] as const

/** The new tenant, or null when its id is taken. */
export async function insertTenant(
  tx: SystemTx,
  tenant: Pick<Tenant, 'tenantId' | 'name' | 'timeZone'>,
): Promise<Tenant | null> {
  const row = await tx
    .insertInto('tenants')
    .values({ tenant_id: tenant.tenantId, name: tenant.name, time_zone: tenant.timeZone })
    .onConflict((conflict) => conflict.column('tenant_id').doNothing())
    .returning(COLUMNS)
    .executeTakeFirst()
  return row ? toTenant(row) : null
}

/** A row when there is such a tenant; not run yet. */
export const findingTenant = (tenantId: TenantId) =>
  sql`${prepared('find_tenant')} select 1 from tenants where tenant_id = ${tenantId}`

/** Tenants after `after` in the order of their ids, one more than `limit`. */
export async function selectTenants(
  tx: SystemTx,
  page: { after?: string | undefined; limit: number },
): Promise<Tenant[]> {
  const rows = await tx
    .selectFrom('tenants')
    .select(COLUMNS)
    .$if(page.after !== undefined, (query) => query.where('tenant_id', '>', page.after ?? ''))
    .orderBy('tenant_id')
    .limit(page.limit + 1)
    .execute()
  return rows.map(toTenant)
}

/** The tenant of the transaction. */
export async function selectTenant(tx: Tx): Promise<Tenant> {
  return toTenant(await tx.selectFrom('tenants').select(COLUMNS).executeTakeFirstOrThrow())
}

export async function updateTenant(
  tx: Tx,
  change: { name?: string | undefined; timeZone?: string | undefined },
): Promise<Tenant> {
  const row = await tx
    .updateTable('tenants')
    .set({
      ...(change.name === undefined ? {} : { name: change.name }),
      ...(change.timeZone === undefined ? {} : { time_zone: change.timeZone }),
    })
    .returning(COLUMNS)
    .executeTakeFirstOrThrow()
  return toTenant(row)
}

function toTenant(row: { tenant_id: string; name: string; time_zone: string; created_at: Date }): Tenant {
  return { tenantId: row.tenant_id as TenantId, name: row.name, timeZone: row.time_zone, createdAt: row.created_at }
}
