import { auditModule } from '../../../core/audit/index.ts'
import { type ClocksApi, clocksModule } from '../../../core/clocks/index.ts'
import { signalsModule } from '../../../core/signals/index.ts'
import { tenancyModule } from '../../../core/tenancy/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { defineModule } from '../../../platform/module/index.ts'
import { followingFile } from './follow-file.ts'
import { type PoliciesInForce, policiesInForce } from './policies-in-force.ts'
import { type PolicyChanged, publishPolicy } from './publish-policy.ts'
import { policyRoutes } from './routes.ts'
import { forgetOldVersions } from './store.ts'
import { tellingTenants } from './tell-tenants.ts'

export type { Assign, Assigned, TicketWords } from './document/assign.ts'
export { CHOSEN_BY, PAUSING_STATUSES, PRIORITIES, type Priority, TIERS, type Tier } from './document/policy.ts'
export type { PolicyChanged } from './publish-policy.ts'

export type PoliciesApi = Pick<PoliciesInForce, 'terms' | 'assigning'> & {
  /** Has `then` done in the transaction that changes what a tenant's tickets are measured by. Once, by who declares clocks of tickets. */
  onChanged(then: PolicyChanged): void
  /** Puts a policy in force, as `PUT /sla/policy` does. @throws policies.invalid, policies.too_many_versions */
  publish(tx: Tx, tenantId: TenantId, changedBy: string, document: string): Promise<void>
}

/** Longer than any clock runs, as versions of calendars. */
const VERSIONS_KEPT_DAYS = 1_096

/** By when tickets have to be answered and solved: each tenant's policy, version by version, and the operator's. */
export const policiesModule = defineModule({
  name: 'desks/support/policies',
  migrations: new URL('./migrations/', import.meta.url),
  permissions: { 'sla.read': 'viewer', 'sla.manage': 'manager' },
  retention: {
    sla_policies: {
      becomes: 'removed by',
      step: 'policy_versions',
      what: 'versions of policies that were replaced',
      days: VERSIONS_KEPT_DAYS,
      why: 'What was measured with them can be measured again; no clock runs longer.',
    },
    'sla.default_policies': {
      becomes: 'removed by',
      step: 'policy_versions',
      what: 'versions of the operator’s policy that were replaced',
      days: VERSIONS_KEPT_DAYS,
      why: 'As policies of tenants.',
    },
  },
  needs: { tenancy: tenancyModule, audit: auditModule, signals: signalsModule, clocks: clocksModule },
  open: ({ config, database, logger, processId }, { clocks }) => {
    const inForce = policiesInForce(clocks)
    let changed: PolicyChanged | undefined
    const onChanged: PolicyChanged = async (...change) => changed?.(...change)
    // Where no desk keeps clocks of tickets, none is open.
    const suppose: ClocksApi['suppose'] = async (...wanted) =>
      changed ? clocks.suppose(...wanted) : { nowMs: Date.now(), open: 0, examined: 0 }
    return {
      api: {
        ...inForce,
        onChanged: (then) => {
          changed = then
        },
        publish: (tx, tenantId, changedBy, document) =>
          publishPolicy({ calendarsOf: clocks.calendarsOf, onChanged }, tx, { tenantId, changedBy }, { document }),
      } satisfies PoliciesApi,
      routes: policyRoutes({ ...clocks, suppose, onChanged, supposing: inForce.supposing }),
      schedules: [
        followingFile({ database, logger, processId, path: config.SLA_CONFIG_PATH }),
        tellingTenants({ database, logger, onChanged }),
      ],
      upkeep: [
        {
          name: 'policy_versions',
          run: async () => {
            const before = new Date(Date.now() - VERSIONS_KEPT_DAYS * 86_400_000)
            const why = 'versions of policies of all tenants are forgotten'
            return { rows: await database.acrossTenants(why, (tx) => forgetOldVersions(tx, before)), isDone: true }
          },
        },
      ],
    }
  },
})
