import type { Ground } from '../../../platform/module/index.ts'
import { type Depth, listWorkers, readDepths } from '../store/overview.ts'

/** Tenants and kinds that are told by name; all others are told as one, so that a scrape has an end. */
const NAMED_MAX = 50
export const OTHERS = '(others)'
const REASON = 'the queue is that of all tenants'

/** What waits, by tenant and kind, and who works. Read at each scrape of this process. */
export function measureDepths({
  metrics,
  healthDatabase,
  logger,
}: Pick<Ground, 'metrics' | 'healthDatabase' | 'logger'>): void {
  /** A database that is away leaves out these figures, not all others. */
  const failed = (err: unknown) => logger.debug({ err, component: 'tasks' }, 'cannot read how much waits')
  // Both gauges of one scrape tell of one reading.
  let reading: Promise<Depth[]> | undefined
  const read = () => {
    reading ??= healthDatabase
      .acrossTenants(REASON, readDepths)
      .then(largest)
      .catch((err) => {
        failed(err)
        return []
      })
      .finally(() => {
        reading = undefined
      })
    return reading
  }
  const labelled = (figure: (depth: Depth) => number) => async () =>
    (await read()).map((depth) => ({ tenant: depth.tenant_id, kind: depth.kind, value: figure(depth) }))
  const labels = ['tenant', 'kind'] as const
  metrics.gaugeOf('signalbox_tasks_depth', 'Tasks that wait, by tenant and kind', {
    ...{ labels, read: labelled(({ waiting }) => waiting) },
  })
  metrics.gaugeOf('signalbox_tasks_oldest_seconds', 'How long the task that waits longest has been due', {
    ...{ labels, read: labelled(({ oldest_seconds }) => oldest_seconds) },
  })
  metrics.gauge('signalbox_workers', 'Live processes with the role worker', () =>
    healthDatabase.acrossTenants(REASON, listWorkers).then(
      ({ length }) => length,
      (err) => {
        failed(err)
        return Number.NaN
      },
    ),
  )
}

/** The largest by name, the others as one. */
export function largest(depths: readonly Depth[]): Depth[] {
  const sorted = depths.toSorted((a, b) => b.waiting - a.waiting)
  const others = sorted.slice(NAMED_MAX)
  if (others.length === 0) return sorted
  return [
    ...sorted.slice(0, NAMED_MAX),
    {
      ...{ tenant_id: OTHERS, kind: OTHERS },
      waiting: others.reduce((sum, { waiting }) => sum + waiting, 0),
      oldest_seconds: Math.max(...others.map(({ oldest_seconds }) => oldest_seconds)),
    },
  ]
}
