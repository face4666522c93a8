import type { Logger } from '../../kernel/logger.ts'
import { type Repetition, repeat } from '../../kernel/repeat.ts'
import { tenantId } from '../../kernel/tenant-id.ts'
import type { Database } from '../../platform/database/index.ts'
import type { Queue } from '../../platform/queue/index.ts'
import { dispatch } from './enqueue-task.ts'
import { type ReapedTask, reapExpired } from './store.ts'

const REAP_EVERY_SECONDS = 5
const REAP_AT_ONCE = 100

/** Frees the tasks of workers that went away and tells the workers about those to be tried again; one transaction. */
export async function reapLostTasks(database: Database, queue: Queue): Promise<ReapedTask[]> {
  return database.acrossTenants('a dead worker leaves tasks of any tenant behind', async (tx) => {
    const reaped = await reapExpired(tx, REAP_AT_ONCE)
    for (const task of reaped) {
      if (task.status !== 'retrying') continue
      await dispatch(queue, tx, { tenantId: tenantId(task.tenant_id), taskId: task.task_id }, { priority: 0 })
    }
    return reaped
  })
}

/** Reaps every few seconds until stopped. Several processes may: rows are locked and skipped. */
export function startReaper(options: {
  database: Database
  queue: Queue
  logger: Logger
  onLost?: (count: number) => void
}): Repetition {
  const { database, queue, logger } = options
  return repeat({
    everySeconds: REAP_EVERY_SECONDS,
    work: async () => {
      const reaped = await reapLostTasks(database, queue)
      for (const { tenant_id, task_id, kind: task_kind, status } of reaped) {
        logger.warn({ tenant_id, task_id, task_kind, status }, 'a task lost its worker')
      }
      options.onLost?.(reaped.length)
      return reaped.length === REAP_AT_ONCE ? 'again' : undefined
    },
    onError: (err) => logger.warn({ err, component: 'reaper' }, 'could not look for lost tasks'),
  })
}
