import type { ClockTarget } from '../../../../core/clocks/index.ts'
import { LONGEST_SECONDS, tellSeconds } from './duration.ts'
import { hiddenTargets } from './hidden-rules.ts'
import {
  type Before,
  effectiveSeconds,
  multiplierOf,
  type Policy,
  type PolicyProblem,
  type TargetTerms,
  TIERS,
} from './policy.ts'
import type { WrittenPolicy } from './settle-policy.ts'
import { POLICY_BOUNDS } from './written-policy.ts'

/** What no rule shows by itself: names twice, calendars nobody knows, thresholds out of order, targets too long, rules that never hold. */
export function checkPolicy(policy: Policy, written: WrittenPolicy, calendars: ReadonlySet<string>): PolicyProblem[] {
  const places = written.rules.map(({ place }) => place)
  return [
    ...repeated('rules', written.rules),
    ...repeated('assignments', written.assignments),
    ...keywords(policy),
    ...ownCalendars(policy),
    ...policy.rules.flatMap((rule, at) =>
      Object.entries(rule.targets).flatMap(([name, terms]) =>
        terms === null ? [] : targetProblems(policy, written, { at, name: name as ClockTarget, terms, calendars }),
      ),
    ),
    ...hiddenTargets(policy.rules).map(({ rule, target, by }) => ({
      path: target === null ? `rules.${places[rule]}` : `rules.${places[rule]}.targets.${target}`,
      message: `can never hold: ${by.map((name) => `“${name}”`).join(', ')} before it ${by.length > 1 ? 'take' : 'takes'} all that it could`,
    })),
  ].filter(onceByPath())
}

/** A default that does not fit many rules is one problem. */
function onceByPath() {
  const seen = new Set<string>()
  return ({ path }: PolicyProblem) => !seen.has(path) && seen.add(path)
}

function repeated(section: string, list: readonly { place: number; value: { name: string } }[]): PolicyProblem[] {
  const seen = new Set<string>()
  return list.flatMap(({ place, value: { name } }) => {
    const isRepeated = seen.has(name)
    seen.add(name)
    return isRepeated ? [{ path: `${section}.${place}.name`, message: `“${name}” stands here twice` }] : []
  })
}

function keywords({ assignments }: Policy): PolicyProblem[] {
  const count = assignments.reduce((sum, { when }) => sum + (when.keyword?.length ?? 0), 0)
  if (count <= POLICY_BOUNDS.keywords) return []
  return [{ path: 'assignments', message: `has ${count} keywords; at most ${POLICY_BOUNDS.keywords} are looked for` }]
}

const ownCalendars = ({ calendars }: Policy): PolicyProblem[] =>
  Object.entries(calendars).flatMap(([name, { weekly, special_days }]) => {
    if (name === 'always') return [{ path: 'calendars.always', message: 'is built in; choose another name' }]
    const isOpen =
      Object.values(weekly).some((intervals) => intervals.length > 0) ||
      special_days.some(({ intervals }) => intervals.length > 0)
    return isOpen ? [] : [{ path: `calendars.${name}`, message: 'is never open' }]
  })

type Target = { at: number; name: ClockTarget; terms: TargetTerms; calendars: ReadonlySet<string> }

function targetProblems(
  policy: Policy,
  written: WrittenPolicy,
  { at, name, terms, calendars }: Target,
): PolicyProblem[] {
  const rule = written.rules[at]
  const own = rule?.value.targets[name]
  const path = `rules.${rule?.place}.targets.${name}`
  /** Where something is written: at the target, or among the defaults. */
  const pathOf = (key: 'calendar' | 'warnings' | 'escalations') =>
    own?.[key] === undefined ? `defaults.${key}` : `${path}.${key}`
  const problems: PolicyProblem[] = []
  const known =
    terms.calendar === 'always' || written.calendarNames.has(terms.calendar) || calendars.has(terms.calendar)
  if (!known) problems.push({ path: pathOf('calendar'), message: `there is no calendar “${terms.calendar}”` })
  for (const tier of policy.rules[at]?.when.tier ?? [...TIERS, null]) {
    const target = effectiveSeconds(terms.seconds, multiplierOf(policy, tier))
    const told = `${tellSeconds(target)}${tier === null ? '' : ` for ${tier}`}`
    if (target > LONGEST_SECONDS) problems.push({ path, message: `is more than 100 days of open time: ${told}` })
    const elapsed = (before: Before) =>
      'percent' in before ? (target * (100 - before.percent)) / 100 : target - before.seconds
    const warnings = terms.warnings.map(({ before }) => elapsed(before))
    const escalations = terms.escalations.map((one) =>
      'before' in one ? elapsed(one.before) : target + one.afterSeconds,
    )
    problems.push(...outOfOrder(warnings, pathOf('warnings'), `${path} (${told})`))
    problems.push(...outOfOrder(escalations, pathOf('escalations'), `${path} (${told})`))
  }
  const levels = terms.escalations.map(({ level }) => level)
  for (const [place, level] of levels.entries()) {
    if (place > 0 && level <= (levels[place - 1] ?? 0))
      problems.push({
        path: `${pathOf('escalations')}.${place}.level`,
        message: 'must be more than the level before it',
      })
  }
  return problems
}

/** Seconds of elapsed time, which must be more than nothing and grow. */
const outOfOrder = (elapsed: readonly number[], path: string, target: string): PolicyProblem[] =>
  elapsed.flatMap((at, place) => {
    if (at <= 0) return [{ path: `${path}.${place}`, message: `is not shorter than the target ${target}` }]
    const isLater = place === 0 || at > (elapsed[place - 1] ?? 0)
    return isLater
      ? []
      : [{ path: `${path}.${place}`, message: `must come after the one before it, and does not for ${target}` }]
  })
