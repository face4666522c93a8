import { type RawBuilder, sql } from 'kysely'
import { insist, prepared } from '../../../platform/database/index.ts'

/** A task that somebody works on, as another worker that does a part of it for the holder needs to know it. */
export type RunningTask = { tenant_id: string; task_id: string; fencing: number; progress: Record<string, unknown> }

/** The tasks of a kind that are running under a live lease and are to go on, of all tenants. Not run yet. */
export const listRunningTasks = (kind: string) => sql<RunningTask>`${prepared('list_running_tasks')}
    select tenant_id, task_id, fencing, progress from tasks
    where kind = ${kind} and status = 'running' and lease_expires_at > clock_timestamp() and cancel_requested_at is null
    order by task_id`

/** A claim that somebody else writes on behalf of. */
type ClaimedTask = { taskId: string; fencing: number }

const lockClaimed = ({ taskId, fencing }: ClaimedTask) => sql<{ progress: Record<string, unknown> }>`
    select progress from tasks
    where task_id = ${taskId} and fencing = ${fencing} and status = 'running'
      and lease_expires_at > clock_timestamp() and cancel_requested_at is null
    for no key update`

/**
 * Locks a task for a write on behalf of its holder and returns its progress; no row when that claim does not hold any
 * more or the task is to be cancelled. Nobody can take the task before the transaction ends. Not run yet.
 */
export const lockRunningTask = (task: ClaimedTask) =>
  sql<{ progress: Record<string, unknown> }>`${prepared('lock_running_task')} ${lockClaimed(task)}`

/**
 * The same for whoever knows the progress, apart from the amounts under `key`: ends the transaction when the task cannot
 * be written to, or stands elsewhere. Not run yet: it travels with what it protects.
 */
export const insistOnTask = (task: ClaimedTask, key: string, progress: unknown) =>
  sql`${prepared('insist_on_task')} ${insist(
    sql`(select progress - ${key}::text = ${JSON.stringify(progress)}::jsonb - ${key}::text from (${lockClaimed(task)}) as locked)`,
    'the task is not as it was',
  )}`

/** Writes the progress of a task that this transaction has locked; not run yet. */
export const saveProgress = (taskId: string, progress: unknown) =>
  sql`${prepared('save_progress')} update tasks set progress = ${JSON.stringify(progress)} where task_id = ${taskId}`

/**
 * Writes the progress of a task that this transaction has locked, of which the amounts under `key` are not known: they
 * stay as they are stored, with `amounts` added. Not run yet.
 */
export const advanceProgress = (
  taskId: string,
  key: string,
  { progress, amounts }: { progress: unknown; amounts: unknown },
) => sql`${prepared('advance_progress')}
    update tasks set progress = jsonb_set(${JSON.stringify(progress)}::jsonb, array[${key}::text],
      platform.add_numbers(progress -> ${key}::text, ${JSON.stringify(amounts)}::jsonb))
    where task_id = ${taskId}`

/** Adds amounts, an object of numbers, to those under `key` in the progress of a task that this transaction has locked. */
export const addToProgress = (taskId: string, key: string, amounts: RawBuilder<unknown>) => sql`
    update tasks set progress = jsonb_set(progress, array[${key}::text],
      platform.add_numbers(progress -> ${key}::text, ${amounts}))
    where task_id = ${taskId}`
