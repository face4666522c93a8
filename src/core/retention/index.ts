import type { Database } from '../../platform/database/index.ts'
import { defineModule } from '../../platform/module/index.ts'
import type { RetentionByTable, UpkeepStep } from '../../platform/upkeep/index.ts'
import { auditModule } from '../audit/index.ts'
import { tenancyModule } from '../tenancy/index.ts'
import type { AgedOfTenant } from './chosen-days.ts'
import { type AgedOfAll, removeOfAll } from './remove-of-all.ts'
import { removeOfTenants } from './remove-of-tenants.ts'
import { retentionRoutes } from './routes.ts'

/** How long everything is kept: what all modules say of their tables, and what each tenant chooses within that. */
export const retentionModule = defineModule({
  name: 'core/retention',
  migrations: new URL('./migrations/', import.meta.url),
  permissions: { 'retention.read': 'manager', 'retention.choose': 'owner' },
  retention: {
    retention_choices: {
      becomes: 'kept',
      what: 'how long a tenant wants things kept',
      why: 'One row for each table that a tenant may choose about.',
    },
  },
  needs: { audit: auditModule, tenancy: tenancyModule },
  open: ({ database, retention }) => ({
    api: undefined,
    routes: retentionRoutes(retention),
    upkeep: removals(database, retention),
  }),
})

/** A step for each table whose rows grow old. */
export function removals(database: Database, retention: RetentionByTable): UpkeepStep[] {
  return Object.entries(retention).flatMap(([table, aged]) => {
    if (aged.becomes !== 'removed') return []
    return aged.scope.of === 'tenant'
      ? removeOfTenants(database, table, aged as AgedOfTenant)
      : removeOfAll(database, table, aged as AgedOfAll)
  })
}
