import { defineModule } from '../../platform/module/index.ts'
import { auditRoutes } from './routes.ts'

export { type AuditEntry, recordAudit } from './record-audit.ts'

/** The log of changes, readable by those who answer for the tenant. */
export const auditModule = defineModule({
  name: 'core/audit',
  migrations: new URL('./migrations/', import.meta.url),
  permissions: { 'audit.read': 'manager' },
  open: () => ({ api: undefined, routes: auditRoutes() }),
})
