import { CLOCK_TARGETS, type ClockTarget } from '../../../../core/clocks/index.ts'
import { compileCondition } from './conditions.ts'
import { effectiveSeconds, multiplierOf, type Policy, PRIORITIES, type Priority, TIERS, type Tier } from './policy.ts'

/** What holds for a priority and a tier, in seconds; null where there is no such target. */
export type MatrixCell = {
  priority: Priority
  tier: Tier
  /** By rules that ask for nothing else than priority and tier; a rule for a customer, say, may give others. */
  targets: Record<ClockTarget, { seconds: number; rule: string; calendar: string } | null>
}

/** The targets of every priority and tier, for whom no rule asks for more than these. */
export function computeMatrix(policy: Policy): MatrixCell[] {
  const rules = policy.rules.map((rule) => ({ ...rule, fits: compileCondition(rule.when) }))
  return PRIORITIES.flatMap((priority) =>
    TIERS.map((tier): MatrixCell => {
      const of = (target: ClockTarget) => {
        const rule = rules.find(({ targets, fits }) => targets[target] !== undefined && fits({ priority, tier }))
        const terms = rule?.targets[target]
        if (!rule || !terms) return null
        const seconds = effectiveSeconds(terms.seconds, multiplierOf(policy, tier))
        return { seconds, rule: rule.name, calendar: terms.calendar }
      }
      const targets = Object.fromEntries(CLOCK_TARGETS.map((target) => [target, of(target)])) as MatrixCell['targets']
      return { priority, tier, targets }
    }),
  )
}
