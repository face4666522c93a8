import type { ClockTarget } from '../../../../core/clocks/index.ts'
import { CHOSEN_BY, type Condition, type PolicyRule, PRIORITIES, TIERS } from './policy.ts'

/** A target of a rule that never holds, because rules before it take all that it could. `target` null: none of them holds. */
export type Hidden = { rule: number; target: ClockTarget | null; by: string[] }

/** Of these all values are known, so that several rules together are seen to leave nothing. */
const KNOWN = {
  priority: [...PRIORITIES, null],
  tier: [...TIERS, null],
  urgency: ['low', 'medium', 'high', null],
} as const
type KnownField = keyof typeof KNOWN
const OPEN = CHOSEN_BY.filter((field) => !Object.hasOwn(KNOWN, field))

/** Rules and targets that can never hold, in order. */
export function hiddenTargets(rules: readonly PolicyRule[]): Hidden[] {
  return rules.flatMap((one, rule) => {
    const targets = Object.keys(one.targets) as ClockTarget[]
    const hidden = targets.flatMap((target): Hidden[] => {
      const before = rules.slice(0, rule).filter((other) => other.targets[target] !== undefined)
      const by = takenBy(one.when, before)
      return by === null ? [] : [{ rule, target, by }]
    })
    if (hidden.length === 0 || hidden.length < targets.length) return hidden
    return [{ rule, target: null, by: [...new Set(hidden.flatMap(({ by }) => by))] }]
  })
}

/** Which of the rules before take everything that the condition lets through; null when they leave something. */
function takenBy(when: Condition, before: readonly PolicyRule[]): string[] | null {
  const able = before.filter((other) => OPEN.every((field) => includesAll(other.when[field], when[field])))
  if (able.length === 0) return null
  const takers = new Set<string>()
  for (const priority of valuesOf('priority', when)) {
    for (const tier of valuesOf('tier', when)) {
      for (const urgency of valuesOf('urgency', when)) {
        const taker = able.find(
          (other) =>
            has(other.when.priority, priority) && has(other.when.tier, tier) && has(other.when.urgency, urgency),
        )
        if (!taker) return null
        takers.add(taker.name)
      }
    }
  }
  return [...takers]
}

const valuesOf = (field: KnownField, when: Condition): readonly (string | null)[] => when[field] ?? KNOWN[field]

const has = (wanted: readonly string[] | undefined, value: string | null) =>
  wanted === undefined || (value !== null && wanted.includes(value))

/** Whether the earlier condition asks for no more than the later one in this field. */
function includesAll(earlier: readonly string[] | undefined, later: readonly string[] | undefined): boolean {
  if (earlier === undefined) return true
  if (later === undefined) return false
  const wanted = new Set(earlier.map(folded))
  return later.every((value) => wanted.has(folded(value)))
}

/** Names of customers, tags, sources and languages are the same in capital and small letters. */
export const folded = (value: string): string => value.normalize('NFKC').toLowerCase()
