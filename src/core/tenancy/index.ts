export { type TenancyApi, type TenancyDependencies, type TenancyModule, tenancyModule } from './module.ts'
export { tenancyPermissions } from './permissions.ts'
export { type PermissionCatalogue, TENANT_ROLES, type TenantRole } from './roles.ts'

export const tenancyMigrations = { module: 'core/tenancy', directory: new URL('./migrations/', import.meta.url) }

/**
 * What the database notifies when a caller may do less than before, in the transaction that takes it away. The payload is
 * the caller's id, `person:<id>` or `key:<id>`: whoever serves that caller something that goes on looks them up again.
 */
export const ACCESS_CHANNEL = 'signalbox_access'
