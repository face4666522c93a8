import type { Logger } from '../../kernel/logger.ts'
import type { Database, Listener } from '../../platform/database/index.ts'
import type { Queue } from '../../platform/queue/index.ts'
import { CANCEL_CHANNEL } from './cancel-task.ts'
import { type Dispatch, TASK_QUEUE } from './enqueue-task.ts'
import type { Outcome } from './outcome.ts'
import { type RunningTasks, runTask } from './run-task.ts'
import type { TaskKind } from './task-kind.ts'

const CANCELS_REMEMBERED = 100

export type WorkerOptions = {
  database: Database
  listener: Listener
  queue: Queue
  logger: Logger
  kinds: readonly TaskKind[]
  owner: string
  leaseSeconds: number
  concurrency: number
  concurrencyPerTenant: number
  onStarted?: (started: { kind: string; waitedSeconds: number }) => void
  onEnded?: (ended: { kind: string; outcome: Outcome['kind']; seconds: number }) => void
}

export type Worker = {
  running(): number
  /**
   * Takes no more tasks and tells the running handlers to stop; what they leave goes to another process. The queue's
   * own `stop` then waits for them.
   */
  handBack(): Promise<void>
  close(): Promise<void>
}

/** Works tasks in this process and listens for cancels. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const running: RunningTasks = { byId: new Map(), stopping: false, cancelledBefore: new Set() }
  const cancels = await options.listener.listen({
    channel: CANCEL_CHANNEL,
    onMessage: (taskId) => {
      const task = running.byId.get(taskId)
      if (task) return task.stop('cancelled')
      // Between the claim and the handler's start; most are of other processes and soon forgotten.
      running.cancelledBefore.add(taskId)
      const [oldest] = running.cancelledBefore
      if (running.cancelledBefore.size > CANCELS_REMEMBERED && oldest) running.cancelledBefore.delete(oldest)
    },
    // A cancel that was sent while nobody listened is found in the row.
    onConnected: () => {
      for (const task of running.byId.values()) void task.refresh()
    },
  })
  const dependencies = { ...options, running, kinds: new Map(options.kinds.map((kind) => [kind.name, kind])) }
  await options.queue.work<Dispatch>(
    TASK_QUEUE,
    { slots: options.concurrency, slotsPerGroup: options.concurrencyPerTenant },
    (task) => {
      // Fetched in the moment of stopping, perhaps what was handed back just now: the engine gives it to somebody else.
      if (running.stopping) throw new Error('this process is stopping')
      return runTask(dependencies, task)
    },
  )
  return {
    running: () => running.byId.size,
    handBack: async () => {
      // In the other order this process would fetch what it has just handed back.
      await options.queue.stopFetching(TASK_QUEUE)
      running.stopping = true
      for (const task of running.byId.values()) task.stop('shutdown')
    },
    close: () => cancels.close(),
  }
}
