import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Database } from '../../platform/database/index.ts'
import type { Caller } from '../../platform/http/index.ts'
import { beyond } from './callers.ts'
import type { Identity, Person } from './identity.ts'
import { personOf } from './passing-on.ts'
import type { PermissionCatalogue, TenantRole } from './roles.ts'
import { tenantsOfPerson } from './store/memberships.ts'
import { selectTenant } from './store/tenants.ts'

type DescribedTenant = { tenantId: TenantId; name: string; role: TenantRole | null; permissions: string[] }

export type DescribedCaller = {
  kind: 'operator' | 'person' | 'key'
  person: Person | null
  /** Empty for the operator, whose tenants are all of them. */
  tenants: DescribedTenant[]
}

type Dependencies = { database: Database; identity: Identity; catalogue: PermissionCatalogue }

/** Who a caller is, and what they may do in each of their tenants. */
export async function describeCaller(dependencies: Dependencies, caller: Caller): Promise<DescribedCaller> {
  const { identity, catalogue } = dependencies
  if (caller.isOperator) return { kind: 'operator', person: null, tenants: [] }
  const personId = personOf(caller)
  const person = personId === null ? null : ((await identity.findByIds([personId])).get(personId) ?? null)
  const tenants = await tenantsOf(dependencies, caller)
  const described = tenants.map(async (tenant) => {
    const names = Object.keys(catalogue).sort()
    const lacking = new Set(await beyond(caller, names, tenant.tenantId))
    return { ...tenant, permissions: names.filter((name) => !lacking.has(name)) }
  })
  return { kind: person ? 'person' : 'key', person, tenants: await Promise.all(described) }
}

async function tenantsOf(
  { database }: Dependencies,
  caller: Caller,
): Promise<Pick<DescribedTenant, 'tenantId' | 'name' | 'role'>[]> {
  const { tenants } = caller
  const personId = personOf(caller)
  if (personId !== null) {
    const why = 'a person may belong to several tenants'
    const all = await database.readAcrossTenants(why, (tx) => tenantsOfPerson(tx, personId))
    // A token is for one of them.
    return all.filter(({ tenantId }) => tenants === 'all' || tenants.includes(tenantId))
  }
  const ofKey = tenants === 'all' ? [] : tenants
  return Promise.all(
    ofKey.map(async (tenantId) => {
      const { name } = await database.withTenant(tenantId, selectTenant)
      return { tenantId, name, role: null }
    }),
  )
}
