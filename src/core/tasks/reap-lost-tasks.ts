import { sql } from 'kysely'
import type { Logger } from '../../kernel/logger.ts'
import { type Repetition, repeat } from '../../kernel/repeat.ts'
import { tenantId } from '../../kernel/tenant-id.ts'
import type { Database, SystemTx } from '../../platform/database/index.ts'
import type { Queue } from '../../platform/queue/index.ts'
import { type Dispatch, dispatchAll, TASK_QUEUE } from './enqueue-task.ts'
import { isEnded } from './status.ts'
import { failGivenUp, findForgotten, type ReapedTask, reapExpired } from './store/lost-and-waiting.ts'

const LOOK_FOR_FORGOTTEN_EVERY_SECONDS = 60
/** Longer than the engine takes to hand out the job of a dead worker again. */
const FORGOTTEN_AFTER_SECONDS = 120
const AT_ONCE = 100

type Dependencies = { database: Database; queue: Queue }

/** Frees the tasks of workers that went away and tells the workers about those to be tried again; one transaction. */
export function reapLostTasks({ database, queue }: Dependencies): Promise<ReapedTask[]> {
  return database.acrossTenants('a dead worker leaves tasks of any tenant behind', async (tx) => {
    const reaped = await reapExpired(tx, AT_ONCE)
    await tellWorkers(
      queue,
      tx,
      reaped.filter(({ status }) => !isEnded(status)),
    )
    return reaped
  })
}

/** Tells the workers again about tasks that nothing points to any more; returns how many. */
export function redispatchForgottenTasks(
  { database, queue }: Dependencies,
  waitedSeconds = FORGOTTEN_AFTER_SECONDS,
): Promise<number> {
  return database.acrossTenants('the queue may have forgotten tasks of any tenant', async (tx) => {
    const isPointedTo = queue.carries(TASK_QUEUE, 'taskId', sql`task_id::text`)
    const forgotten = await findForgotten(tx, { isPointedTo, waitedSeconds, limit: AT_ONCE })
    await tellWorkers(queue, tx, forgotten)
    return forgotten.length
  })
}

/** Ends waiting tasks that the queue gives up, from now on until it is stopped. */
export const endGivenUpTasks = (queue: Queue, logger: Logger): Promise<void> =>
  queue.watchDead<Dispatch>(TASK_QUEUE, async (tx, dispatch) => {
    const { tenantId: tenant_id, taskId: task_id } = dispatch
    if (await failGivenUp(tx, dispatch)) logger.warn({ tenant_id, task_id }, 'the queue gave a task up')
  })

type Waiting = { tenant_id: string; task_id: string; rank: number }

const tellWorkers = (queue: Queue, tx: SystemTx, tasks: readonly Waiting[]) =>
  dispatchAll(
    queue,
    tx,
    tasks.map(({ tenant_id, task_id, rank }) => ({ tenantId: tenantId(tenant_id), taskId: task_id, rank })),
  )

type ReaperOptions = Dependencies & {
  logger: Logger
  everySeconds?: number
  onLost?: (reaped: readonly ReapedTask[]) => void
}

/**
 * Frees lost tasks every so many seconds (5), and looks for forgotten ones every minute, until stopped. Several processes
 * may: rows are locked, telling twice is harmless.
 */
export function startReaper(options: ReaperOptions): { stop(): Promise<void> } {
  const { logger } = options
  const reaper = repeat({
    everySeconds: options.everySeconds ?? 5,
    work: async () => {
      const reaped = await reapLostTasks(options)
      for (const { tenant_id, task_id, kind: task_kind, status } of reaped) {
        logger.warn({ tenant_id, task_id, task_kind, status }, 'a task lost its worker')
      }
      options.onLost?.(reaped)
      return reaped.length === AT_ONCE ? 'again' : undefined
    },
    onError: (err) => logger.warn({ err, component: 'reaper' }, 'could not look for lost tasks'),
  })
  const finder: Repetition = repeat({
    everySeconds: LOOK_FOR_FORGOTTEN_EVERY_SECONDS,
    work: async () => {
      const count = await redispatchForgottenTasks(options)
      if (count > 0) logger.warn({ count, component: 'reaper' }, 'tasks that the queue had forgotten are back in it')
      return count === AT_ONCE ? 'again' : undefined
    },
    onError: (err) => logger.warn({ err, component: 'reaper' }, 'could not look for forgotten tasks'),
  })
  return {
    stop: async () => {
      await Promise.all([reaper.stop(), finder.stop()])
    },
  }
}
