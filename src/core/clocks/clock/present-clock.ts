import type { Clock, ClockState } from './clock.ts'
import { dueOf, whenElapsed } from './progress.ts'
import { modeOf, type Situation } from './situation.ts'
import { elapsedAtThreshold, type Terms, type Threshold } from './terms.ts'

/** A situation that was measured up to now, as others see it; null when there is nothing to measure. */
export function presentClock(situation: Situation): Clock | null {
  const { lastTerms, phase, progress, terms } = situation
  if (lastTerms === null || situation.round === 0) return null
  const { elapsedMs, pausedMs, breachedMs } = progress
  const isPaused = modeOf(situation) === 'paused'
  const isCancelled = phase === 'cancelled' || (phase === 'open' && terms === null)
  return {
    ...{ target: situation.target, round: situation.round, state: stateOf(situation), isPaused },
    startMs: situation.startMs,
    endedMs: situation.endedMs ?? (isCancelled ? situation.withoutTermsMs : null),
    ...{ targetMs: lastTerms.targetMs, elapsedMs, pausedMs, breachedMs },
    overdueMs: Math.max(elapsedMs - lastTerms.targetMs, 0),
    dueMs: isCancelled ? null : dueSeen(situation, lastTerms),
    dueIfResumedMs: isPaused && elapsedMs < lastTerms.targetMs ? dueOf(progress, lastTerms) : null,
    thresholds: lastTerms.thresholds.map((threshold) => {
      const reachedMs = progress.reached[threshold.key] ?? null
      const isAhead = reachedMs === null && modeOf(situation) === 'running'
      const at = elapsedAtThreshold(threshold, lastTerms.targetMs)
      return { ...of(threshold), reachedMs, nextMs: isAhead ? whenElapsed(progress, lastTerms, at) : null }
    }),
    terms: terms === null ? null : { policyKey: terms.policyKey, calendarKey: terms.calendarKey },
    zone: lastTerms.calendar.document.zone,
    history: [...situation.history],
  }
}

const of = ({ key, level, tells }: Threshold) => ({
  key,
  ...(level === undefined ? {} : { level }),
  ...(tells ? { tells } : {}),
})

function stateOf(situation: Situation): ClockState {
  const { phase, progress, terms } = situation
  if (phase === 'cancelled') return 'cancelled'
  if (phase === 'ended') return progress.breachedMs === null ? 'met' : 'met_late'
  if (terms === null) return 'cancelled'
  if (progress.breachedMs !== null) return 'breached'
  return modeOf(situation) === 'paused' ? 'paused' : 'running'
}

function dueSeen(situation: Situation, terms: Terms): number | null {
  const { progress, endedMs } = situation
  if (progress.breachedMs !== null && progress.elapsedMs >= terms.targetMs) return progress.breachedMs
  if (modeOf(situation) === 'paused') return null
  // Of what has ended: as it was then.
  return dueOf({ ...progress, lastMs: endedMs ?? progress.lastMs }, terms)
}
