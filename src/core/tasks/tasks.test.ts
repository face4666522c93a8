import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { administer } from '../../../test/harness/server.ts'
import { testTasks } from '../../../test/harness/tasks.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { sleep } from '../../kernel/abort.ts'
import { tenantId } from '../../kernel/tenant-id.ts'
import { addTasks } from './enqueue-task.ts'
import {
  cancelTask,
  defineTaskKind,
  PermanentFailure,
  redispatchForgottenTasks,
  type TaskContext,
  TaskStopped,
} from './index.ts'

const tasks = testTasks()
const tenantA = tenantId('tenant_a')
const atOnce = { attemptsMax: 3, baseSeconds: 0, capSeconds: 0 }
const HOUR_MS = 3_600_000

type Step = { step: number }

/** A kind whose handler the test writes. */
function kindOf(name: string, handle: (context: TaskContext<Step, Step>) => Promise<unknown>, timeLimitSeconds = 60) {
  const kind = defineTaskKind<Step, Step>({
    name,
    payload: z.object({ step: z.int() }),
    retry: atOnce,
    timeLimitSeconds,
    handle,
  })
  return kind as unknown as typeof kind & Parameters<typeof tasks.work>[0][number]
}

const cancel = ({ taskId }: { taskId: string }, tenant = tenantA) =>
  tasks.db.database.withTenant(tenant, (tx) => cancelTask(tx, { tenantId: tenant, taskId, cancelledBy: 'test' }))

/** Every job in the queue; the engine's own count may be an hour old. */
const jobs = async () =>
  (await administer(tasks.db.url, (superuser) => superuser.query('select id from pgboss.job order by id'))).rows

describe('enqueue', () => {
  it('adds nothing when the caller’s transaction rolls back', async () => {
    const kind = kindOf('test.rolled_back', async () => {})
    const before = await jobs()
    await expect(
      tasks.db.database.withTenant(tenantA, async (tx) => {
        await tasks.enqueue(tx, tenantA, kind, { step: 1 }, { createdBy: 'test' })
        throw new Error('the business changed its mind')
      }),
    ).rejects.toThrow('changed its mind')
    const { rows } = await tasks.db.database.withTenant(tenantA, (tx) =>
      sql`select 1 from tasks where kind = 'test.rolled_back'`.execute(tx),
    )
    expect(rows).toEqual([])
    expect(await jobs()).toEqual(before)
  })

  it('lets exactly one of 64 simultaneous callers create the task of a unique key', async () => {
    const kind = kindOf('test.unique', async () => {})
    const answers = await Promise.all(
      Array.from({ length: 64 }, () =>
        tasks.db.database.withTenant(tenantA, (tx) =>
          tasks.enqueue(tx, tenantA, kind, { step: 1 }, { uniqueKey: 'only', createdBy: 'test' }),
        ),
      ),
    )
    expect(answers.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(answers.map(({ taskId }) => taskId)).size).toBe(1)
    await cancel({ taskId: answers[0]?.taskId ?? '' })
  })

  it('refuses a payload that does not fit the kind', async () => {
    const kind = kindOf('test.payload', async () => {})
    await expect(tasks.add('tenant_a', kind, { step: 'one' } as unknown as Step)).rejects.toThrow(/step/)
  })
})

