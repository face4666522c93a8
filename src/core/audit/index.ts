import { auditRoutes } from './routes.ts'

export { type AuditEntry, recordAudit } from './record-audit.ts'

export const auditMigrations = { module: 'core/audit', directory: new URL('./migrations/', import.meta.url) }

/** This module's permissions and the least role that has each. */
export const auditPermissions = { 'audit.read': 'manager' } as const

/** The log of changes, readable by those who answer for the tenant. */
export function auditModule() {
  return { routes: auditRoutes() }
}
