import { z } from 'zod'
import { CLOCK_TARGETS, type ClockTarget } from '../../../core/clocks/index.ts'
import { ComputedView } from './computed-view.ts'
import { tellSeconds } from './document/duration.ts'
import { computeMatrix } from './document/matrix.ts'
import { type Policy, PRIORITIES, TIERS } from './document/policy.ts'
import type { DefaultRow, VersionSummary } from './store.ts'

const timestamp = z.iso.datetime()

const cell = z.object({
  seconds: z.int(),
  minutes: z.number(),
  in_words: z.string(),
  rule: z.string(),
  calendar: z.string(),
})

export const MatrixView = z
  .array(
    z.object({
      priority: z.enum(PRIORITIES),
      tier: z.enum(TIERS),
      targets: z.object(
        Object.fromEntries(CLOCK_TARGETS.map((target) => [target, cell.nullable()])) as Record<
          ClockTarget,
          z.ZodNullable<typeof cell>
        >,
      ),
    }),
  )
  .meta({ description: 'What holds for each priority and tier where no rule asks for anything else' })

const form = z
  .enum(['signalbox', 'original'])
  .meta({ description: 'The language: our own, or that of sla_config.yaml' })
const hash = z.string().meta({ description: 'SHA-256 of what is written, in hexadecimal' })

export const PolicyView = z
  .object({
    version: z.int().meta({ description: 'Of the tenant’s own policy; 0 before there was one' }),
    follows: z.enum(['own', 'operator']).meta({ description: 'Whose policy holds' }),
    source: z.enum(['tenant', 'file', 'built_in']),
    source_version: z.int().meta({ description: 'Of the policy that holds, tenant’s or operator’s' }),
    hash,
    form,
    loaded_at: timestamp.nullable().meta({ description: 'Since when it holds; null: since ever' }),
    changed_by: z.string(),
    note: z.string().nullable(),
    written: z.string().meta({ description: 'As somebody wrote it' }),
    policy: ComputedView,
    matrix: MatrixView,
    calendars: z
      .array(z.object({ name: z.string(), calendar_id: z.string(), is_removed: z.boolean() }))
      .meta({ description: 'Of the tenant, that it names. A removed one goes on as it was' }),
  })
  .meta({ id: 'SlaPolicy' })

export const PolicyVersionSummary = z
  .object({
    version: z.int(),
    follows: z.enum(['own', 'operator']),
    hash: hash.nullable(),
    form: form.nullable(),
    changed_by: z.string(),
    loaded_at: timestamp,
    note: z.string().nullable(),
  })
  .meta({ id: 'SlaPolicyVersion' })

export const OperatorPolicyView = z
  .object({
    version: z.int().meta({ description: '0 until a process with the role `scheduler` has looked' }),
    source: z.enum(['file', 'built_in']),
    path: z.string().nullable(),
    hash,
    form,
    loaded_at: timestamp.nullable(),
    loaded_by: z.string().nullable().meta({ description: 'The process that read it' }),
    written: z.string(),
    matrix: MatrixView,
  })
  .meta({ id: 'OperatorSlaPolicy' })

export const CheckView = z.object({ form, policy: ComputedView, matrix: MatrixView }).meta({ id: 'SlaPolicyCheck' })

export const presentMatrix = (policy: Policy): z.output<typeof MatrixView> =>
  computeMatrix(policy).map(({ priority, tier, targets }) => ({
    ...{ priority, tier },
    targets: Object.fromEntries(
      CLOCK_TARGETS.map((target) => {
        const one = targets[target]
        return [target, one && { ...one, minutes: one.seconds / 60, in_words: tellSeconds(one.seconds) }]
      }),
    ) as z.output<typeof MatrixView>[number]['targets'],
  }))

export const presentVersionSummary = (row: VersionSummary): z.output<typeof PolicyVersionSummary> => ({
  ...{
    version: row.version,
    follows: row.content_hash === null ? 'operator' : 'own',
    hash: row.content_hash,
    form: row.form,
  },
  ...{ changed_by: row.made_by, loaded_at: row.in_force_from.toISOString(), note: row.note },
})

export type HeldDefault = Pick<
  DefaultRow,
  'version' | 'source' | 'path' | 'form' | 'written' | 'content_hash' | 'policy'
> & {
  loaded_by: string | null
  in_force_from: Date | null
}

export const presentDefault = (row: HeldDefault): z.output<typeof OperatorPolicyView> => ({
  ...{ version: row.version, source: row.source, path: row.path, hash: row.content_hash, form: row.form },
  ...{ loaded_at: row.in_force_from?.toISOString() ?? null, loaded_by: row.loaded_by, written: row.written },
  matrix: presentMatrix(row.policy),
})
