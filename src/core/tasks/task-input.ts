import { z } from 'zod'
import { moment } from '../../kernel/moment.ts'
import { CUSTOM_NAME } from './custom/custom-kinds.ts'
import { NOTE, type OfferedKind } from './offer.ts'
import { TASK_STATUSES } from './status.ts'
import type { TaskFilter } from './store/list.ts'
import { PRIORITY_MAX, PRIORITY_MIN } from './turn.ts'

const title = z.string().trim().min(1).max(255)
const description = z.string().min(1).max(10_000)
const key = z.string().min(1).max(200)
const priority = z.int().min(PRIORITY_MIN).max(PRIORITY_MAX)
const attemptsMax = z.int().min(1).max(100)

const common = {
  title: title.optional(),
  description: description.optional(),
  priority: priority.optional().meta({ description: 'Each step is worth half a minute of waiting; 0 when left out' }),
  run_at: moment.optional().meta({ description: 'Not before; with a zone' }),
  attempts_max: attemptsMax.optional().meta({ description: 'Attempts in all; that of the kind when left out' }),
  dedupe_key: key
    .optional()
    .meta({ description: 'While a task of this kind and key lives, handing it over again finds that one' }),
  concurrency_key: key.optional().meta({ description: 'Of the tasks of the tenant with this key one runs at a time' }),
}

export const CustomKindField = z
  .string()
  .max(88)
  // Ends the reading: what is none of these names is no task of a kind of one's own with a mistake in it.
  .regex(CUSTOM_NAME, {
    error: 'is neither a kind that can be handed over nor a name of a kind of your own, custom.…',
    abort: true,
  })
  .meta({ description: '`custom.` and lower-case letters, digits, `.`, `_` or `-`', example: 'custom.render-invoice' })

const CustomTask = z
  .strictObject({
    kind: CustomKindField,
    ...common,
    payload: z.record(z.string(), z.unknown()).optional().meta({ description: 'As the schema of the kind wants it' }),
  })
  .meta({ description: 'Work for programs of your own, of a kind that is registered with PUT /worker/kinds/{kind}' })

/** A task as callers hand it over: each kind with its own payload, a note when no kind is named. */
export function handedOverSchema(kinds: readonly OfferedKind[]) {
  const [note, ...others] = kinds.map((kind) =>
    z
      .strictObject({
        kind: kind.name === NOTE ? z.literal(kind.name).optional() : z.literal(kind.name),
        ...common,
        ...(kind.name === NOTE ? { title, payload: kind.payload.optional() } : { payload: kind.payload }),
      })
      .meta({ description: kind.offer.about }),
  )
  if (!note) throw new Error('no kind is offered')
  return z.union([z.discriminatedUnion('kind', [note, ...others]), CustomTask])
}

const changeable = {
  title: title.optional(),
  payload: z.record(z.string(), z.unknown()).optional().meta({ description: 'As the kind of the task wants it' }),
  priority: priority.optional(),
  run_at: moment.optional(),
  attempts_max: attemptsMax.optional(),
}

export const ChangeBody = z
  .strictObject({ ...changeable, description: description.nullable().optional() })
  .refine((body) => Object.keys(body).length > 0, 'names nothing to change')

/** PUT says all that people write of a task: what it leaves out is empty then. */
export const ReplaceBody = z.strictObject({ ...changeable, title, description: description.nullable().default(null) })

const several = <Schema extends z.ZodType<unknown, string>>(entry: Schema) =>
  z
    .string()
    .max(1_000)
    .transform((text) => text.split(','))
    .pipe(z.array(entry).min(1).max(20))

export const Choice = z.enum(['true', 'false']).transform((text) => text === 'true')

export const FilterQuery = {
  status: several(z.enum(TASK_STATUSES)).optional().meta({ description: 'One or more, separated by commas' }),
  kind: several(z.string().min(1).max(100)).optional().meta({ description: 'One or more, separated by commas' }),
  owner: z.string().min(1).max(200).optional().meta({ description: 'Who made it: `me`, `person:…`, `key:…`' }),
  priority_min: z
    .string()
    .regex(/^-?\d{1,2}$/)
    .transform(Number)
    .pipe(z.int().min(PRIORITY_MIN).max(PRIORITY_MAX))
    .optional(),
  created_before: moment.optional(),
  created_after: moment.optional(),
  q: z.string().trim().min(1).max(100).optional().meta({ description: 'Letters of the title, in whatever case' }),
  system: Choice.optional().meta({ description: 'Only the system’s own work, or only that of callers' }),
}

type Filtered = z.output<z.ZodObject<typeof FilterQuery>>

/** The filter that was asked for; `owner` `me` is the caller. */
export const readFilter = (asked: Filtered, callerId: string): TaskFilter => ({
  kinds: asked.kind,
  statuses: asked.status,
  createdBy: asked.owner === 'me' ? callerId : asked.owner,
  priorityMin: asked.priority_min,
  createdBefore: asked.created_before,
  createdAfter: asked.created_after,
  titleHas: asked.q,
  isSystem: asked.system,
})

/** What a filter leaves of the tasks of `owner`; `undefined`: nothing, as it asks for somebody else's. */
export function within(filter: TaskFilter, owner: string | undefined): TaskFilter | undefined {
  if (owner === undefined) return filter
  return filter.createdBy === undefined || filter.createdBy === owner ? { ...filter, createdBy: owner } : undefined
}
