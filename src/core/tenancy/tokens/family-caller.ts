import type { Caller } from '../../../platform/http/index.ts'
import { keyCaller, personCaller } from '../callers.ts'
import type { PermissionCatalogue } from '../roles.ts'
import type { FamilyUse } from '../store/token-families.ts'

/** Who stands behind a family, with all that they may do now. Not a person before their account: that asks for a session. */
export function familyCaller(family: FamilyUse, catalogue: PermissionCatalogue): Caller {
  const { tenantId, personId, apiKeyId, role, keyPermissions, endsAt } = family
  if (apiKeyId !== null) {
    const key = { tenantId, apiKeyId, permissions: keyPermissions ?? [], personRole: role, expiresAt: endsAt }
    return keyCaller(key, catalogue)
  }
  if (personId === null || role === null) throw new Error('nobody stands behind a family that was found')
  const { personId: _account, ...caller } = personCaller(personId, [{ tenantId, name: '', role }], catalogue, endsAt)
  return caller
}

/** The same caller with no more than these permissions, until then. */
export function narrowed(caller: Caller, permissions: readonly string[], until: Date): Caller {
  const given = new Set(permissions)
  return {
    ...caller,
    until,
    decide: async (permission, tenantId) => {
      const decision = await caller.decide(permission, tenantId)
      return decision === 'allowed' && !given.has(permission) ? 'forbidden' : decision
    },
  }
}
