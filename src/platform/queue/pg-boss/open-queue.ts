import { sql } from 'kysely'
import { fromKysely, PgBoss } from 'pg-boss'
import type { Logger } from '../../../kernel/logger.ts'
import { connectionSettings, ROLES } from '../../database/index.ts'
import type { Queue } from '../queue.ts'
import { QUEUE_SCHEMA } from './install-queue.ts'

/** NOTIFY wakes the workers; this is the backstop for jobs that fall due later and for a lost listener. */
const BACKSTOP_POLL_SECONDS = 4
/** How often jobs that ended are removed. The engine's own is a day, and all of a day by one statement. */
const MAINTAIN_SECONDS = 600
/** How soon jobs of a worker that died are noticed, on top of the queue's heartbeat. */
const SUPERVISE_SECONDS = 10

/**
 * Opens the queue engine (pg-boss) on its own small pool.
 * `supervise`: this process also does the engine's upkeep; several may.
 */
export async function openQueue(options: {
  url: string
  logger: Logger
  supervise: boolean
  max: number
}): Promise<Queue> {
  const { logger } = options
  const boss = new PgBoss({
    ...(connectionSettings(options.url, ROLES.system, 'queue') as { connectionString: string; options: string }),
    schema: QUEUE_SCHEMA,
    max: options.max,
    migrate: false,
    createSchema: false,
    schedule: false,
    supervise: options.supervise,
    superviseIntervalSeconds: SUPERVISE_SECONDS,
    monitorIntervalSeconds: SUPERVISE_SECONDS,
    maintenanceIntervalSeconds: MAINTAIN_SECONDS,
    // Rebuilding an index takes its owner, which this login does not act as.
    reindex: false,
    useListenNotify: true,
  })
  boss.on('error', (err) => logger.warn({ err, component: 'queue' }, 'the queue engine met an error'))
  boss.on('warning', (warning) => logger.warn({ component: 'queue', reason: warning.message }, 'queue engine warning'))
  await boss.start()
  let stopping: Promise<void> | undefined

  return {
    add: async (tx, queue, entries) => {
      await boss.insert(
        queue,
        entries.map(({ data, group, priority, startAfterSeconds }) => ({
          data,
          group: { id: group },
          priority,
          // Seconds, not a date: the database's clock decides, not this process's.
          ...(startAfterSeconds ? { startAfter: startAfterSeconds } : {}),
        })),
        { db: fromKysely(tx), returnId: false },
      )
    },

    work: async <Data extends object>(
      queue: string,
      { slots, slotsPerGroup }: { slots: number; slotsPerGroup: number },
      handler: (data: Data) => Promise<void>,
    ) => {
      // One engine worker per slot, so that a slot that becomes free fetches at once by waking itself: left alone it
      // would wait out its polling interval after every job.
      for (let slot = 0; slot < slots; slot += 1) {
        const wake = { self: '' }
        wake.self = await boss.work<Data>(
          queue,
          { batchSize: 1, groupConcurrency: slotsPerGroup, notifyPollingIntervalSeconds: BACKSTOP_POLL_SECONDS },
          async ([job]) => {
            try {
              if (job) await handler(job.data)
            } finally {
              boss.notifyWorker(wake.self)
            }
          },
        )
      }
    },

    carries: (queue, field, value) => sql<boolean>`exists (
      select from pgboss.job where name = ${queue} and state < 'completed' and data ->> ${sql.lit(field)} = ${value})`,

    // What the engine gives up, because worker after worker died over it, is found by whoever asks `carries`.
    watchDead: async () => {},

    // Resolves at once: the engine's own stop waits for the jobs, and closes other things first.
    stopFetching: (queue) => boss.offWork(queue, { wait: false }),

    stop: (graceSeconds) => (stopping ??= boss.stop({ graceful: true, timeout: graceSeconds * 1_000 })),
  }
}