describe('a task', () => {
  it('runs once and keeps its result', async () => {
    const runs: number[] = []
    const kind = kindOf('test.once', async ({ payload, attempt }) => {
      runs.push(attempt)
      return { doubled: payload.step * 2 }
    })
    await tasks.work([kind])
    const done = await tasks.reaches(await tasks.add('tenant_a', kind, { step: 21 }), 'succeeded')
    expect(done).toMatchObject({ result: { doubled: 42 }, attempt: 1, error: null })
    expect(runs).toEqual([1])
  })

  it('is tried again after a failure and goes on from the progress it has written', async () => {
    const seen: unknown[] = []
    const kind = kindOf('test.resumes', async ({ attempt, progress, write }) => {
      seen.push(progress)
      await write(async () => ({ step: attempt }))
      if (attempt < 3) throw new Error('not yet')
    })
    await tasks.work([kind])
    const done = await tasks.reaches(await tasks.add('tenant_a', kind, { step: 0 }), 'succeeded')
    expect(done).toMatchObject({ attempt: 3, progress: { step: 3 } })
    expect(seen).toEqual([{}, { step: 1 }, { step: 2 }])
  })

  it('fails when its attempts are used up, and at once when trying again cannot help', async () => {
    const hopeless = kindOf('test.hopeless', async () => {
      throw new Error('again')
    })
    const refused = kindOf('test.refused', async () => {
      throw new PermanentFailure({ code: 'test.refused', message: 'No means no.' })
    })
    await tasks.work([hopeless, refused])
    expect(await tasks.reaches(await tasks.add('tenant_a', hopeless, { step: 0 }), 'failed')).toMatchObject({
      attempt: 3,
    })
    expect(await tasks.reaches(await tasks.add('tenant_a', refused, { step: 0 }), 'failed')).toMatchObject({
      attempt: 1,
      error: { code: 'test.refused', message: 'No means no.' },
    })
  })

  it('fails when it takes longer than its time limit', async () => {
    const kind = kindOf('test.endless', ({ signal }) => sleep(HOUR_MS, signal), 0.1)
    await tasks.work([kind])
    expect(await tasks.reaches(await tasks.add('tenant_a', kind, { step: 0 }), 'failed')).toMatchObject({
      error: { code: 'tasks.time_limit' },
    })
  })

  it('writes nothing of a page when the page’s transaction throws', async () => {
    const kind = kindOf('test.torn_page', async ({ write }) => {
      await write(async () => ({ step: 1 }))
      await write(async (tx) => {
        await sql`update tenants set name = 'torn'`.execute(tx)
        throw new PermanentFailure({ code: 'test.torn', message: 'Torn.' })
      })
    })
    await tasks.work([kind])
    const failed = await tasks.reaches(await tasks.add('tenant_a', kind, { step: 0 }), 'failed')
    expect(failed.progress).toEqual({ step: 1 })
    const { rows } = await tasks.db.database.withTenant(tenantA, (tx) =>
      sql<{ name: string }>`select name from tenants`.execute(tx),
    )
    expect(rows).toEqual([{ name: 'tenant_a' }])
  })
})

describe('cancel', () => {
  it('takes effect at once while the task waits', async () => {
    const kind = kindOf('test.waiting', async () => {})
    const task = await tasks.add('tenant_a', kind, { step: 0 })
    expect(await cancel(task)).toBe('cancelled')
    expect(await tasks.find(task)).toMatchObject({ status: 'cancelled', attempt: 0 })
    await expect(cancel(task)).rejects.toMatchObject({ code: 'tasks.already_ended' })
  })

  it('reaches a running handler through its signal and keeps what was written', async () => {
    let reason: unknown
    const kind = kindOf('test.cancelled', async ({ signal, write }) => {
      await write(async () => ({ step: 7 }))
      await sleep(HOUR_MS, signal).catch((error) => {
        reason = error
        throw error
      })
    })
    // A lease this long is not extended during the test: only the notification can bring the cancel.
    await tasks.work([kind], { leaseSeconds: 3_600 })
    const task = await tasks.add('tenant_a', kind, { step: 0 })
    await tasks.reaches(task, 'running')
    expect(await cancel(task)).toBe('cancelling')
    expect(await tasks.reaches(task, 'cancelled')).toMatchObject({ progress: { step: 7 }, error: null })
    expect(reason).toMatchObject({ name: 'TaskStopped', why: 'cancelled' })
  })

  it('that came in just before the end wins over success', async () => {
    const kind = kindOf('test.deaf', async ({ taskId }) => {
      await cancel({ taskId })
      return 'done'
    })
    await tasks.work([kind])
    expect(await tasks.reaches(await tasks.add('tenant_a', kind, { step: 0 }), 'cancelled', 'succeeded')).toMatchObject(
      {
        status: 'cancelled',
      },
    )
  })

  it('answers 404 for a task of another tenant', async () => {
    const kind = kindOf('test.foreign', async () => {})
    const theirs = await tasks.add('tenant_b', kind, { step: 0 })
    await expect(cancel(theirs)).rejects.toMatchObject({ code: 'tasks.not_found' })
    expect(await tasks.find(theirs)).toMatchObject({ status: 'queued' })
    await cancel(theirs, theirs.tenantId)
  })
})

