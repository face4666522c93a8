import type { ClockTarget, Terms, Threshold } from './terms.ts'

/**
 * `running` and `paused` go on; `breached` is late and not done, running or not; `met` and `met_late` are done, until the subject
 * is reopened; `cancelled` is measured no more: its subject was merged away or deleted, or no rule has a target for it.
 */
export const CLOCK_STATES = ['running', 'paused', 'breached', 'met', 'met_late', 'cancelled'] as const
export type ClockState = (typeof CLOCK_STATES)[number]

/** How far one target of one subject is, at one moment. Instants are milliseconds since 1970 UTC, durations milliseconds of open time. */
export type Clock = {
  target: ClockTarget
  /** Which of several: each message of the customer that waits for an answer begins a round of `next_response`. Else 1. */
  round: number
  state: ClockState
  /** Whether time counts as paused now; a breached clock may be. */
  isPaused: boolean
  startMs: number
  /** When it was met or cancelled. */
  endedMs: number | null
  /** The target of the moment. */
  targetMs: number
  elapsedMs: number
  pausedMs: number
  /** What has elapsed beyond the target. */
  overdueMs: number
  /**
   * When nothing is left, or was left when it breached. Of a clock that was met: when it would have been. Null while it is paused, when
   * it is cancelled, and when its calendar is not open for long enough.
   */
  dueMs: number | null
  /** While paused: when it would be due if it went on now. */
  dueIfResumedMs: number | null
  breachedMs: number | null
  /** Warnings and escalations, in the order of their places. */
  thresholds: ThresholdView[]
  /** The terms of the moment; null when no rule has a target for it. */
  terms: Pick<Terms, 'policyKey' | 'calendarKey'> | null
  /** Of the calendar by which it was measured last. */
  zone: string
  history: HistoryEntry[]
}

export type ThresholdView = Pick<Threshold, 'key' | 'level' | 'tells'> & {
  /** When it was reached; it stays reached, whatever comes later. */
  reachedMs: number | null
  /** When it will be, as things stand; null when it was, or the clock does not run. */
  nextMs: number | null
}

export const CHANGES = [
  ...['started', 'paused', 'resumed', 'breached', 'met', 'met_late', 'reopened', 'cancelled'],
  ...['moved', 'policy_changed', 'calendar_changed', 'absorbed'],
] as const

/** What happened to the clock, and what that did to its deadline. */
export type HistoryEntry = {
  atMs: number
  change: (typeof CHANGES)[number]
  /** Why: a status, what was moved, a version, another subject. */
  reason: string
  /** Of the events behind it; null for what time or a new version did. */
  eventId: string | null
  dueBeforeMs: number | null
  dueAfterMs: number | null
  /** As it was then. */
  elapsedMs: number
  pausedMs: number
}
