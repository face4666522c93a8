import { sql } from 'kysely'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { SystemTx, Tx } from '../../platform/database/index.ts'
import type { Queue } from '../../platform/queue/index.ts'
import { OUTSIDE_CHANNEL } from './custom/waiting-workers.ts'
import { insertOrFindLive, type NewTask } from './store/enqueue.ts'
import type { TaskKind } from './task-kind.ts'
import { priorityOf } from './turn.ts'

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

/** Adds a task to the caller's transaction. Whose turn it is then: see turn.ts. */
export function enqueueTaskWith(queue: Queue): EnqueueTask {
  return async (tx, tenantId, kind, payload, { uniqueKey = null, createdBy }) => {
    const task = { kind: kind.name, payload: kind.payload.parse(payload), attemptsMax: kind.retry.attemptsMax }
    const [added] = await addTasks(queue, tx, tenantId, [{ ...task, uniqueKey, createdBy }])
    if (!added) throw new Error('insert returned no task')
    return added
  }
}

/** Adds checked tasks to the caller's transaction, in their order, and tells the workers of those that are new. */
export async function addTasks(
  queue: Queue,
  tx: Tx,
  tenantId: TenantId,
  tasks: readonly NewTask[],
): Promise<{ taskId: string; created: boolean }[]> {
  const added = await insertOrFindLive(tx, tasks)
  const isOutside = (place: number) => tasks[place]?.workedOutside === true
  const news = added.filter(({ created }, place) => created && !isOutside(place))
  if (added.some(({ created }, place) => created && isOutside(place))) {
    await sql`select pg_notify(${OUTSIDE_CHANNEL}, ${tenantId})`.execute(tx)
  }
  await dispatchAll(
    queue,
    tx,
    news.map(({ taskId, rank, afterSeconds }) => ({ tenantId, taskId, rank, afterSeconds })),
  )
  return added.map(({ taskId, created }) => ({ taskId, created }))
}

/** A task that is to be claimed, with its rank, and in how many seconds; now when that is left out. */
export type ToDispatch = Dispatch & { rank: number; afterSeconds?: number }

/** Tells the workers that tasks are there to be claimed. Telling them twice is harmless: a claim is taken once. */
export async function dispatchAll(queue: Queue, tx: Tx | SystemTx, tasks: readonly ToDispatch[]): Promise<void> {
  if (tasks.length === 0) return
  await queue.add<Dispatch>(
    tx,
    TASK_QUEUE,
    tasks.map(({ tenantId, taskId, rank, afterSeconds }) => ({
      data: { tenantId, taskId },
      group: tenantId,
      priority: priorityOf(rank),
      ...(afterSeconds ? { startAfterSeconds: afterSeconds } : {}),
    })),
  )
}
