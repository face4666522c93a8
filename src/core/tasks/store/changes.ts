import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import { TASK_COLUMNS, type Task } from './task.ts'
import type { Attempt, LogLine } from './watch.ts'

/**
 * A task with the number of its last change that was more than a line of its log. `watched_seconds`: for so
 * long whoever changes it notifies.
 */
export type ChangedTask = Task & { state_change: number; watched_seconds: number }

const CHANGED_COLUMNS = sql`${TASK_COLUMNS}, state_change,
  greatest(0, coalesce(extract(epoch from watched_until - clock_timestamp()), 0))::float8 as watched_seconds`

export async function findChangedTask(tx: Tx, taskId: string): Promise<ChangedTask | undefined> {
  const { rows } = await sql<ChangedTask>`
    select ${CHANGED_COLUMNS} from tasks where task_id = ${taskId}`.execute(tx)
  return rows[0]
}

/**
 * Has everybody who changes the task from now on notify, for so many seconds, and returns it as it is. Undefined, and nothing
 * is done, when there is none, or somebody changes it in this moment: nobody who only looks waits for them. The row's lock
 * orders this and every change, so that none slips between. Lost in a crash, with all who wanted to know.
 */
export async function watchTask(tx: Tx, taskId: string, seconds: number): Promise<ChangedTask | undefined> {
  await sql`set local synchronous_commit = off`.execute(tx)
  const { rows } = await sql<ChangedTask>`
    update tasks set watched_until = greatest(watched_until, clock_timestamp() + ${seconds} * interval '1 second')
    where task_id in (select task_id from tasks where task_id = ${taskId} for no key update skip locked)
    returning ${CHANGED_COLUMNS}`.execute(tx)
  return rows[0]
}

/** A line or the end of an attempt, with the number of its change. */
export type Happening = { change: number } & ({ line: LogLine } | { attempt: Attempt })

/**
 * Lines and ended attempts after a change of the task up to another one, in their order, at most `limit`. No two of them
 * share a change.
 */
export async function listHappenings(
  tx: Tx,
  taskId: string,
  { after, upTo, limit }: { after: number; upTo: number; limit: number },
): Promise<Happening[]> {
  const between = sql`task_id = ${taskId} and change > ${after} and change <= ${upTo} order by change limit ${limit}`
  const { rows } = await sql<LogLine & Attempt & { change: number; is_line: boolean }>`
    (select change, true as is_line, line, at, text, null::int as attempt, null as outcome, null::timestamptz as started_at,
      null::timestamptz as ended_at, null as error_class, null::jsonb as error
     from task_log where ${between})
    union all
    (select change, false, null, null, null, attempt, outcome, started_at, ended_at, error_class, error
     from task_attempts where ${between})
    order by change limit ${limit}`.execute(tx)
  return rows.map(({ change, is_line, line, at, text, ...attempt }) =>
    is_line ? { change, line: { line, at, text } } : { change, attempt },
  )
}
