export { type TenancyApi, type TenancyDependencies, type TenancyModule, tenancyModule } from './module.ts'
export { tenancyPermissions } from './permissions.ts'
export { type PermissionCatalogue, TENANT_ROLES, type TenantRole } from './roles.ts'

export const tenancyMigrations = { module: 'core/tenancy', directory: new URL('./migrations/', import.meta.url) }
