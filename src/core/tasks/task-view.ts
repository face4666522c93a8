import { z } from 'zod'
import { bytesOf } from './offer.ts'
import { TASK_STATUSES } from './status.ts'
import type { Task } from './store/task.ts'

const timestamp = z.iso.datetime()

const common = {
  task_id: z.uuid(),
  tenant_id: z.string(),
  kind: z.string(),
  title: z.string().nullable(),
  description: z.string().nullable(),
  status: z.enum(TASK_STATUSES),
  is_system: z.boolean().meta({ description: 'The system’s own work: nobody makes or changes such a task by hand' }),
  priority: z.int(),
  cancel_requested: z.boolean(),
  progress: z.record(z.string(), z.unknown()),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  attempt: z.int(),
  attempts_max: z.int(),
  dedupe_key: z.string().nullable(),
  concurrency_key: z.string().nullable(),
  created_by: z.string(),
  created_at: timestamp,
  updated_at: timestamp,
  run_at: timestamp.meta({ description: 'Not before; of one that is tried again, when' }),
  started_at: timestamp.nullable(),
  ended_at: timestamp.nullable(),
  version: z.int().meta({ description: 'Grows with each change by a caller; `If-Match` takes it, or the ETag' }),
}

export const TaskView = z
  .object({ ...common, payload: z.unknown(), result: z.unknown() })
  .meta({ id: 'Task', description: 'A task with its payload and its result' })

/** In a list: without what may be large. */
export const TaskListed = z.object({ ...common, result: z.unknown().nullable() }).meta({
  id: 'TaskListed',
  description: 'A task without its payload; `progress` and `result` only where they are no longer than 4 kB as JSON',
})

function presentCommon(task: Omit<Task, 'payload' | 'change'>) {
  return {
    task_id: task.task_id,
    tenant_id: task.tenant_id,
    kind: task.kind,
    title: task.title,
    description: task.description,
    status: task.status,
    is_system: !task.is_offered,
    priority: task.priority,
    cancel_requested: task.cancel_requested_at !== null,
    progress: task.progress,
    error: task.error,
    attempt: task.attempt,
    attempts_max: task.attempts_max,
    // A key of the system's own tells nobody anything.
    dedupe_key: task.is_offered ? task.unique_key : null,
    concurrency_key: task.concurrency_key,
    created_by: task.created_by,
    created_at: task.created_at.toISOString(),
    updated_at: task.updated_at.toISOString(),
    run_at: task.run_after.toISOString(),
    started_at: task.started_at?.toISOString() ?? null,
    ended_at: task.ended_at?.toISOString() ?? null,
    version: task.version,
  }
}

export type ShownTask = z.output<typeof TaskView>

export const presentTask = (task: Task): ShownTask => ({
  ...presentCommon(task),
  payload: task.is_offered ? task.payload : {},
  result: task.result,
})

export const presentListed = (task: Omit<Task, 'payload' | 'change'>): z.output<typeof TaskListed> => ({
  ...presentCommon(task),
  result: task.result,
})

/** Another one whenever something that is shown of the task is. `If-Match` looks at its first part, the version, alone. */
export const etagOf = ({ version, change }: Pick<Task, 'version' | 'change'>): string => `"${version}.${change}"`

/** Of a task in a list, as JSON: more of it is shown by the task alone. */
export const LISTED_BYTES_MAX = 4_096

/** A task as lists have it: without what is large. */
export const withinListed = ({ payload: _, ...task }: Task): Omit<Task, 'payload'> => ({
  ...task,
  progress: bytesOf(task.progress) <= LISTED_BYTES_MAX ? task.progress : {},
  result: bytesOf(task.result) <= LISTED_BYTES_MAX ? task.result : null,
})
