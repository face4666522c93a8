import type { TenantId } from '../../kernel/tenant-id.ts'
import type { SystemTx, Tx } from '../../platform/database/index.ts'
import type { Queue } from '../../platform/queue/index.ts'
import { insertOrFindLive } from './store/enqueue.ts'
import type { TaskKind } from './task-kind.ts'

export const TASK_QUEUE = 'tasks'

/** What the queue engine carries: where to look, never the payload. */
export type Dispatch = { tenantId: TenantId; taskId: string }

export type EnqueueOptions = {
  /** At most one live task of this kind and key in the tenant; a second call gets the first one's id. */
  uniqueKey?: string
  /** The caller's id, for the record. */
  createdBy: string
}

export type EnqueueTask = <Payload, Progress>(
  tx: Tx,
  tenantId: TenantId,
  kind: TaskKind<Payload, Progress>,
  payload: Payload,
  options: EnqueueOptions,
) => Promise<{ taskId: string; created: boolean }>

/**
 * Adds a task to the caller's transaction.
 *
 * Fair between tenants: a task's priority falls with the number of live tasks its tenant already has, so the first task
 * of one tenant goes before the second of another, however many thousands are queued behind.
 */
export function enqueueTaskWith(queue: Queue): EnqueueTask {
  return async (tx, tenantId, kind, payload, { uniqueKey, createdBy }) => {
    const { taskId, created, ahead } = await insertOrFindLive(tx, {
      kind: kind.name,
      payload: kind.payload.parse(payload),
      uniqueKey: uniqueKey ?? null,
      attemptsMax: kind.retry.attemptsMax,
      createdBy,
    })
    if (created) await dispatch(queue, tx, { tenantId, taskId }, { priority: -ahead })
    return { taskId, created }
  }
}

/** Tells the workers that a task is there to be claimed. Telling them twice is harmless: a claim is taken once. */
export async function dispatch(
  queue: Queue,
  tx: Tx | SystemTx,
  task: Dispatch,
  options: { priority: number; afterSeconds?: number },
): Promise<void> {
  const { priority, afterSeconds } = options
  await queue.add<Dispatch>(tx, TASK_QUEUE, [
    {
      data: task,
      group: task.tenantId,
      priority,
      ...(afterSeconds ? { startAfterSeconds: afterSeconds } : {}),
    },
  ])
}
