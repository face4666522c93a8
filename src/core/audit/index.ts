import { defineModule } from '../../platform/module/index.ts'
import { auditRoutes } from './routes.ts'

export { type AuditEntry, recordAudit } from './record-audit.ts'

/** The log of changes, readable by those who answer for the tenant. */
export const auditModule = defineModule({
  name: 'core/audit',
  migrations: new URL('./migrations/', import.meta.url),
  permissions: { 'audit.read': 'manager' },
  retention: {
    audit_log: {
      becomes: 'removed',
      what: 'lines of the audit log',
      why: 'Two years answer what most auditors ask; the least is what a quarter’s review needs.',
      days: 730,
      since: 'at',
      scope: { of: 'tenant', least: 90, most: 3_650, id: 'audit_id', found: 'id', by: 'system' },
    },
  },
  open: () => ({ api: undefined, routes: auditRoutes() }),
})
