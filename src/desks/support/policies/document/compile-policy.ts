import type {
  Attributes,
  Calendar,
  ClockTarget,
  Terms,
  TermsAt,
  TermsChange,
  Threshold,
} from '../../../../core/clocks/index.ts'
import { compileCondition } from './conditions.ts'
import { effectiveSeconds, keyOf, multiplierOf, type Policy, type TargetTerms } from './policy.ts'

/** A version of a policy, or of a calendar, and from when on it held: until the next one of the same. */
type Version = { version: number; fromMs: number }

/** Which calendars of the tenant the names in a policy stood for when it was published: renaming one changes nothing. */
export type CalendarIds = Readonly<Record<string, string>>

/** A version of a tenant's own policy; without a policy the operator's was followed again. */
export type OwnVersion = Version & { policy: Policy | null; calendarIds: CalendarIds }
/** A version of what holds for all who have none of their own. */
export type DefaultVersion = Version & { policy: Policy }

/** The tenant's calendars as they were and are, by id. */
export type Calendars = {
  /** The version that held then, of the first one the earliest; null when nothing is known of it any more. */
  at(calendarId: string, atMs: number): { calendar: Calendar; key: string } | null
  /** When these became others. */
  changesOf(calendarIds: readonly string[]): TermsChange[]
}

/** All versions that ever held, in any order. */
export type PolicyVersions = {
  own: readonly OwnVersion[]
  /** At least one: the first one holds from the beginning. */
  defaults: readonly DefaultVersion[]
  calendars: Calendars
  /** What a policy brings itself, opened: policies never change, so they are opened once. */
  openOwn(document: Policy['calendars'][string]): Calendar
  always: Calendar
}

/** What held at a moment: which policy, where it comes from, and from when on. */
type InForce = Version & { origin: 'own' | 'default'; policy: Policy; calendarIds: CalendarIds }

/** More terms than a tenant's rules, tiers and calendars usually make; then they are made again. */
const TERMS_KEPT = 5_000

/**
 * What holds at each moment, of which policy and calendar version: the same question has the same answer, as long as versions do not change.
 * `changes` are the instants at which another version came into force.
 */
export function compilePolicy(versions: PolicyVersions): { termsAt: TermsAt; changes: TermsChange[] } {
  const periods = periodsOf(versions)
  const choosers = new Map<Policy, Chooser>()
  const known = new Map<string, Terms>()
  const termsAt: TermsAt = ({ target, atMs, attributes }) => {
    const held = heldAt(periods, atMs)
    const chooser = choosers.get(held.policy) ?? compileRules(held.policy)
    choosers.set(held.policy, chooser)
    const chosen = chooser(target, attributes)
    if (!chosen) return null
    const calendar = calendarAt(versions, { policy: held, name: chosen.terms.calendar, atMs })
    const targetMs = effectiveSeconds(chosen.terms.seconds, multiplierOf(held.policy, tierOf(attributes))) * 1_000
    const policyKey = `${held.origin}@${held.version}/${chosen.rule}`
    const key = `${policyKey} ${target} ${targetMs} ${calendar.key}`
    const terms = known.get(key) ?? termsOf(chosen.terms, { targetMs, policyKey, calendar })
    if (known.size >= TERMS_KEPT) known.clear()
    known.set(key, terms)
    return terms
  }
  return { termsAt, changes: [...policyChanges(periods), ...versions.calendars.changesOf(calendarIdsOf(periods))] }
}

/** Periods in which one version held, in order. */
function periodsOf({ own, defaults }: PolicyVersions): InForce[] {
  const [owns, others] = [inOrder(own), inOrder(defaults)]
  const [first] = others
  if (!first) throw new Error('there is no default policy')
  const begins = [...new Set([first, ...owns, ...others].map(({ fromMs }) => fromMs))].sort((one, other) => one - other)
  const periods = begins.map((fromMs): InForce => {
    const mine = owns.findLast((version) => version.fromMs <= fromMs)
    if (mine?.policy) return { ...mine, policy: mine.policy, origin: 'own', fromMs }
    const held = others.findLast((one) => one.fromMs <= fromMs) ?? first
    return { ...held, origin: 'default', fromMs, calendarIds: {} }
  })
  // A new default is nothing to who has a policy of his own.
  return periods.filter((one, place) => !isSame(one, periods[place - 1]))
}

