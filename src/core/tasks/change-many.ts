import { sql } from 'kysely'
import type { Queue } from '../../platform/queue/index.ts'
import { recordAudit } from '../audit/index.ts'
import { CANCEL_CHANNEL } from './cancel-task.ts'
import type { Asking } from './change-task.ts'
import { dispatchAll } from './enqueue-task.ts'
import { cancelTasks, restartTasks } from './store/change.ts'
import type { TaskFilter } from './store/list.ts'

/** Tasks that one call changes. Where there are more, the answer says so and the same call goes on. */
export const CHANGED_AT_ONCE_MAX = 1_000

/** Cancels the live tasks of callers that a filter leaves, the oldest first; returns how many. */
export async function cancelMany({ tx, tenantId, caller }: Asking, filter: TaskFilter): Promise<number> {
  const cancelled = await cancelTasks(tx, filter, CHANGED_AT_ONCE_MAX)
  const running = cancelled.filter(({ status }) => status === 'running').map(({ task_id }) => task_id)
  if (running.length > 0) {
    await sql`select pg_notify(${CANCEL_CHANNEL}, task_id::text) from unnest(${running}::uuid[]) as task_id`.execute(tx)
  }
  await recordMany({ tx, tenantId, caller }, 'task.cancel_many', cancelled.length)
  return cancelled.length
}

/**
 * Lets the ended tasks of callers that a filter leaves begin anew, the oldest first; returns how many. `perMinute`: no more
 * than so many begin in a minute.
 */
export async function retryMany(
  queue: Queue,
  { tx, tenantId, caller }: Asking,
  { filter, perMinute }: { filter: TaskFilter; perMinute: number | undefined },
): Promise<number> {
  const everySeconds = perMinute === undefined ? 0 : 60 / perMinute
  const restarted = await restartTasks(tx, filter, { limit: CHANGED_AT_ONCE_MAX, everySeconds })
  await dispatchAll(
    queue,
    tx,
    restarted.map(({ task_id: taskId, rank, after_seconds: afterSeconds }) => ({
      tenantId,
      taskId,
      rank,
      afterSeconds,
    })),
  )
  await recordMany({ tx, tenantId, caller }, 'task.retry_many', restarted.length)
  return restarted.length
}

async function recordMany({ tx, tenantId, caller }: Asking, action: string, count: number): Promise<void> {
  if (count === 0) return
  await recordAudit(tx, { tenantId, actor: caller.id, action, subject: 'tasks', details: { count } })
}
