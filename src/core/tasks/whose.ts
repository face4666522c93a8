import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Caller } from '../../platform/http/index.ts'
import { taskFault, taskNotFound } from './faults.ts'
import type { Task } from './store/task.ts'

type Asking = { caller: Caller; tenantId: TenantId }

const may = async ({ caller, tenantId }: Asking, permission: string) =>
  (await caller.decide(permission, tenantId)) === 'allowed'

/** Whose tasks a caller sees: undefined is everybody's, else those of that creator. */
export const seenBy = async (asking: Asking): Promise<string | undefined> =>
  (await may(asking, 'task.read')) ? undefined : asking.caller.id

/** Whose tasks a caller changes: undefined is everybody's, else those of that creator. */
export const changedBy = async (asking: Asking): Promise<string | undefined> =>
  (await may(asking, 'task.manage')) ? undefined : asking.caller.id

/** The task when the caller may see it. @throws tasks.not_found, as for one that is not there */
export async function demandSeen<Seen extends Pick<Task, 'created_by'>>(
  task: Seen | undefined,
  asking: Asking,
): Promise<Seen> {
  const owner = await seenBy(asking)
  if (!task || (owner !== undefined && task.created_by !== owner)) throw taskNotFound()
  return task
}

/**
 * The task when the caller may change it. @throws tasks.not_found, tasks.not_yours, tasks.of_the_system
 */
export async function demandChangeable(task: Task | undefined, asking: Asking): Promise<Task> {
  const seen = await demandSeen(task, asking)
  if (!seen.is_offered) {
    throw taskFault('tasks.of_the_system', {
      public: `${seen.kind} is the system’s own work: it can be cancelled, not changed, retried or deleted.`,
      internal: `a caller wanted to change a task of the system, ${seen.kind}`,
    })
  }
  const owner = await changedBy(asking)
  if (owner === undefined || seen.created_by === owner) return seen
  throw taskFault('tasks.not_yours', {
    public: 'Somebody else made this task. You need the permission task.manage to change it.',
    internal: `${asking.caller.id} may not change a task of ${seen.created_by}`,
  })
}

/** The task when the caller may cancel it: whoever made it, and who may cancel any. @throws tasks.not_found, tasks.not_yours */
export async function demandCancellable(task: Task | undefined, asking: Asking): Promise<Task> {
  const seen = await demandSeen(task, asking)
  if (seen.created_by === asking.caller.id) return seen
  if ((await may(asking, 'task.cancel')) || (await may(asking, 'task.manage'))) return seen
  throw taskFault('tasks.not_yours', {
    public: 'Somebody else made this task. You need the permission task.cancel to cancel it.',
    internal: `${asking.caller.id} may not cancel a task of ${seen.created_by}`,
  })
}
