import { z } from 'zod'
import { type PolicyProblem, PRIORITIES, TIERS } from './policy.ts'
import { problemsOf } from './problems.ts'
import { duration, writtenMultipliers } from './written-policy.ts'

/**
 * The form of the system before ours, accepted as it is: minutes by priority, times a multiplier by tier, a share at which to warn,
 * and levels of escalation. What it leaves out has the numbers that it had there.
 */
const KEYS = ['sla_targets', 'customer_tier_multipliers', 'escalation_thresholds', 'escalation_levels'] as const
const LEFT_OUT = { response: 60, resolution: 480 } as const
const MULTIPLIERS = { enterprise: 0.5, business: 0.75, standard: 1, free: 1.5 } as const

const byPriority = <S extends z.ZodType>(schema: S) =>
  z.strictObject(Object.fromEntries(PRIORITIES.map((name) => [name, schema])) as Record<(typeof PRIORITIES)[number], S>)

const originalPolicy = z.strictObject({
  sla_targets: byPriority(
    z.strictObject({ response: duration(1).optional(), resolution: duration(1).optional() }).prefault({}),
  ).prefault({}),
  customer_tier_multipliers: writtenMultipliers.prefault({}),
  escalation_thresholds: z
    .strictObject({
      warning: z.number().gt(0).lt(100).default(15),
      breach: z.literal(0, 'must be 0: it is late when nothing is left').default(0),
    })
    .prefault({}),
  escalation_levels: z
    .array(
      z.strictObject({
        level: z.int().min(1).max(10),
        notify: z.array(z.string().trim().min(1).max(120)).max(10).default([]),
      }),
    )
    .max(10)
    .superRefine((levels, context) => {
      for (const [place, { level }] of levels.entries()) {
        if (place > 0 && level <= (levels[place - 1]?.level ?? 0))
          context.addIssue({ code: 'custom', path: [place, 'level'], message: 'must be more than the level before it' })
      }
    })
    .default([]),
})

/** As in default-policy.yaml: the original has none, and helpdesks have tickets without priority or tier. */
export const STANDARD_ASSIGNMENTS = [
  { name: 'urgent', when: { urgency: 'high' }, set: { priority: 'high' } },
  { name: 'not urgent', when: { urgency: 'low' }, set: { priority: 'low' } },
  { name: 'all others', set: { priority: 'medium', tier: 'standard' } },
] as const

/** Whether it is written in the original's form. */
export const isOriginal = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && KEYS.some((key) => Object.hasOwn(value, key))

/**
 * The same policy in our form; undefined when it has problems. Its first level is told with the warning, its last at the breach, those between evenly between them.
 * Tickets that come without priority or tier get them as by the shipped policy.
 */
export function readOriginal(value: unknown, problems: PolicyProblem[]): unknown {
  const read = originalPolicy.safeParse(value)
  if (!read.success) {
    problems.push(...read.error.issues.flatMap((issue) => problemsOf(issue, '')))
    return undefined
  }
  const { sla_targets, customer_tier_multipliers, escalation_thresholds, escalation_levels } = read.data
  const warned = escalation_thresholds.warning
  const [first, ...others] = escalation_levels
  const seconds = (value: number | undefined, minutes: number) => `PT${value ?? minutes * 60}S`
  return {
    defaults: {
      warnings: [{ left: `${warned}%`, channels: first?.notify ?? [] }],
      escalations: others.map(({ level, notify }, place) => {
        const left = Math.round(warned * (1 - (place + 1) / others.length) * 1_000) / 1_000
        return { level, channels: notify, ...(left > 0 ? { before: `${left}%` } : { after: 0 }) }
      }),
    },
    tier_multipliers: Object.fromEntries(
      TIERS.map((tier) => [tier, customer_tier_multipliers[tier] ?? MULTIPLIERS[tier]]),
    ),
    rules: PRIORITIES.map((priority) => ({
      name: priority,
      when: { priority },
      targets: {
        first_response: seconds(sla_targets[priority].response, LEFT_OUT.response),
        resolution: seconds(sla_targets[priority].resolution, LEFT_OUT.resolution),
      },
    })),
    assignments: STANDARD_ASSIGNMENTS,
  }
}
