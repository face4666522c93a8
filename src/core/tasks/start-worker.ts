import type { Logger } from '../../kernel/logger.ts'
import type { Database, Listener } from '../../platform/database/index.ts'
import type { Queue } from '../../platform/queue/index.ts'
import { CANCEL_CHANNEL } from './cancel-task.ts'
import { type Dispatch, TASK_QUEUE } from './enqueue-task.ts'
import { type Executor, taskExecutor } from './executor.ts'
import type { Outcome } from './outcome.ts'
import type { TaskKind } from './task-kind.ts'

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
  const executor = taskExecutor(options)
  const cancels = await hearCancels(options.listener, executor)
  await options.queue.work<Dispatch>(
    TASK_QUEUE,
    { slots: options.concurrency, slotsPerGroup: options.concurrencyPerTenant },
    executor.run,
  )
  return {
    running: executor.running,
    handBack: async () => {
      // In the other order this process would fetch what it has just handed back.
      await options.queue.stopFetching(TASK_QUEUE)
      executor.stopAll('shutdown')
    },
    close: () => cancels.close(),
  }
}

/** Stops the executor's tasks that are cancelled, until closed. */
export const hearCancels = (listener: Listener, executor: Executor): Promise<{ close(): Promise<void> }> =>
  listener.listen({
    channel: CANCEL_CHANNEL,
    onMessage: executor.cancel,
    // A cancel that was sent while nobody listened is found in the row.
    onConnected: executor.refresh,
  })
