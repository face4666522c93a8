import { sql } from 'kysely'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Tx } from '../../platform/database/index.ts'
import { recordAudit } from '../audit/index.ts'
import { taskFault, taskNotFound } from './faults.ts'
import { requestCancel } from './store/cancel.ts'
import { findTask } from './store/task.ts'

/** Workers listen here for the ids of running tasks that are to stop. Ids only: NOTIFY reaches every session. */
export const CANCEL_CHANNEL = 'signalbox_task_cancel'

/**
 * Cancels a task: at once when it waits; a running handler is told within a second through its AbortSignal and the task
 * is `cancelled` when it has stopped. Answers the status right after the call.
 *
 * @throws tasks.not_found, tasks.already_ended
 */
export async function cancelTask(
  tx: Tx,
  { tenantId, taskId, cancelledBy }: { tenantId: TenantId; taskId: string; cancelledBy: string },
): Promise<'cancelled' | 'cancelling'> {
  const status = await requestCancel(tx, taskId)
  if (status) await recordAudit(tx, { tenantId, actor: cancelledBy, action: 'task.cancel', subject: `task:${taskId}` })
  if (status === 'running') {
    // Sent when the transaction commits, so a worker that looks finds the request.
    await sql`select pg_notify(${CANCEL_CHANNEL}, ${taskId})`.execute(tx)
    return 'cancelling'
  }
  if (status) return 'cancelled'
  const ended = await findTask(tx, taskId)
  if (!ended) throw taskNotFound()
  throw taskFault('tasks.already_ended', {
    public: `The task has already ended: ${ended.status}. There is nothing to cancel.`,
    internal: `cancel of a task that is ${ended.status}`,
    extensions: { task_status: ended.status },
  })
}
