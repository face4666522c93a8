import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Caller, Decision } from '../../platform/http/index.ts'
import { tenancyFault } from './faults.ts'
import { grants, type PermissionCatalogue, permissionsOf, type TenantRole } from './roles.ts'
import type { ApiKeyUse } from './store/api-keys.ts'
import type { TenantOfPerson } from './store/memberships.ts'

/** May do everything in every tenant there is. Each tenant is looked up once per request. */
export function operatorCaller(exists: (tenantId: TenantId) => Promise<boolean>): Caller {
  const decisions = new Map<TenantId, Promise<Decision>>()
  return {
    id: 'operator',
    tenants: 'all',
    isOperator: true,
    decide: (_permission, tenantId) => {
      const decision =
        decisions.get(tenantId) ?? exists(tenantId).then((found): Decision => (found ? 'allowed' : 'unknown_tenant'))
      decisions.set(tenantId, decision)
      return decision
    },
  }
}

/** May do in each of their tenants what their role there may. */
export function personCaller(
  personId: string,
  memberships: readonly TenantOfPerson[],
  catalogue: PermissionCatalogue,
  sessionEndsAt: Date,
): Caller {
  const roles = new Map(memberships.map(({ tenantId, role }) => [tenantId, role]))
  return {
    id: `person:${personId}`,
    personId,
    tenants: [...roles.keys()],
    isOperator: false,
    until: sessionEndsAt,
    decide: async (permission, tenantId) => {
      const role = roles.get(tenantId)
      if (role === undefined) return 'unknown_tenant'
      return grants(catalogue, role, permission) ? 'allowed' : 'forbidden'
    },
  }
}

/** May do in its one tenant what it was given, as far as the person who answers for it still may. */
export function keyCaller(key: ApiKeyUse, catalogue: PermissionCatalogue): Caller {
  const bound: TenantRole = key.personRole ?? 'owner'
  const given = new Set(key.permissions)
  return {
    id: `key:${key.apiKeyId}`,
    tenants: [key.tenantId],
    isOperator: false,
    until: key.expiresAt ?? undefined,
    decide: async (permission, tenantId) => {
      if (tenantId !== key.tenantId) return 'unknown_tenant'
      return given.has(permission) && grants(catalogue, bound, permission) ? 'allowed' : 'forbidden'
    },
  }
}

/** The names in `permissions` that the caller does not have in this tenant: nobody can pass on what they lack. */
export async function beyond(caller: Caller, permissions: readonly string[], tenantId: TenantId): Promise<string[]> {
  const decisions = await Promise.all(permissions.map((permission) => caller.decide(permission, tenantId)))
  return permissions.filter((_permission, index) => decisions[index] !== 'allowed')
}

/**
 * Refuses to hand out a role that can do what the caller cannot: a manager makes no owner, and a key with the one
 * permission to invite makes nobody.
 *
 * @throws tenancy.beyond_own_permissions
 */
export async function demandRoleToGrant(
  caller: Caller,
  grant: { tenantId: TenantId; role: TenantRole },
  catalogue: PermissionCatalogue,
): Promise<void> {
  const { tenantId, role } = grant
  const lacking = await beyond(caller, permissionsOf(catalogue, role), tenantId)
  if (lacking.length === 0) return
  throw tenancyFault('tenancy.beyond_own_permissions', {
    public: `You cannot make anybody ${role}: you lack some of what that role may do. Choose a lower role, or ask an owner.`,
    internal: `${caller.id} tried to make somebody ${role} without ${lacking.join(', ')}`,
  })
}
