import { z } from 'zod'
import { CLOCK_TARGETS, type ClockTarget, calendarDocument } from '../../../core/clocks/index.ts'
import { CHOSEN_BY, type ChosenBy, type Policy, PRIORITIES, TIERS, type Tier } from './document/policy.ts'

const told = { roles: z.array(z.string()), channels: z.array(z.string()) }
const before = z.union([z.object({ percent: z.number() }), z.object({ seconds: z.int() })])

const target = z.object({
  seconds: z.int().meta({ description: 'Before the multiplier of the tier' }),
  calendar: z.string(),
  pausing: z.array(z.string()),
  warnings: z.array(z.object({ before, ...told })),
  escalations: z.array(
    z.object({ level: z.int(), before: before.optional(), after_seconds: z.int().optional(), ...told }),
  ),
})

const condition = Object.fromEntries(CHOSEN_BY.map((field) => [field, z.array(z.string()).optional()])) as Record<
  ChosenBy,
  z.ZodOptional<z.ZodArray<z.ZodString>>
>

export const ComputedView = z
  .object({
    tier_multipliers: z.object(
      Object.fromEntries(TIERS.map((tier) => [tier, z.number().optional()])) as Record<
        Tier,
        z.ZodOptional<z.ZodNumber>
      >,
    ),
    rules: z.array(
      z.object({
        name: z.string(),
        when: z.object(condition),
        targets: z.object(
          Object.fromEntries(CLOCK_TARGETS.map((name) => [name, target.nullable().optional()])) as Record<
            ClockTarget,
            z.ZodOptional<z.ZodNullable<typeof target>>
          >,
        ),
      }),
    ),
    assignments: z.array(
      z.object({
        name: z.string(),
        when: z.object({ ...condition, keyword: z.array(z.string()).optional() }),
        set: z.object({ priority: z.enum(PRIORITIES).optional(), tier: z.enum(TIERS).optional() }),
      }),
    ),
    calendars: z.array(z.object({ name: z.string(), document: calendarDocument })),
  })
  .meta({
    id: 'SlaPolicyAsComputed',
    description: 'As it is computed with: its defaults in every target, all times in seconds',
  })

export const presentPolicy = ({
  multipliers,
  rules,
  assignments,
  calendars,
}: Policy): z.output<typeof ComputedView> => ({
  ...{ tier_multipliers: multipliers, assignments },
  rules: rules.map(({ name, when, targets }) => ({
    ...{ name, when },
    targets: Object.fromEntries(
      Object.entries(targets).map(([target, terms]) => [
        target,
        terms && {
          ...terms,
          escalations: terms.escalations.map((one) => {
            if ('before' in one) return one
            const { afterSeconds, ...rest } = one
            return { ...rest, after_seconds: afterSeconds }
          }),
        },
      ]),
    ),
  })),
  calendars: Object.entries(calendars)
    .map(([name, document]) => ({ name, document }))
    .sort((one, other) => (one.name < other.name ? -1 : 1)),
})
