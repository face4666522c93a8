import type { Metrics } from '../telemetry/index.ts'
import type { Round } from './step.ts'

const ROUND_SECONDS = [0.01, 0.05, 0.25, 1, 5, 15, 60, 120]

export type Figures = ReturnType<typeof recordUpkeep>

/** The figures of the upkeep. Each step has a line from the start, so that its first failure is seen as one. */
export function recordUpkeep(metrics: Metrics, steps: readonly string[]) {
  const label = ['step'] as const
  const rows = metrics.counter('signalbox_upkeep_rows_total', 'Rows removed or mended by the upkeep, by step', label)
  const failures = metrics.counter('signalbox_upkeep_failures_total', 'Rounds of upkeep that failed, by step', label)
  const help = 'Time of a round of upkeep that did not fail, by step'
  const seconds = metrics.histogram('signalbox_upkeep_seconds', help, label, ROUND_SECONDS)
  const succeeded = metrics.gaugeBy(
    'signalbox_upkeep_last_success_timestamp_seconds',
    'When a step was last done with nothing left, in seconds since 1970, whichever process did it',
    label,
  )
  for (const step of steps) {
    rows.inc({ step }, 0)
    failures.inc({ step }, 0)
  }
  return {
    ended: (step: string, round: Round & { seconds: number }) => {
      rows.inc({ step }, round.rows)
      seconds.observe({ step }, round.seconds)
      if (round.isDone) succeeded.set({ step }, Date.now() / 1_000)
    },
    failed: (step: string) => failures.inc({ step }),
    succeededAt: (step: string, at: number) => succeeded.set({ step }, at),
  }
}
