import type { Dispatch } from './enqueue-task.ts'
import type { StopReason } from './outcome.ts'
import { type RunningTasks, type RunTaskDependencies, runTask } from './run-task.ts'
import type { TaskKind } from './task-kind.ts'

const CANCELS_REMEMBERED = 100

export type ExecutorOptions = Omit<RunTaskDependencies, 'kinds' | 'running'> & { kinds: readonly TaskKind[] }

/** Runs tasks that somebody was told of, however they were: by a queue that is asked, or by an event. */
export type Executor = {
  running(): number
  /** Claims the task and runs it to its end; does nothing when it cannot be claimed. Rejects after `stopAll`. */
  run(dispatch: Dispatch): Promise<void>
  /** A cancel that somebody was told of; most are of other processes. */
  cancel(taskId: string): void
  /** Looks for cancels that were missed. */
  refresh(): void
  /** Tells the running handlers to stop; what they leave goes to another process. Takes no more until `resume`. */
  stopAll(why: StopReason): void
  resume(): void
}

export function taskExecutor(options: ExecutorOptions): Executor {
  const running: RunningTasks = { byId: new Map(), stopping: false, cancelledBefore: new Set() }
  const dependencies = { ...options, running, kinds: new Map(options.kinds.map((kind) => [kind.name, kind])) }
  return {
    running: () => running.byId.size,
    run: async (dispatch) => {
      // Fetched in the moment of stopping, perhaps what was handed back just now: the queue gives it to somebody else.
      if (running.stopping) throw new Error('this process is stopping')
      await runTask(dependencies, dispatch)
    },
    cancel: (taskId) => {
      const task = running.byId.get(taskId)
      if (task) return task.stop('cancelled')
      // Between the claim and the handler's start; most are of other processes and soon forgotten.
      running.cancelledBefore.add(taskId)
      const [oldest] = running.cancelledBefore
      if (running.cancelledBefore.size > CANCELS_REMEMBERED && oldest) running.cancelledBefore.delete(oldest)
    },
    refresh: () => {
      for (const task of running.byId.values()) void task.refresh()
    },
    stopAll: (why) => {
      running.stopping = true
      for (const task of running.byId.values()) task.stop(why)
    },
    resume: () => {
      running.stopping = false
    },
  }
}
