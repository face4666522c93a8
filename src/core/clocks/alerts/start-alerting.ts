import type { Ground, Started } from '../../../platform/module/index.ts'
import type { SubjectKinds } from '../subjects/subject-kind.ts'
import { startAlerts } from './alert-scheduler.ts'
import { tellDue } from './tell-due.ts'

/** From what people do not notice to what they complain about. */
const LATENESS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3_600]

/** Tells of clocks in a process with the role `scheduler`. */
export function startAlerting(
  { database, listener, logger, metrics, config }: Ground,
  kinds: SubjectKinds,
): Promise<Started> {
  const lateness = metrics.histogram(
    'signalbox_clock_alert_lateness_seconds',
    'How long after its instant an alert of a clock was told',
    [],
    LATENESS_SECONDS,
  )
  const telling = { database, kinds, togetherMax: config.CLOCK_ALERTS_TOGETHER }
  return startAlerts({
    ...{ database, listener, logger, tell: (tenantId) => tellDue(telling, tenantId) },
    onTold: (told) => {
      for (const ms of told.lateness) lateness.observe(ms / 1_000)
    },
  })
}
