import type { TenantId } from '../../kernel/tenant-id.ts'
import type { SystemTx } from '../../platform/database/index.ts'
import { recordAudit } from '../audit/index.ts'
import { tenancyFault } from './faults.ts'
import { insertTenant, type Tenant } from './store/tenants.ts'

export type NewTenant = { tenantId: TenantId; name: string; timeZone: string }

/** Makes a tenant without members. Throws `tenancy.tenant_exists` when its id is taken. */
export async function createTenant(tx: SystemTx, tenant: NewTenant, actor: string): Promise<Tenant> {
  const made = await insertTenant(tx, tenant)
  if (!made) throw taken(tenant.tenantId)
  const { tenantId } = made
  await recordAudit(tx, { tenantId, actor, action: 'tenant.create', subject: `tenant:${tenantId}` })
  return made
}

function taken(tenantId: TenantId) {
  return tenancyFault('tenancy.tenant_exists', {
    public: `There is a tenant ${tenantId} already. Choose another tenant_id.`,
    internal: `tenant ${tenantId} exists`,
  })
}
