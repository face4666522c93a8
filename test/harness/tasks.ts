import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { enqueueTaskWith } from '../../src/core/tasks/enqueue-task.ts'
import {
  cancelTask,
  type EnqueueTask,
  findTask,
  startReaper,
  startWorker,
  type Task,
  type TaskKind,
  type Worker,
} from '../../src/core/tasks/index.ts'
import { type TenantId, tenantId } from '../../src/kernel/tenant-id.ts'
import { openListener } from '../../src/platform/database/index.ts'
import type { Queue } from '../../src/platform/queue/index.ts'
import { silent, testDatabase } from './database.ts'
import { type OpenTransport, openPostgresTransport } from './transports.ts'
import { waitFor } from './wait-for.ts'

/** Tasks of one tenant that run at once, unless a test says otherwise. */
const PER_TENANT = 4

/**
 * The task engine on a database of this file's own, with the tenants `tenants`; workers are started by the tests.
 * `perTenant` is for transports that keep the share of a tenant where messages leave.
 */
export function testTasks(
  tenants: readonly string[] = ['tenant_a', 'tenant_b'],
  open: OpenTransport = openPostgresTransport,
  perTenant = PER_TENANT,
) {
  const db = testDatabase({ max: 12 })
  let queue: Queue
  let enqueue: EnqueueTask
  beforeAll(async () => {
    queue = await open(db.url, { perTenant })
    enqueue = enqueueTaskWith(queue)
    await db.database.acrossTenants('test tenants', async (tx) => {
      for (const tenant_id of tenants) await tx.insertInto('tenants').values({ tenant_id, name: tenant_id }).execute()
    })
  })
  afterAll(() => queue?.stop(1))

  const find = (task: { tenantId: TenantId; taskId: string }) =>
    db.database.withTenant(task.tenantId, (tx) => findTask(tx, task.taskId))

  return {
    db,
    get queue() {
      return queue
    },
    get enqueue() {
      return enqueue
    },
    find,

    /** Adds a task in a transaction of its own. */
    add: async <Payload>(tenant: string, kind: TaskKind<Payload, never>, payload: Payload) => {
      const id = tenantId(tenant)
      const { taskId } = await db.database.withTenant(id, (tx) => enqueue(tx, id, kind, payload, { createdBy: 'test' }))
      return { tenantId: id, taskId }
    },

    cancel: (task: { tenantId: TenantId; taskId: string }) =>
      db.database.withTenant(task.tenantId, (tx) => cancelTask(tx, { ...task, cancelledBy: 'test' })),

    /** Waits until the task is in one of these states. */
    reaches: (task: { tenantId: TenantId; taskId: string }, ...statuses: Task['status'][]) =>
      waitFor(`the task never became ${statuses.join(' or ')}`, async () => {
        const found = await find(task)
        return found && statuses.includes(found.status) ? found : undefined
      }),

    /** A worker with its own queue connection, as another process would have; stopped after the test. */
    work: async (
      kinds: readonly TaskKind<never, never>[],
      options: { concurrency?: number; perTenant?: number; leaseSeconds?: number; reap?: boolean } = {},
    ): Promise<Worker & { stop(): Promise<void> }> => {
      const own = await open(db.url, { perTenant: options.perTenant ?? perTenant })
      const listener = await openListener({ url: db.url, logger: silent })
      const worker = await startWorker({
        database: db.database,
        listener,
        queue: own,
        logger: silent,
        kinds: kinds as unknown as TaskKind[],
        owner: randomUUID(),
        leaseSeconds: options.leaseSeconds ?? 30,
        concurrency: options.concurrency ?? 4,
        concurrencyPerTenant: options.perTenant ?? perTenant,
      })
      const reaper = options.reap
        ? startReaper({ database: db.database, queue: own, logger: silent, everySeconds: 1 })
        : undefined
      let stopped: Promise<void> | undefined
      const stop = () => {
        stopped ??= (async () => {
          await reaper?.stop()
          await worker.handBack()
          await own.stop(15)
          await worker.close()
          await listener.close()
        })()
        return stopped
      }
      onTestFinished(stop)
      return { ...worker, stop }
    },
  }
}
