import type { CalendarDocument, ClockTarget } from '../../../../core/clocks/index.ts'

export const PRIORITIES = ['critical', 'high', 'medium', 'low'] as const
export type Priority = (typeof PRIORITIES)[number]

export const TIERS = ['enterprise', 'business', 'standard', 'free'] as const
export type Tier = (typeof TIERS)[number]

/** In the rest a ticket is new or done: there is nothing to wait for. */
export const PAUSING_STATUSES = ['in_progress', 'pending_customer', 'pending_vendor'] as const

/** What rules choose by, under these names in the attributes of a subject; `tag` may have several values. */
export const CHOSEN_BY = ['priority', 'tier', 'source', 'customer', 'tag', 'language', 'urgency'] as const
export type ChosenBy = (typeof CHOSEN_BY)[number]

/** Every field that is named must have one of its values; what is not named is not asked for. */
export type Condition = Partial<Record<ChosenBy, string[]>>

/** How far ahead of the breach: so much of the target, or so much open time. */
export type Before = { percent: number } | { seconds: number }

/** Who is told. Nobody named: who follows such signals. */
export type Told = { roles: string[]; channels: string[] }

export type Warning = Told & { before: Before }

/** A level of an escalation, so much before the breach or after it. */
export type Escalation = Told & { level: number } & ({ before: Before } | { afterSeconds: number })

export type TargetTerms = {
  /** Before the multiplier of the tier; whole seconds above 0. */
  seconds: number
  /** `always`, the name of one in `calendars`, or of one of the tenant. */
  calendar: string
  pausing: string[]
  /** From the earliest to the latest. */
  warnings: Warning[]
  escalations: Escalation[]
}

export type PolicyRule = {
  name: string
  when: Condition
  /** Null: what the rule takes has no such target, whatever later rules say. */
  targets: Partial<Record<ClockTarget, TargetTerms | null>>
}

/** What tickets that come without them get: of each the first that fits and says so. */
export type Assignment = {
  name: string
  /** `keyword`: one of them stands in the subject or the message, as whole words. */
  when: Condition & { keyword?: string[] }
  set: { priority?: Priority; tier?: Tier }
}

/** A policy as it was read, with its defaults in every target: what is stored and computed with. A version is one of these and never changes. */
export type Policy = {
  /** Of targets, by tier; 1 for who has none. */
  multipliers: Partial<Record<Tier, number>>
  /** In order: of each target the first rule that fits and names it holds. */
  rules: PolicyRule[]
  assignments: Assignment[]
  /** Calendars of the policy's own, by name. */
  calendars: Record<string, CalendarDocument>
}

export const multiplierOf = ({ multipliers }: Pick<Policy, 'multipliers'>, tier: string | null): number =>
  multipliers[tier as Tier] ?? 1

/** Base × multiplier, to the second, at least one. */
export const effectiveSeconds = (seconds: number, multiplier: number): number =>
  Math.max(Math.round(seconds * multiplier), 1)

/** Names it among the thresholds of a clock, also under another version: what was told of once is not told of again. */
export const keyOf = (one: Warning | Escalation): string => {
  if ('level' in one) return `escalation:${one.level}`
  return 'percent' in one.before ? `warning:${one.before.percent}%` : `warning:${one.before.seconds}s`
}

/** What is wrong with a policy, and the path to it, as `rules.2.targets.resolution.within`. */
export type PolicyProblem = { path: string; message: string }
