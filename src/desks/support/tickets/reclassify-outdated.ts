import { findLastTask, isEnded } from '../../../core/tasks/index.ts'
import type { Logger } from '../../../kernel/logger.ts'
import { type TenantId, tenantId } from '../../../kernel/tenant-id.ts'
import type { Database } from '../../../platform/database/index.ts'
import type { Schedule } from '../../../platform/module/index.ts'
import { type Classifier, isOutdated } from '../classification/index.ts'
import { RULE_VERSIONS, tenantsToLookAt } from './classification-store.ts'
import { RECLASSIFY, type StartReclassification } from './reclassify-tickets.ts'

const LOOK_EVERY_SECONDS = 60
/** Looked at in one go; where there are more, the next ones are those behind. */
const TENANTS_AT_ONCE = 100
/** How long a reclassification that failed, or that somebody cancelled, is left at that. */
const LEFT_ALONE_MS = 3_600_000

type Dependencies = {
  database: Database
  classifier: Classifier
  startReclassification: StartReclassification
  logger: Logger
}

/**
 * Starts the reclassification of tenants whose tickets are of earlier rules than theirs, or of none: after an upgrade
 * nobody has to ask for it. Looks at some tenants behind `after`; returns behind which one to go on, '' after the last.
 */
export async function reclassifyOutdated(dependencies: Dependencies, after: string, now: Date): Promise<string> {
  const { database, classifier, logger } = dependencies
  const wanted = { baseVersion: classifier.base.version, after, limit: TENANTS_AT_ONCE }
  const reason = 'an upgrade outdates the tickets of all tenants'
  const [tenants] = await database.acrossTenantsAtOnce(reason, [tenantsToLookAt(wanted)])
  for (const { tenant_id } of tenants) {
    // One that fails must not keep those behind it from being looked at, now or ever.
    await lookAt(dependencies, tenantId(tenant_id), now).catch((err) =>
      logger.warn({ err, tenant_id, component: 'tickets' }, 'could not start a reclassification'),
    )
  }
  return tenants.length < TENANTS_AT_ONCE ? '' : (tenants.at(-1)?.tenant_id ?? '')
}

function lookAt({ database, classifier, startReclassification }: Dependencies, tenant: TenantId, now: Date) {
  return database.withTenant(tenant, async (tx) => {
    const { version } = await classifier.currentRules(tx)
    const { rows: stored } = await RULE_VERSIONS.execute(tx)
    if (!stored.some(({ rule_version }) => isOutdated(rule_version, version))) return
    const last = await findLastTask(tx, { kind: RECLASSIFY, uniqueKey: version })
    if (last && !isEnded(last.status)) return
    const wasInVain = last && last.status !== 'succeeded'
    if (wasInVain && now.getTime() - (last.ended_at?.getTime() ?? 0) < LEFT_ALONE_MS) return
    await startReclassification(tx, tenant, 'scheduler')
  })
}

/** At once, and every minute. */
export function reclassifyingOutdated(dependencies: Dependencies): Schedule {
  let after = ''
  return {
    name: 'tickets of earlier rules',
    everySeconds: LOOK_EVERY_SECONDS,
    work: async () => {
      after = await reclassifyOutdated(dependencies, after, new Date())
      return undefined
    },
  }
}
