import { applyEvent } from './apply-event.ts'
import type { Clock } from './clock.ts'
import type { PlacedEvent } from './event.ts'
import { presentClock } from './present-clock.ts'
import { advance, beginProgress, settleAt } from './progress.ts'
import { areSame, modeOf, noted, type Situation } from './situation.ts'
import type { Attributes, ClockTarget, Terms, TermsAt, TermsChange } from './terms.ts'

/** All that a clock is computed from. The same input gives the same clock; the last state is never asked for. */
export type ClockInput = {
  target: ClockTarget
  /** As `placeEvents` answers them. */
  events: readonly PlacedEvent[]
  /** When terms may be others although the subject is the same, in any order. */
  changes: readonly TermsChange[]
  termsAt: TermsAt
  /** Statuses in which the work is done: the subject is resolved. */
  done: ReadonlySet<string>
}

/** What happens at one instant: versions first, then events in their order. */
type Instant = { atMs: number; changes: TermsChange[]; events: PlacedEvent[] }

/**
 * Computes a clock at `nowMs` by replaying everything that happened until then, piece by piece under the terms of each piece. Null when
 * there is nothing to measure: no opening yet, no rule with such a target so far, no message that waits for an answer.
 *
 * @throws clocks.out_of_range
 */
export const foldClock = (input: ClockInput, nowMs: number): Clock | null => foldRounds(input, nowMs).at(-1) ?? null

/**
 * As `foldClock`, with the rounds before the last one, which have ended: each as it ended, with the history until then.
 *
 * @throws clocks.out_of_range
 */
export function foldRounds(input: ClockInput, nowMs: number): Clock[] {
  const [opening] = input.events
  if (opening?.event.kind !== 'opened' || opening.atMs > nowMs) return []
  const { status, attributes } = opening.event
  let situation: Situation = {
    ...{
      target: input.target,
      done: input.done,
      status,
      attributes,
      terms: null,
      lastTerms: null,
      withoutTermsMs: null,
    },
    ...{
      phase: 'idle',
      round: 0,
      startMs: opening.atMs,
      endedMs: null,
      isOver: false,
      isOpened: false,
      hasAnswered: false,
      isWaiting: false,
    },
    ...{ progress: beginProgress(opening.atMs), history: [] },
  }
  const ended: (Clock | null)[] = []
  for (const instant of instantsUntil(input, opening.atMs, nowMs)) {
    situation = goTo(situation, instant, input.termsAt, (round) => ended.push(presentClock(round)))
  }
  const last = presentClock(settle(measureTo(situation, nowMs), situation.terms))
  return [...ended, last].filter((clock) => clock !== null)
}

function instantsUntil({ events, changes }: ClockInput, fromMs: number, toMs: number): Instant[] {
  const byTime = new Map<number, Instant>()
  const at = (atMs: number): Instant => {
    const known = byTime.get(atMs) ?? { atMs, changes: [], events: [] }
    byTime.set(atMs, known)
    return known
  }
  for (const event of events) if (event.atMs <= toMs) at(event.atMs).events.push(event)
  for (const change of changes) if (change.atMs > fromMs && change.atMs <= toMs) at(change.atMs).changes.push(change)
  return [...byTime.values()].sort((one, other) => one.atMs - other.atMs)
}

/** Measures the piece before an instant, lets happen what happens at it, and notes what is used up then. */
function goTo(
  before: Situation,
  instant: Instant,
  termsAt: TermsAt,
  onRoundOver: (round: Situation) => void,
): Situation {
  const { atMs } = instant
  const termsOf = (attributes: Attributes) => termsAt({ target: before.target, atMs, attributes })
  let now = measureTo(before, atMs)
  for (const change of instant.changes) now = changeTerms(now, termsOf(now.attributes), change)
  for (const { event } of instant.events) {
    const next = applyEvent(now, event, { atMs, termsOf })
    if (next.round > now.round && now.round > 0) onRoundOver(now)
    now = next
  }
  return settle(remembering(now, before, atMs), before.terms)
}

/** What holds after everything that happened at this instant: terms that came and went at it never held. */
function remembering(now: Situation, before: Situation, atMs: number): Situation {
  if (now.terms !== null) return { ...now, lastTerms: now.terms, withoutTermsMs: null }
  return { ...now, withoutTermsMs: before.terms === null ? before.withoutTermsMs : atMs }
}

const measureTo = (situation: Situation, atMs: number): Situation =>
  measured(situation, advance(situation.progress, modeOf(situation), situation.terms, atMs))

/** Time that runs on with nothing left breaches; and a move to less than has elapsed breaches what is paused as well. */
function settle(situation: Situation, termsBefore: Terms | null): Situation {
  const { terms, phase, progress } = situation
  if (terms === null || phase !== 'open') return situation
  const wasMoved = termsBefore !== null && terms.targetMs !== termsBefore.targetMs
  return modeOf(situation) === 'running' || wasMoved ? measured(situation, settleAt(progress, terms)) : situation
}

/** With what was measured, and a line in the history if the target was used up by it. */
function measured(before: Situation, progress: Situation['progress']): Situation {
  const after = { ...before, progress }
  const { breachedMs, lastMs } = progress
  if (breachedMs === null || before.progress.breachedMs !== null) return after
  // As it was at that instant: what was measured after it belongs to the next line.
  const elapsedMs = breachedMs < lastMs ? (after.terms?.targetMs ?? 0) : progress.elapsedMs
  const line = {
    ...{ atMs: breachedMs, change: 'breached' as const, reason: 'nothing was left', eventId: null },
    ...{ dueBeforeMs: breachedMs, dueAfterMs: breachedMs, elapsedMs, pausedMs: progress.pausedMs },
  }
  return { ...after, history: [...after.history, line] }
}

function changeTerms(before: Situation, terms: Terms | null, { change, reason, atMs }: TermsChange): Situation {
  const after = { ...before, terms }
  if (before.phase !== 'open' || areSame(before.terms, terms)) return after
  return noted(before, after, { atMs, change, reason, eventId: null })
}
