import { z } from 'zod'
import { CLOCK_TARGETS } from '../../../../core/clocks/index.ts'
import { readDuration } from './duration.ts'
import { type Before, PAUSING_STATUSES, PRIORITIES, TIERS } from './policy.ts'

/** What a policy may cost: it is compiled for each tenant and walked for each ticket. */
export const POLICY_BOUNDS = {
  rules: 100,
  assignments: 100,
  values: 1_000,
  keywords: 500,
  warnings: 10,
  escalations: 10,
  told: 10,
  calendars: 20,
  multiplier: { least: 0.01, most: 100 },
} as const

const URGENCIES = ['low', 'medium', 'high'] as const

const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((value) => !/[\p{Cc}\p{Cs}]/u.test(value), 'must not contain control characters')
export const policyName = text(80)

/** Read by a function that answers what is wrong in words; unions of schemas say "invalid input". */
const readBy = <T>(read: (value: unknown) => { value: T } | { problem: string }) =>
  z.unknown().transform((value, context): T => {
    const result = read(value)
    if ('value' in result) return result.value
    context.addIssue({ code: 'custom', message: result.problem })
    return z.NEVER
  })

export const duration = (least: 0 | 1) =>
  readBy((value) => {
    const read = readDuration(value)
    if ('problem' in read) return read
    return read.seconds < least ? { problem: 'must be more than nothing' } : { value: read.seconds }
  })

/** `15%`: so much of the target is left; else so much open time before it is used up. */
const before = readBy<Before>((value) => {
  const percent = typeof value === 'string' ? /^(\d{1,3}(?:\.\d{1,3})?)\s*%$/.exec(value)?.[1] : undefined
  if (percent !== undefined) {
    const share = Number(percent)
    const isShare = share > 0 && share < 100
    return isShare ? { value: { percent: share } } : { problem: 'must be more than 0% and less than 100%' }
  }
  const read = readDuration(value)
  if ('problem' in read) return { problem: `${read.problem}; or a share of the target that is left, as 15%` }
  return read.seconds > 0 ? { value: { seconds: read.seconds } } : { problem: 'must be more than nothing' }
})

const told = {
  roles: z
    .array(z.enum(['viewer', 'agent', 'manager', 'owner']))
    .max(POLICY_BOUNDS.told)
    .default([]),
  channels: z.array(text(120)).max(POLICY_BOUNDS.told).default([]),
}

/** A value that may be written without its braces, as the one field `under` of what it stands for. */
const short = <S extends z.ZodType>(under: string, schema: S) =>
  z.unknown().transform((value, context): z.output<S> => {
    const isShort = typeof value !== 'object' || value === null
    return isShort ? readWith(schema, { [under]: value }, context, []) : readWith(schema, value, context)
  })

/** As the schema reads it, with its problems at their paths, or all at `path`. */
function readWith<S extends z.ZodType>(schema: S, value: unknown, context: z.RefinementCtx, path?: []): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  for (const issue of result.error.issues) {
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys : []
    for (const key of unknown)
      context.addIssue({ code: 'custom', message: 'is not known', path: [...issue.path, key.slice(0, 80)] })
    if (unknown.length === 0) context.addIssue({ code: 'custom', message: issue.message, path: path ?? issue.path })
  }
  return z.NEVER
}

const warning = short(
  'left',
  z.strictObject({ left: before, ...told }).transform(({ left, ...who }) => ({ before: left, ...who })),
)

const escalation = z
  .strictObject({ level: z.int().min(1).max(10), before: before.optional(), after: duration(0).optional(), ...told })
  .superRefine((one, context) => {
    if ((one.before === undefined) === (one.after === undefined))
      context.addIssue({ code: 'custom', message: 'must have either `before` or `after`' })
  })
  .transform(({ before, after, ...one }) =>
    before === undefined ? { ...one, afterSeconds: after ?? 0 } : { ...one, before },
  )

const terms = {
  calendar: policyName.optional(),
  pausing: z.array(z.enum(PAUSING_STATUSES)).max(PAUSING_STATUSES.length).optional(),
  warnings: z.array(warning).max(POLICY_BOUNDS.warnings).optional(),
  escalations: z.array(escalation).max(POLICY_BOUNDS.escalations).optional(),
}

export const writtenDefaults = z.strictObject(terms)
export type WrittenDefaults = z.output<typeof writtenDefaults>

const writtenTarget = short('within', z.strictObject({ within: duration(1), ...terms }))
export type WrittenTarget = z.output<typeof writtenTarget>
/** `none`: there is no such target for whom the rule takes. */
const target = z.unknown().transform((value, context) => {
  return value === 'none' ? null : readWith(writtenTarget, value, context)
})

/** One value or a list of them. */
const values = <S extends z.ZodType>(value: S) =>
  z.preprocess((one) => (Array.isArray(one) ? one : [one]), z.array(value).min(1).max(POLICY_BOUNDS.values))

const condition = {
  priority: values(z.enum(PRIORITIES)).optional(),
  tier: values(z.enum(TIERS)).optional(),
  source: values(text(200)).optional(),
  customer: values(text(200)).optional(),
  tag: values(text(200)).optional(),
  language: values(text(20)).optional(),
  urgency: values(z.enum(URGENCIES)).optional(),
}

export const writtenRule = z.strictObject({
  name: policyName,
  when: z.strictObject(condition).default({}),
  targets: z
    .strictObject(
      Object.fromEntries(CLOCK_TARGETS.map((name) => [name, target.optional()])) as Record<
        (typeof CLOCK_TARGETS)[number],
        z.ZodOptional<typeof target>
      >,
    )
    .refine((all) => Object.values(all).some((one) => one !== undefined), 'must have a target'),
})
export type WrittenRule = z.output<typeof writtenRule>

export const writtenAssignment = z.strictObject({
  name: policyName,
  when: z.strictObject({ ...condition, keyword: values(text(100)).optional() }).default({}),
  set: z
    .strictObject({ priority: z.enum(PRIORITIES).optional(), tier: z.enum(TIERS).optional() })
    .refine(({ priority, tier }) => priority !== undefined || tier !== undefined, 'must set a priority or a tier'),
})
export type WrittenAssignment = z.output<typeof writtenAssignment>

const { least, most } = POLICY_BOUNDS.multiplier
export const writtenMultipliers = z.strictObject(
  Object.fromEntries(TIERS.map((tier) => [tier, z.number().min(least).max(most).optional()])) as Record<
    (typeof TIERS)[number],
    z.ZodOptional<z.ZodNumber>
  >,
)
