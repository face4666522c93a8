import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import type { TaskStatus } from '../status.ts'

/** Cancels a waiting task at once, asks a running one to stop; undefined when there is no live task with this id. */
export async function requestCancel(tx: Tx, taskId: string): Promise<TaskStatus | undefined> {
  const { rows } = await sql<{ status: TaskStatus }>`
    update tasks set
      status = case when status = 'running' then 'running' else 'cancelled' end,
      ended_at = case when status = 'running' then null else clock_timestamp() end,
      cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
    where task_id = ${taskId} and status in ('queued', 'running', 'retrying')
    returning status`.execute(tx)
  return rows[0]?.status
}