const isSame = (one: InForce, before: InForce | undefined) =>
  before !== undefined && one.origin === before.origin && one.version === before.version

const inOrder = <T extends Version>(versions: readonly T[]): T[] =>
  versions.toSorted((one, other) => one.fromMs - other.fromMs || one.version - other.version)

/** The last one that had begun; the first one before all. */
function heldAt<T extends { fromMs: number }>(periods: readonly T[], atMs: number): T {
  let [low, high] = [0, periods.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((periods[middle] as T).fromMs <= atMs) low = middle
    else high = middle - 1
  }
  return periods[low] as T
}

type Chooser = (target: ClockTarget, attributes: Attributes) => { rule: string; terms: TargetTerms } | null

function compileRules({ rules }: Policy): Chooser {
  const compiled = rules.map(({ name, when, targets }) => ({ name, targets, fits: compileCondition(when) }))
  return (target, attributes) => {
    const rule = compiled.find(({ targets, fits }) => targets[target] !== undefined && fits(attributes))
    const terms = rule?.targets[target]
    return rule && terms ? { rule: rule.name, terms } : null
  }
}

type Opened = { calendar: Calendar; key: string }

/**
 * A policy's own calendar goes before a tenant's of the same name. One whose versions are forgotten, years after it was removed, is
 * open always: measuring by some other hours would be wrong without anybody seeing it, and the key says what it was measured with.
 */
function calendarAt(
  { openOwn, always, calendars }: PolicyVersions,
  { policy: held, name, atMs }: { policy: InForce; name: string; atMs: number },
): Opened {
  const { policy, origin, version, calendarIds } = held
  if (Object.hasOwn(policy.calendars, name)) {
    const document = policy.calendars[name]
    if (document) return { calendar: openOwn(document), key: `${origin}@${version}/${name}` }
  }
  const known = Object.hasOwn(calendarIds, name) ? calendars.at(calendarIds[name] ?? '', atMs) : null
  return known ?? { calendar: always, key: 'always@1' }
}

function termsOf(
  { pausing, warnings, escalations }: TargetTerms,
  { targetMs, policyKey, calendar }: { targetMs: number; policyKey: string; calendar: Opened },
): Terms {
  const thresholds = [...warnings, ...escalations].map((one): Threshold => {
    const level = 'level' in one ? { level: one.level } : {}
    const named = { key: keyOf(one), ...level, tells: { roles: one.roles, channels: one.channels } }
    if (!('before' in one)) return { ...named, kind: 'after', ms: one.afterSeconds * 1_000 }
    if ('percent' in one.before) return { ...named, kind: 'percent_left', percent: one.before.percent }
    return { ...named, kind: 'before', ms: one.before.seconds * 1_000 }
  })
  const { calendar: opened, key: calendarKey } = calendar
  return { targetMs, calendar: opened, pausing: new Set(pausing), thresholds, policyKey, calendarKey }
}

const tierOf = ({ tier }: Attributes) => (typeof tier === 'string' ? tier : null)

const policyChanges = (periods: readonly InForce[]): TermsChange[] =>
  periods.slice(1).map(({ fromMs, origin, version }) => ({
    ...{ atMs: fromMs, change: 'policy_changed' },
    reason: origin === 'own' ? `version ${version} of the policy` : `version ${version} of the operator’s policy`,
  }))

/** Of the calendars that some policy ever named. */
const calendarIdsOf = (periods: readonly InForce[]): string[] => [
  ...new Set(periods.flatMap(({ calendarIds }) => Object.values(calendarIds))),
]
