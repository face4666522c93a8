import { sql } from 'kysely'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Tx } from '../../platform/database/index.ts'
import { type Caller, invalid } from '../../platform/http/index.ts'
import type { Queue } from '../../platform/queue/index.ts'
import { recordAudit } from '../audit/index.ts'
import { CANCEL_CHANNEL } from './cancel-task.ts'
import { demandOffers } from './create-tasks.ts'
import { demandFitting, isCustom } from './custom/custom-kinds.ts'
import { dispatchAll } from './enqueue-task.ts'
import { taskFault } from './faults.ts'
import { bytesOf, type OfferedKind, PAYLOAD_BYTES_MAX } from './offer.ts'
import { isEnded } from './status.ts'
import { applyChange, lockTask, removeTask, restartTasks, type TaskChange } from './store/change.ts'
import type { Task } from './store/task.ts'
import { demandChangeable } from './whose.ts'

export type Asking = { tx: Tx; tenantId: TenantId; caller: Caller }

/** What may change only while nobody works on the task, and before it has ended. */
const WHILE_WAITING = ['payload', 'priority', 'runAt', 'attemptsMax'] as const

/**
 * Changes what may still change of a task: title and description always, the rest while it waits. `ifVersion`: only when
 * nobody has changed it since.
 *
 * @throws tasks.not_found, tasks.not_yours, tasks.of_the_system, tasks.running, tasks.already_ended, tasks.changed_meanwhile,
 *   tasks.payload_too_large, tasks.kind_not_permitted, http.invalid
 */
export async function changeTask(
  { queue, kinds }: { queue: Queue; kinds: ReadonlyMap<string, OfferedKind> },
  { tx, tenantId, caller }: Asking,
  { taskId, change, ifVersion }: { taskId: string; change: TaskChange; ifVersion?: number | undefined },
): Promise<Task> {
  const task = await demandChangeable(await lockTask(tx, taskId), { caller, tenantId })
  if (ifVersion !== undefined && task.version !== ifVersion) {
    throw taskFault('tasks.changed_meanwhile', {
      public: `The task has been changed since: it is at version ${task.version}. Read it again.`,
      internal: 'a change on top of a version that is gone',
    })
  }
  if (WHILE_WAITING.some((part) => change[part] !== undefined)) demandWaiting(task)
  const checked = isCustom(task.kind)
    ? await fitting(tx, task.kind, change)
    : checkedPayload(kinds.get(task.kind), change)
  if (checked.payload !== undefined) {
    await demandOffers(kinds, [{ kind: task.kind, payload: checked.payload }], { caller, tenantId })
  }
  const changed = await applyChange(tx, taskId, checked)
  if (change.priority !== undefined || change.runAt !== undefined) {
    await dispatchAll(queue, tx, [{ tenantId, taskId, rank: changed.rank, afterSeconds: changed.after_seconds }])
  }
  const fields = Object.keys(change).filter((part) => change[part as keyof TaskChange] !== undefined)
  await audit({ tx, tenantId, caller }, 'task.change', taskId, { fields })
  return changed
}

function demandWaiting(task: Task): void {
  if (task.status === 'running') {
    throw taskFault('tasks.running', {
      public: 'The task is running: its payload, priority, time and attempts can be changed only while it waits.',
      internal: 'a change of a running task',
    })
  }
  if (isEnded(task.status)) throw alreadyEnded(task, 'Its payload, priority, time and attempts cannot be changed.')
}

const alreadyEnded = (task: Task, sentence: string) =>
  taskFault('tasks.already_ended', {
    public: `The task has already ended: ${task.status}. ${sentence}`,
    internal: `a change of a task that is ${task.status}`,
    extensions: { task_status: task.status },
  })

async function fitting(tx: Tx, kind: string, change: TaskChange): Promise<TaskChange> {
  if (change.payload === undefined) return change
  await demandFitting(tx, [{ kind, payload: change.payload, field: 'payload' }])
  return withinBytes(change)
}

function checkedPayload(kind: OfferedKind | undefined, change: TaskChange): TaskChange {
  if (change.payload === undefined) return change
  const read = kind?.payload.safeParse(change.payload)
  if (!read?.success) {
    const [issue] = read?.error.issues ?? []
    const field = ['payload', ...(issue?.path ?? [])].join('.')
    throw invalid([{ in: 'body', field, message: issue?.message ?? 'is of a kind that is no longer offered' }])
  }
  return withinBytes({ ...change, payload: read.data })
}

function withinBytes(change: TaskChange): TaskChange {
  const bytes = bytesOf(change.payload)
  if (bytes <= PAYLOAD_BYTES_MAX) return change
  throw taskFault('tasks.payload_too_large', {
    public: `The payload has ${bytes} bytes as JSON; ${PAYLOAD_BYTES_MAX} is the most.`,
    internal: 'a payload beyond its bound',
  })
}

/**
 * Lets an ended task begin anew, with all its attempts, or one that waits for its next attempt go at once.
 *
 * @throws tasks.not_found, tasks.not_yours, tasks.of_the_system, tasks.running, tasks.key_in_use, tasks.kind_not_permitted
 */
export async function retryTask(
  { queue, kinds }: { queue: Queue; kinds: ReadonlyMap<string, OfferedKind> },
  asking: Asking,
  taskId: string,
): Promise<void> {
  const { tx, tenantId, caller } = asking
  const task = await demandChangeable(await lockTask(tx, taskId), { caller, tenantId })
  if (task.status === 'running') {
    throw taskFault('tasks.running', {
      public: 'The task is running already.',
      internal: 'a retry of a running task',
    })
  }
  // It is its turn or will be: nothing to hurry.
  if (task.status === 'queued') return
  await demandOffers(kinds, [task], asking)
  const [restarted] = await restartTasks(tx, { taskId }, { limit: 1, everySeconds: 0 })
  if (!restarted) {
    throw taskFault('tasks.key_in_use', {
      public: `Another task of this kind with the key ${task.unique_key} lives already.`,
      internal: 'a retry of a task whose key is taken',
    })
  }
  await dispatchAll(queue, tx, [{ tenantId, taskId, rank: restarted.rank }])
  await audit(asking, 'task.retry', taskId, {})
}

/**
 * Deletes a task with its attempts and its log. One that runs is stopped and can write nothing more: its claim is gone.
 *
 * @throws tasks.not_found, tasks.not_yours, tasks.of_the_system
 */
export async function deleteTask(asking: Asking, taskId: string): Promise<void> {
  const { tx, tenantId, caller } = asking
  await demandChangeable(await lockTask(tx, taskId), { caller, tenantId })
  const removed = await removeTask(tx, taskId)
  if (removed?.status === 'running') await sql`select pg_notify(${CANCEL_CHANNEL}, ${taskId})`.execute(tx)
  await audit(asking, 'task.delete', taskId, {})
}

const audit = ({ tx, tenantId, caller }: Asking, action: string, taskId: string, details: Record<string, string[]>) =>
  recordAudit(tx, { tenantId, actor: caller.id, action, subject: `task:${taskId}`, details })
