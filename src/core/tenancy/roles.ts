/** What a member may be, from least to most. Each role may do everything that the ones before it may. */
export const TENANT_ROLES = ['viewer', 'agent', 'manager', 'owner'] as const
export type TenantRole = (typeof TENANT_ROLES)[number]

/** The least role that has each permission, of every module. */
export type PermissionCatalogue = Readonly<Record<string, TenantRole>>

/** Whether `role` is `least` or above it. */
export function reaches(role: TenantRole, least: TenantRole): boolean {
  return TENANT_ROLES.indexOf(role) >= TENANT_ROLES.indexOf(least)
}

/** The roles that can do what `role` cannot. */
export function rolesAbove(role: TenantRole): TenantRole[] {
  return TENANT_ROLES.filter((other) => !reaches(role, other))
}

/** Whether `role` has `permission`; a permission that no module declares is nobody's. */
export function grants(catalogue: PermissionCatalogue, role: TenantRole, permission: string): boolean {
  const least = Object.hasOwn(catalogue, permission) ? catalogue[permission] : undefined
  return least !== undefined && reaches(role, least)
}

/** The permissions of `role`, in alphabetical order. */
export function permissionsOf(catalogue: PermissionCatalogue, role: TenantRole): string[] {
  return Object.keys(catalogue)
    .filter((permission) => grants(catalogue, role, permission))
    .sort()
}
