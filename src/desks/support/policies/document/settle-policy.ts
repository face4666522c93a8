import type { CalendarDocument, ClockTarget } from '../../../../core/clocks/index.ts'
import type { Assignment, Condition, Policy, PolicyRule, TargetTerms, Tier } from './policy.ts'
import type { WrittenAssignment, WrittenDefaults, WrittenRule, WrittenTarget } from './written-policy.ts'

/** A policy as far as it could be read, each rule with its place in the list. */
export type WrittenPolicy = {
  defaults: WrittenDefaults
  multipliers: Partial<Record<Tier, number | undefined>>
  rules: { place: number; value: WrittenRule }[]
  assignments: { place: number; value: WrittenAssignment }[]
  calendars: { name: string; document: CalendarDocument }[]
  /** Also of those that could not be read. */
  calendarNames: ReadonlySet<string>
}

/** Whoever waits for somebody else does not use up our time, unless the policy says otherwise. */
const PAUSING = ['pending_customer', 'pending_vendor'] as const

/** With the defaults in every target. */
export const settlePolicy = ({ defaults, multipliers, rules, assignments, calendars }: WrittenPolicy): Policy => ({
  multipliers: given(multipliers) as Policy['multipliers'],
  rules: rules.map(
    ({ value }): PolicyRule => ({
      name: value.name,
      when: given(value.when) as Condition,
      targets: Object.fromEntries(
        Object.entries(value.targets).flatMap(([name, target]) =>
          target === undefined ? [] : [[name as ClockTarget, target === null ? null : settleTarget(target, defaults)]],
        ),
      ),
    }),
  ),
  assignments: assignments.map(
    ({ value }): Assignment => ({
      name: value.name,
      when: given(value.when) as Assignment['when'],
      set: given(value.set) as Assignment['set'],
    }),
  ),
  calendars: Object.fromEntries(calendars.map(({ name, document }) => [name, document])),
})

const settleTarget = ({ within, ...own }: WrittenTarget, defaults: WrittenDefaults): TargetTerms => ({
  seconds: within,
  calendar: own.calendar ?? defaults.calendar ?? 'always',
  pausing: [...new Set(own.pausing ?? defaults.pausing ?? PAUSING)],
  warnings: own.warnings ?? defaults.warnings ?? [],
  escalations: own.escalations ?? defaults.escalations ?? [],
})

const given = <T extends object>(value: T): Partial<T> =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Partial<T>
