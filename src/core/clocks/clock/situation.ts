import type { HistoryEntry } from './clock.ts'
import { beginProgress, dueOf, type Mode, type Progress } from './progress.ts'
import type { Attributes, ClockTarget, Terms } from './terms.ts'

/** Where a clock stands while its events are replayed. */
export type Situation = {
  readonly target: ClockTarget
  readonly done: ReadonlySet<string>
  readonly status: string
  readonly attributes: Attributes
  /** Null while no rule has such a target: nothing is measured. */
  readonly terms: Terms | null
  /** The last terms that held for any time at all, and since when there are none. */
  readonly lastTerms: Terms | null
  readonly withoutTermsMs: number | null
  readonly isOpened: boolean
  /** `idle`: nothing to measure yet. `ended`: met or met late, until something begins it anew. */
  readonly phase: 'idle' | 'open' | 'ended' | 'cancelled'
  readonly round: number
  readonly startMs: number
  readonly endedMs: number | null
  /** Merged away or deleted: nothing begins any more. */
  readonly isOver: boolean
  /** We have answered at least once: from then on messages of the customer begin rounds of `next_response`. */
  readonly hasAnswered: boolean
  /** The customer wrote while the subject was resolved: waits for an answer from the reopening on. */
  readonly isWaiting: boolean
  readonly progress: Progress
  readonly history: readonly HistoryEntry[]
}

export function modeOf({ phase, terms, status }: Situation): Mode {
  if (phase !== 'open' || terms === null) return 'off'
  return terms.pausing.has(status) ? 'paused' : 'running'
}

/** When it is due as people see it: not while it is paused or nothing is measured. */
export function dueShown(situation: Situation): number | null {
  const { terms, progress } = situation
  return terms === null || modeOf(situation) !== 'running' ? null : dueOf(progress, terms)
}

/** `after` with what happened in its history: what became of the deadline, and how far the clock was. */
export function noted(
  before: Situation,
  after: Situation,
  what: Pick<HistoryEntry, 'atMs' | 'change' | 'reason' | 'eventId'>,
): Situation {
  const { elapsedMs, pausedMs } = after.progress
  const due = { dueBeforeMs: dueShown(before), dueAfterMs: dueShown(after) }
  return { ...after, history: [...after.history, { ...what, ...due, elapsedMs, pausedMs }] }
}

/** Measures from nothing, from this instant on. */
export function beginRound(situation: Situation, atMs: number, why: { reason: string; eventId: string }): Situation {
  const begun: Situation = {
    ...situation,
    ...{ phase: 'open', round: situation.round + 1, startMs: atMs, endedMs: null, isWaiting: false },
    progress: beginProgress(atMs),
  }
  return noted(situation, begun, { ...why, atMs, change: 'started' })
}

/** Met: in time, or late. */
export function end(situation: Situation, atMs: number, why: { reason: string; eventId: string }): Situation {
  const change = situation.progress.breachedMs === null ? 'met' : 'met_late'
  return noted(situation, { ...situation, phase: 'ended', endedMs: atMs }, { ...why, atMs, change })
}

export const areSame = (one: Terms | null, other: Terms | null): boolean =>
  one?.policyKey === other?.policyKey && one?.calendarKey === other?.calendarKey && one?.targetMs === other?.targetMs
