import { randomUUID } from 'node:crypto'
import { Pool } from 'pg'
import { PgBoss } from 'pg-boss'
import { z } from 'zod'
import { addTasks, defineTaskKind, startWorker, type TaskKind } from '../src/core/tasks/index.ts'
import { createLogger } from '../src/kernel/logger.ts'
import { tenantId as asTenantId } from '../src/kernel/tenant-id.ts'
import { openDatabase, openListener } from '../src/platform/database/index.ts'
import { openQueue } from '../src/platform/queue/index.ts'

/** Something that takes work and does nothing with it but say that it began. */
export type Peer = {
  /** Each in one transaction of its own when there is one, else all in one. */
  add(tenant: string, ids: readonly number[]): Promise<void>
  /** Works so many at a time, `perTenant` of one tenant's; `began` is told of each. Returns how to stop. */
  work(options: { slots: number; perTenant: number; seconds: number }): Promise<() => Promise<void>>
  close(): Promise<void>
}
export type Began = (id: number) => void

const silent = createLogger({ level: 'silent' })
const wait = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000))

/** The task engine as a process of the system opens it, with the default sizes. */
export async function openSignalbox(url: string, began: Began): Promise<Peer> {
  const database = openDatabase({ url, max: 12, logger: silent })
  const queue = await openQueue({ url, logger: silent, supervise: true, max: 4 })
  let seconds = 0
  const kind = defineTaskKind<{ id: number }>({
    name: 'bench.nothing',
    payload: z.strictObject({ id: z.int() }),
    retry: { attemptsMax: 3, baseSeconds: 1, capSeconds: 1 },
    timeLimitSeconds: 60,
    handle: async ({ payload }) => {
      began(payload.id)
      if (seconds > 0) await wait(seconds)
    },
  })
  return {
    add: (tenant, ids) => {
      const tenantId = asTenantId(tenant)
      const tasks = ids.map((id) => ({ kind: kind.name, payload: { id }, attemptsMax: 3, createdBy: 'bench' }))
      return database.withTenant(tenantId, async (tx) => void (await addTasks(queue, tx, tenantId, tasks)))
    },
    work: async ({ slots, perTenant, seconds: each }) => {
      seconds = each
      const own = await openQueue({ url, logger: silent, supervise: false, max: 4 })
      const listener = await openListener({ url, logger: silent })
      const worker = await startWorker({
        ...{ database, listener, queue: own, logger: silent, kinds: [kind as unknown as TaskKind] },
        ...{ owner: randomUUID(), leaseSeconds: 30, concurrency: slots, concurrencyPerTenant: perTenant },
      })
      return async () => {
        await worker.handBack()
        await own.stop(15)
        await worker.close()
        await listener.close()
      }
    },
    close: async () => {
      await queue.stop(5)
      await database.close()
    },
  }
}

/**
 * pg-boss alone on the same server with the same queue options: one worker for each slot that fetches again at once, or, `batch` above
 * 1, one for all that takes so many at a time and ends them together. Nothing but the job is written.
 */
export async function openBare(url: string, began: Began, batch: number): Promise<Peer> {
  const pool = new Pool({ connectionString: url, max: 12 })
  // The server’s end, which comes before that of a benchmark that failed, must not hide why.
  pool.on('error', () => undefined)
  const open = async () => {
    const boss = new PgBoss({ connectionString: url, schema: 'bare', max: 4, schedule: false, useListenNotify: true })
    boss.on('error', () => undefined)
    await boss.start()
    return boss
  }
  const boss = await open()
  if (!(await boss.getQueue('work')))
    await boss.createQueue('work', { heartbeatSeconds: 20, notify: true, retryLimit: 10 })
  return {
    // In a transaction of the caller’s, as work that belongs to what he writes has to be.
    add: async (tenant, ids) => {
      const jobs = ids.map((id) => ({ data: { id }, group: { id: tenant } }))
      const client = await pool.connect()
      await client.query('begin')
      const db = { executeSql: (text: string, values?: unknown[]) => client.query(text, values) }
      await boss.insert('work', jobs, { db, returnId: false })
      await client.query('commit')
      client.release()
    },
    work: async ({ slots, perTenant, seconds }) => {
      const own = await open()
      for (let slot = 0; slot < (batch > 1 ? 1 : slots); slot += 1) {
        const wake = { self: '' }
        const options = { batchSize: batch, groupConcurrency: perTenant, notifyPollingIntervalSeconds: 4 }
        wake.self = await own.work<{ id: number }>('work', options, async (jobs) => {
          for (const { data } of jobs) began(data.id)
          if (seconds > 0) await wait(seconds)
          own.notifyWorker(wake.self)
        })
      }
      return async () => own.stop({ graceful: true, timeout: 15_000 })
    },
    close: async () => {
      await boss.stop({ graceful: true, timeout: 5_000 })
      await pool.end()
    },
  }
}
