import type { Calendar } from '../engine/working-time.ts'

/** What a clock is about: the first answer, the answer to a later message, the end. */
export const CLOCK_TARGETS = ['first_response', 'next_response', 'resolution'] as const
export type ClockTarget = (typeof CLOCK_TARGETS)[number]

/** What rules choose by: priority, tier, customer, tags and the like. */
export type Attributes = Readonly<Record<string, string | readonly string[] | null>>

/** Something to be told of on the way: so much open time before the target is used up, or after. */
export type Threshold = {
  /** Names it among the thresholds of one clock, also when the policy changes, e.g. `warning:15%`. */
  key: string
  /** An escalation of this level, 1 first; without one it is a warning. */
  level?: number | undefined
  /** Whom it is for, by name; its signal says so. */
  tells?: { readonly roles: readonly string[]; readonly channels: readonly string[] } | undefined
} & ({ kind: 'percent_left'; percent: number } | { kind: 'before'; ms: number } | { kind: 'after'; ms: number })

/** What holds for one target of one subject at one moment. */
export type Terms = {
  /** Base × multiplier, in milliseconds of open time; above 0. */
  targetMs: number
  calendar: Calendar
  /** Statuses in which time does not elapse. */
  pausing: ReadonlySet<string>
  thresholds: readonly Threshold[]
  /** Which version of which policy and rule this is, and which version of which calendar. */
  policyKey: string
  calendarKey: string
}

/** The terms at a moment; null when no rule has a target. The same question always has the same answer: versions never change. */
export type TermsAt = (moment: { target: ClockTarget; atMs: number; attributes: Attributes }) => Terms | null

/** An instant from which terms may be others, although the subject is the same. */
export type TermsChange = { atMs: number; change: 'policy_changed' | 'calendar_changed'; reason: string }

/** How much has elapsed when a threshold is reached; at the earliest nothing. */
export function elapsedAtThreshold(threshold: Threshold, targetMs: number): number {
  if (threshold.kind === 'after') return targetMs + threshold.ms
  if (threshold.kind === 'before') return Math.max(targetMs - threshold.ms, 0)
  return Math.ceil((targetMs * (100 - threshold.percent)) / 100)
}
