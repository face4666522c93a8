import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import { AFTER_SECONDS, RANK } from './enqueue.ts'
import { narrowedBy, type TaskFilter } from './list.ts'
import { TASK_COLUMNS, type Task } from './task.ts'

export type TaskChange = {
  title?: string | undefined
  description?: string | null | undefined
  payload?: unknown
  priority?: number | undefined
  runAt?: string | undefined
  attemptsMax?: number | undefined
}

type Changed = Task & { rank: number; after_seconds: number }

/** Locks the task, so that what is decided about it still holds when it is changed; undefined when there is none. */
export async function lockTask(tx: Tx, taskId: string): Promise<Task | undefined> {
  const { rows } = await sql<Task>`
    select ${TASK_COLUMNS} from tasks where task_id = ${taskId} for no key update`.execute(tx)
  return rows[0]
}

/** Changes a task that this transaction has locked. */
export async function applyChange(tx: Tx, taskId: string, change: TaskChange): Promise<Changed> {
  const { title, description, payload, priority, runAt, attemptsMax } = change
  const { rows } = await sql<Changed>`
    update tasks set version = version + 1, updated_at = now()
      ${title === undefined ? sql`` : sql`, title = ${title}`}
      ${description === undefined ? sql`` : sql`, description = ${description}`}
      ${payload === undefined ? sql`` : sql`, payload = ${JSON.stringify(payload)}::jsonb`}
      ${priority === undefined ? sql`` : sql`, priority = ${priority}`}
      ${attemptsMax === undefined ? sql`` : sql`, attempts_max = greatest(${attemptsMax}, attempt)`}
      ${
        runAt === undefined
          ? sql``
          : sql`, run_after = greatest(${runAt}::timestamptz, now()), turn = greatest(${runAt}::timestamptz, now()), is_delayed = ${runAt}::timestamptz > now()`
      }
    where task_id = ${taskId} returning ${TASK_COLUMNS}, ${RANK} as rank, ${AFTER_SECONDS} as after_seconds`.execute(tx)
  const [changed] = rows
  if (!changed) throw new Error('a task that was locked is gone')
  return changed
}

/**
 * Lets ended tasks begin anew, and tasks that wait for their next attempt go at once; those of a filter, oldest first, at
 * most `limit`, `everySeconds` apart. What a live task of the same key is there for stays as it is. Returns those that wait now.
 */
export async function restartTasks(
  tx: Tx,
  filter: TaskFilter & { taskId?: string },
  { limit, everySeconds }: { limit: number; everySeconds: number },
): Promise<{ task_id: string; rank: number; after_seconds: number }[]> {
  const { rows } = await sql<{ task_id: string; rank: number; after_seconds: number }>`
    with chosen as materialized (
      select task_id, row_number() over (order by task_id) - 1 as place from (
        select task_id from tasks as ended
        where ${narrowedBy(filter)} ${filter.taskId === undefined ? sql`` : sql`and task_id = ${filter.taskId}`}
          and is_offered and status <> 'running' and status <> 'queued'
          and not (ended_at is not null and unique_key is not null and exists (
            select from tasks as live where live.kind = ended.kind and live.unique_key = ended.unique_key
              and live.status in ('queued', 'running', 'retrying')))
        order by task_id limit ${limit} for no key update
      ) as locked
    ), first_of_key as (
      -- Two dead ones of one key: the older one lives again.
      select distinct on (kind, coalesce(unique_key, task_id::text)) task_id, place
      from chosen join tasks using (task_id) order by kind, coalesce(unique_key, task_id::text), place
    )
    update tasks set
      status = case when ended_at is null then status else 'queued' end,
      attempt = case when ended_at is null then attempt else 0 end,
      progress = case when ended_at is null then progress else '{}' end,
      ended_at = null, error = null, result = null, cancel_requested_at = null, is_delayed = false,
      run_after = now() + place * ${everySeconds}::double precision * interval '1 second',
      turn = now() + place * ${everySeconds}::double precision * interval '1 second',
      version = version + 1, updated_at = now()
    from first_of_key where tasks.task_id = first_of_key.task_id
    returning tasks.task_id, ${RANK} as rank, ${AFTER_SECONDS} as after_seconds`.execute(tx)
  return rows
}

/** Removes a task with its attempts and its log; undefined when there is none. */
export async function removeTask(tx: Tx, taskId: string): Promise<{ status: string } | undefined> {
  const { rows } = await sql<{ status: string }>`
    delete from tasks where task_id = ${taskId} returning status`.execute(tx)
  return rows[0]
}

/** Cancels live tasks of callers as `requestCancel` does one; those of a filter, oldest first, at most `limit`. */
export async function cancelTasks(
  tx: Tx,
  filter: TaskFilter,
  limit: number,
): Promise<{ task_id: string; status: string }[]> {
  const { rows } = await sql<{ task_id: string; status: string }>`
    update tasks set
      status = case when status = 'running' then 'running' else 'cancelled' end,
      ended_at = case when status = 'running' then null else clock_timestamp() end,
      cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
    where task_id in (
      select task_id from tasks where ${narrowedBy(filter)} and is_offered and status in ('queued', 'running', 'retrying')
      order by task_id limit ${limit} for no key update)
    returning task_id, status`.execute(tx)
  return rows
}