describe('a lease', () => {
  it('is extended while the handler works, however slowly', async () => {
    const kind = kindOf('test.slow', async ({ taskId, write }) => {
      // Longer than the first lease: without the timer another worker would take the task.
      await waitFor('the lease was not extended until it would have been over', async () => {
        const { rows } = await tasks.db.database.withTenant(tenantA, (tx) =>
          sql`select 1 from tasks where task_id = ${taskId} and lease_expires_at > started_at + interval '19 seconds'`.execute(
            tx,
          ),
        )
        return rows.length === 1
      })
      await write(async () => ({ step: 1 }))
    })
    await tasks.work([kind], { leaseSeconds: 9, reap: true })
    expect(await tasks.reaches(await tasks.add('tenant_a', kind, { step: 0 }), 'succeeded')).toMatchObject({
      attempt: 1,
    })
  })

  it('that was lost lets nothing more be written, and the next worker goes on', async () => {
    const late: unknown[] = []
    let robbed = false
    const kind = kindOf('test.robbed', async ({ attempt, taskId, write }) => {
      await write(async () => ({ step: attempt * 10 }))
      if (attempt > 1) return 'second'
      // What a stopped process finds when it wakes up: its lease is over.
      await tasks.db.database.withTenant(tenantA, (tx) =>
        sql`update tasks set lease_expires_at = now() - interval '1 second' where task_id = ${taskId}`.execute(tx),
      )
      robbed = true
      await write(async () => ({ step: 99 })).catch((error) => late.push(error))
      return 'first'
    })
    await tasks.work([kind], { reap: true })
    const done = await tasks.reaches(await tasks.add('tenant_a', kind, { step: 0 }), 'succeeded')
    expect(robbed).toBe(true)
    expect(late[0]).toBeInstanceOf(TaskStopped)
    expect(done).toMatchObject({ result: 'second', attempt: 2, progress: { step: 20 } })
  })
})

describe('a process that stops', () => {
  it('hands its running task back; another one goes on and the attempt does not count', async () => {
    const kind = kindOf('test.handed_back', async ({ progress, write, signal }) => {
      if (progress.step === 1) return 'finished elsewhere'
      await write(async () => ({ step: 1 }))
      await sleep(HOUR_MS, signal)
    })
    const first = await tasks.work([kind])
    const task = await tasks.add('tenant_a', kind, { step: 0 })
    await waitFor('the first page was never written', async () => (await tasks.find(task))?.progress.step === 1)
    await first.stop()
    expect(await tasks.find(task)).toMatchObject({ status: 'retrying', attempt: 0 })
    await tasks.work([kind])
    expect(await tasks.reaches(task, 'succeeded')).toMatchObject({ result: 'finished elsewhere', attempt: 1 })
  })
})

describe('a task that the queue has forgotten', () => {
  it('is handed to the workers again', async () => {
    const kind = kindOf('test.forgotten', async () => 'remembered')
    const task = await tasks.add('tenant_a', kind, { step: 0 })
    await tasks.db.database.acrossTenants('the queue loses its jobs', (tx) => sql`delete from pgboss.job`.execute(tx))
    await tasks.work([kind])
    expect(await redispatchForgottenTasks({ database: tasks.db.database, queue: tasks.queue }, 0)).toBeGreaterThan(0)
    expect(await tasks.reaches(task, 'succeeded')).toMatchObject({ result: 'remembered' })
    // Nothing is forgotten any more, so nothing is told twice.
    expect(await redispatchForgottenTasks({ database: tasks.db.database, queue: tasks.queue }, 0)).toBe(0)
  })
})

describe('tenants', () => {
  it('do not wait for another one’s endless tasks: a tenant never has all the workers', async () => {
    const endless = kindOf('test.endless_too', ({ signal }) => sleep(HOUR_MS, signal))
    const brief = kindOf('test.brief', async () => 'served')
    await tasks.work([endless, brief], { concurrency: 3, perTenant: 2 })
    const hogs = await Promise.all([1, 2, 3, 4].map((step) => tasks.add('tenant_a', endless, { step })))
    await waitFor('the endless tasks never started', async () => {
      const found = await Promise.all(hogs.map(tasks.find))
      return found.filter((task) => task?.status === 'running').length === 2
    })
    expect(await tasks.reaches(await tasks.add('tenant_b', brief, { step: 0 }), 'succeeded')).toMatchObject({
      result: 'served',
    })
  })

  it('do not wait behind ten thousand tasks of another one', async () => {
    const order: string[] = []
    const kind = kindOf('test.fair', async ({ tenantId: tenant }) => {
      order.push(tenant)
    })
    // Ten thousand as enqueueing one by one would leave them, put in at once; and a hundred really one by one.
    await tasks.db.database.withTenant(tenantA, async (tx) => {
      const waiting = Array.from({ length: 9_900 }, () => ({
        ...{ kind: kind.name, payload: { step: 0 }, attemptsMax: 3, createdBy: 'test' },
      }))
      await addTasks(tasks.queue, tx, tenantA, waiting)
      for (let step = 0; step < 100; step += 1) {
        await tasks.enqueue(tx, tenantA, kind, { step }, { createdBy: 'test' })
      }
    })
    const single = await tasks.add('tenant_b', kind, { step: 0 })
    await tasks.work([kind], { concurrency: 2, perTenant: 2 })
    await tasks.reaches(single, 'succeeded')
    // Behind those whose turn came while the hundred were put in: one every five seconds, however slow the machine is, not thousands.
    expect(order.indexOf('tenant_b')).toBeLessThan(500)
  })
})
