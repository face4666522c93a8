import type { Database } from '../../platform/database/index.ts'
import type { Queue, QueueDefinition } from '../../platform/queue/index.ts'
import { type EnqueueTask, enqueueTaskWith, TASK_QUEUE } from './enqueue-task.ts'
import { taskRoutes } from './routes.ts'

export { cancelTask } from './cancel-task.ts'
export type { EnqueueTask } from './enqueue-task.ts'
export { taskNotFound } from './faults.ts'
export { PermanentFailure, TaskStopped } from './outcome.ts'
export { queueCheck } from './queue-check.ts'
export { redispatchForgottenTasks, startReaper } from './reap-lost-tasks.ts'
export { tenantOfTask } from './routes.ts'
export { startWorker, type Worker, type WorkerOptions } from './start-worker.ts'
export { isEnded, TASK_STATUSES, type TaskStatus } from './status.ts'
export {
  addToProgress,
  advanceProgress,
  findLastTask,
  findTask,
  insistOnTask,
  listRunningTasks,
  listTasks,
  lockRunningTask,
  type RunningTask,
  saveProgress,
  type Task,
} from './store.ts'
export { defineTaskKind, type TaskContext, type TaskKind } from './task-kind.ts'

export const tasksMigrations = { module: 'core/tasks', directory: new URL('./migrations/', import.meta.url) }

/** A worker silent for this long loses its delivery; the lease in the task row decides who may write. */
export const taskQueue: QueueDefinition = { name: TASK_QUEUE, heartbeatSeconds: 20 }

export const taskPermissions = { 'task.read': 'viewer', 'task.cancel': 'agent' } as const

/** Durable background work. `enqueue` joins the caller's transaction; workers and reaper are started by the process that has the role. */
export function tasksModule({ database, queue }: { database: Database; queue: Queue }) {
  return { routes: taskRoutes(database), enqueue: enqueueTaskWith(queue) satisfies EnqueueTask }
}
