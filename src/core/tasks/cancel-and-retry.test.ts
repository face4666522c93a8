import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { silent } from '../../../test/harness/database.ts'
import { testTasks } from '../../../test/harness/tasks.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { sleep } from '../../kernel/abort.ts'
import { tenantId } from '../../kernel/tenant-id.ts'
import { type Database, openListener } from '../../platform/database/index.ts'
import { openQueue } from '../../platform/queue/index.ts'
import { dispatchAll } from './enqueue-task.ts'
import { cancelTask, defineTaskKind, PermanentFailure, startWorker, type TaskContext, type TaskKind } from './index.ts'
import { requestCancel } from './store/cancel.ts'

const tasks = testTasks()
const tenantA = tenantId('tenant_a')
const HOUR_MS = 3_600_000

function kindOf(
  name: string,
  handle: (context: TaskContext<object, object>) => Promise<unknown>,
  retry = { attemptsMax: 3, baseSeconds: 0, capSeconds: 0 },
) {
  const kind = defineTaskKind<object, object>({ name, payload: z.object({}), retry, timeLimitSeconds: 60, handle })
  return kind as unknown as typeof kind & Parameters<typeof tasks.work>[0][number]
}

const cancel = ({ taskId }: { taskId: string }) =>
  tasks.db.database.withTenant(tenantA, (tx) => cancelTask(tx, { tenantId: tenantA, taskId, cancelledBy: 'test' }))

describe('a cancel', () => {
  it('that comes between the claim and the start of the handler reaches the handler', async () => {
    const claimed = Promise.withResolvers<void>()
    const mayStart = Promise.withResolvers<void>()
    const untilStopped = ({ signal }: TaskContext<object, object>) => sleep(HOUR_MS, signal)
    const [early, other] = [kindOf('test.cancelled_early', untilStopped), kindOf('test.cancelled_later', untilStopped)]
    const { database } = tasks.db
    // Holds the worker in the moment in which the claim is committed and nobody has registered the handler yet.
    const pausing: Database = {
      ...database,
      withTenant: async (tenant, work) => {
        const result = await database.withTenant(tenant, work)
        if ((result as { kind?: string } | undefined)?.kind === early.name) {
          claimed.resolve()
          await mayStart.promise
        }
        return result
      },
    }
    const queue = await openQueue({ url: tasks.db.url, logger: silent, supervise: false, max: 2 })
    const listener = await openListener({ url: tasks.db.url, logger: silent })
    const worker = await startWorker({
      ...{ database: pausing, listener, queue, logger: silent, owner: randomUUID() },
      kinds: [early, other] as unknown as TaskKind[],
      // Not extended during the test: only the notification can bring the cancel.
      ...{ leaseSeconds: 3_600, concurrency: 2, concurrencyPerTenant: 2 },
    })
    onTestFinished(async () => {
      mayStart.resolve()
      await worker.handBack()
      await queue.stop(15)
      await worker.close()
      await listener.close()
    })

    const task = await tasks.add('tenant_a', early, {})
    await claimed.promise
    expect(await cancel(task)).toBe('cancelling')
    // Notifications come in order: when this one has arrived, so has the one before.
    const later = await tasks.add('tenant_a', other, {})
    await tasks.reaches(later, 'running')
    await cancel(later)
    await tasks.reaches(later, 'cancelled')
    mayStart.resolve()
    expect(await tasks.reaches(task, 'cancelled')).toMatchObject({ attempt: 1, result: null, error: null })
  })

  it.each([
    ['an attempt that fails and would be tried again', () => new Error('broken')],
    ['a failure for good', () => new PermanentFailure({ code: 'test.refused', message: 'No.' })],
  ])('wins over %s', async (what, failure) => {
    const kind = kindOf(`test.cancelled_and ${what}`, async ({ taskId }) => {
      // Without the notification: the handler ends by its own failure, and the row alone knows of the cancel.
      await tasks.db.database.withTenant(tenantA, (tx) => requestCancel(tx, taskId))
      throw failure()
    })
    await tasks.work([kind], { leaseSeconds: 3_600 })
    const task = await tasks.add('tenant_a', kind, {})
    expect(await tasks.reaches(task, 'cancelled', 'failed', 'retrying')).toMatchObject({
      ...{ status: 'cancelled', attempt: 1, error: null, result: null },
      ended_at: expect.any(Date),
    })
  })
})

describe('a task that is to be tried again', () => {
  const inAnHour = { attemptsMax: 2, baseSeconds: 3_600, capSeconds: 3_600 }
  const dueTimes = (taskId: string) =>
    tasks.db.database.acrossTenants('the test compares the task with its job', async (tx) => {
      const { rows } = await sql<{ is_later: boolean; is_early: boolean }>`
        select run_after > clock_timestamp() as is_later, start_after < run_after as is_early
        from tasks join pgboss.job on data ->> 'taskId' = task_id::text and state = 'created'
        where task_id = ${taskId}`.execute(tx)
      return rows[0]
    })

  it('is handed out by the queue when it is due, and never a moment before', async () => {
    const kind = kindOf('test.due', () => Promise.reject(new Error('not yet')), inAnHour)
    await tasks.work([kind])
    const task = await tasks.add('tenant_a', kind, {})
    await tasks.reaches(task, 'retrying')
    const due = await waitFor('the queue has no job for it', () => dueTimes(task.taskId))
    expect(due).toEqual({ is_later: true, is_early: false })
  })

  it('is not taken before it is due by whoever is told too early', async () => {
    const attempts: number[] = []
    const kind = kindOf(
      'test.told_early',
      async ({ attempt }) => {
        attempts.push(attempt)
        if (attempt === 1) throw new Error('not yet')
      },
      inAnHour,
    )
    const marker = kindOf('test.told_after', async () => {})
    await tasks.work([kind, marker], { concurrency: 1 })
    const task = await tasks.add('tenant_a', kind, {})
    await tasks.reaches(task, 'retrying')
    await tasks.db.database.withTenant(tenantA, (tx) => dispatchAll(tasks.queue, tx, [{ ...task, rank: 0 }]))
    // One worker takes one after the other: when this one has run, the early one was looked at.
    await tasks.reaches(await tasks.add('tenant_a', marker, {}), 'succeeded')
    expect(attempts).toEqual([1])
    expect(await tasks.find(task)).toMatchObject({ status: 'retrying', attempt: 1 })
  })
})
