import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { testTasks } from '../../../test/harness/tasks.ts'
import { type OpenTransport, openPostgresTransport, testSqs } from '../../../test/harness/transports.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { sleep } from '../../kernel/abort.ts'
import { tenantId } from '../../kernel/tenant-id.ts'
import { addTasks, dispatchAll } from './enqueue-task.ts'
import { cancelTask, defineTaskKind, redispatchForgottenTasks, type TaskContext, type TaskKind } from './index.ts'
import { restartTasks } from './store/change.ts'

const tenantA = tenantId('tenant_a')
const HOUR_MS = 3_600_000
const atOnce = { attemptsMax: 3, baseSeconds: 0, capSeconds: 0 }

type Kind = TaskKind<never, never>

const kindOf = (name: string, handle: (context: TaskContext<{ nr: number }, { nr: number }>) => Promise<unknown>) => {
  const payload = z.object({ nr: z.int() })
  return defineTaskKind({ name, payload, retry: atOnce, timeLimitSeconds: 60, handle }) as unknown as Kind
}

/** What every transport has to hold. Each is tried with the same sentences. */
function conformance(open: OpenTransport, share = 4) {
  const tasks = testTasks(['tenant_a', 'tenant_b'], open)
  const add = async (kind: Kind, options: { tenant?: string; afterSeconds?: number } = {}) => {
    const tenant = tenantId(options.tenant ?? 'tenant_a')
    const [task] = await tasks.db.database.withTenant(tenant, async (tx) => {
      const { rows } = await sql<{ run_at: Date }>`
        select now() + ${options.afterSeconds ?? 0} * interval '1 second' as run_at`.execute(tx)
      const runAt = options.afterSeconds ? (rows[0]?.run_at.toISOString() ?? null) : null
      const common = { kind: kind.name, payload: { nr: 1 }, attemptsMax: 3, createdBy: 'test', isOffered: true }
      return addTasks(tasks.queue, tx, tenant, [{ ...common, runAt }])
    })
    return { tenantId: tenant, taskId: task?.taskId ?? '' }
  }
  const isPointedTo = async ({ taskId }: { taskId: string }) => {
    const carries = tasks.queue.carries('tasks', 'taskId', sql`${taskId}`)
    const { rows } = await tasks.db.database.acrossTenants('whether a task is pointed to', (tx) =>
      sql<{ carries: boolean }>`select ${carries} as carries`.execute(tx),
    )
    return rows[0]?.carries
  }

  it('tells nobody of a task whose transaction does not commit', async () => {
    let added = ''
    const kind = kindOf('test.rolled_back', async () => {})
    const rolledBack = tasks.db.database.withTenant(tenantA, async (tx) => {
      const task = { kind: kind.name, payload: { nr: 1 }, attemptsMax: 1, createdBy: 'test' }
      added = (await addTasks(tasks.queue, tx, tenantA, [task]))[0]?.taskId ?? ''
      throw new Error('changed its mind')
    })
    await expect(rolledBack).rejects.toThrow('changed its mind')
    expect(await isPointedTo({ taskId: added })).toBe(false)
  })

  it('hands each task to one worker, and points to none that is over', async () => {
    const runs = new Map<string, number>()
    const kind = kindOf('test.once', async ({ taskId }) => {
      runs.set(taskId, (runs.get(taskId) ?? 0) + 1)
    })
    await tasks.work([kind])
    await tasks.work([kind])
    const added = await Promise.all(Array.from({ length: 30 }, () => add(kind)))
    for (const task of added) await tasks.reaches(task, 'succeeded')
    expect(added.map(({ taskId }) => runs.get(taskId))).toEqual(added.map(() => 1))
    for (const task of added) await waitFor('it is still pointed to', async () => !(await isPointedTo(task)))
  })

  it('brings a failed task again until an attempt succeeds', async () => {
    const kind = kindOf('test.again', async ({ attempt }) => {
      if (attempt < 3) throw new Error('not yet')
      return attempt
    })
    await tasks.work([kind])
    expect(await tasks.reaches(await add(kind), 'succeeded')).toMatchObject({ attempt: 3, result: 3 })
  })

  it('brings a task for later when it is due, and not before', async () => {
    const kind = kindOf('test.later', async () => {})
    await tasks.work([kind])
    const distant = await add(kind, { afterSeconds: 20 * 60 })
    const near = await add(kind, { afterSeconds: 1 })
    const done = await tasks.reaches(near, 'succeeded')
    expect(done.started_at?.getTime()).toBeGreaterThanOrEqual(done.run_after.getTime())
    expect(await tasks.find(distant)).toMatchObject({ status: 'queued', attempt: 0 })
    expect(await isPointedTo(distant)).toBe(true)
  })

  it('lets a cancelled task end: at once while it waits, and as soon as its handler has stopped', async () => {
    const kind = kindOf('test.endless', ({ signal }) => sleep(HOUR_MS, signal))
    const waiting = await add(kind, { afterSeconds: 600 })
    const cancel = ({ taskId }: { taskId: string }) =>
      tasks.db.database.withTenant(tenantA, (tx) => cancelTask(tx, { tenantId: tenantA, taskId, cancelledBy: 'test' }))
    expect(await cancel(waiting)).toBe('cancelled')
    await tasks.work([kind])
    const running = await add(kind)
    await tasks.reaches(running, 'running')
    expect(await cancel(running)).toBe('cancelling')
    await tasks.reaches(running, 'cancelled')
    expect(await tasks.find(waiting)).toMatchObject({ status: 'cancelled', attempt: 0 })
  })

  it('leaves a task that fails too often with its reason, and brings it again when it is asked to', async () => {
    let mended = false
    const kind = kindOf('test.hopeless', async () => {
      if (!mended) throw new Error('broken')
      return 'mended'
    })
    await tasks.work([kind])
    const task = await add(kind)
    expect(await tasks.reaches(task, 'failed')).toMatchObject({ attempt: 3, error: { code: 'tasks.unexpected' } })
    mended = true
    await tasks.db.database.withTenant(tenantA, async (tx) => {
      const [again] = await restartTasks(tx, { taskId: task.taskId }, { limit: 1, everySeconds: 0 })
      await dispatchAll(tasks.queue, tx, [{ ...task, rank: again?.rank ?? 0 }])
    })
    expect(await tasks.reaches(task, 'succeeded')).toMatchObject({ attempt: 1, result: 'mended' })
  })

  it('brings the task of a lost worker to another one, and lets the first write nothing more', async () => {
    const late: unknown[] = []
    const kind = kindOf('test.robbed', async ({ attempt, taskId, write }) => {
      await write(async () => ({ nr: attempt }))
      if (attempt > 1) return 'second'
      await tasks.db.database.withTenant(tenantA, (tx) =>
        sql`update tasks set lease_expires_at = now() - interval '1 second' where task_id = ${taskId}`.execute(tx),
      )
      await write(async () => ({ nr: 99 })).catch((error) => late.push(error))
      return 'first'
    })
    await tasks.work([kind], { reap: true })
    const done = await tasks.reaches(await add(kind), 'succeeded')
    expect(done).toMatchObject({ result: 'second', attempt: 2, progress: { nr: 2 } })
    expect(late).toHaveLength(1)
  })

  it('gives the task of a worker that stops to another one, and counts no attempt', async () => {
    let handedBack = false
    const kind = kindOf('test.handed_back', async ({ signal }) => {
      if (handedBack) return 'elsewhere'
      await sleep(HOUR_MS, signal)
    })
    const first = await tasks.work([kind])
    const task = await add(kind)
    await tasks.reaches(task, 'running')
    handedBack = true
    await first.stop()
    await tasks.work([kind])
    expect(await tasks.reaches(task, 'succeeded')).toMatchObject({ attempt: 1, result: 'elsewhere' })
  })

  it('bears being told of a task many times', async () => {
    const runs: string[] = []
    const kind = kindOf('test.told_often', async ({ taskId }) => runs.push(taskId))
    const task = await add(kind)
    await tasks.db.database.withTenant(tenantA, (tx) =>
      dispatchAll(
        tasks.queue,
        tx,
        Array.from({ length: 5 }, () => ({ ...task, rank: 0 })),
      ),
    )
    await tasks.work([kind])
    await tasks.reaches(task, 'succeeded')
    await waitFor('it is still pointed to', async () => !(await isPointedTo(task)))
    expect(runs).toEqual([task.taskId])
  })

  it('lets a tenant that has its share under way have no more, and others go past what it has waiting', async () => {
    const gate = Promise.withResolvers<void>()
    let running = 0
    const slow = kindOf('test.slow', async ({ signal }) => {
      running += 1
      await Promise.race([gate.promise, sleep(HOUR_MS, signal)])
    })
    const quick = kindOf('test.quick', async () => {})
    await tasks.work([slow, quick], { concurrency: 8 })
    const many: Awaited<ReturnType<typeof add>>[] = []
    // One after the other: slots that look in the same moment each see what was under way before.
    for (let begun = 1; begun <= share; begun += 1) {
      many.push(await add(slow))
      await waitFor('it was never begun', () => running === begun)
    }
    many.push(...(await Promise.all(Array.from({ length: 36 }, () => add(slow)))))
    await tasks.reaches(await add(quick, { tenant: 'tenant_b' }), 'succeeded')
    expect(running).toBe(share)
    gate.resolve()
    for (const task of many) await tasks.reaches(task, 'succeeded')
  })

  it('is told again of tasks that it has forgotten, and only of those', async () => {
    const kind = kindOf('test.forgotten', async () => 'remembered')
    const task = await add(kind)
    await tasks.db.database.acrossTenants('both transports lose what they have', async (tx) => {
      await sql`delete from pgboss.job`.execute(tx)
      await sql`delete from outbox.messages`.execute(tx)
    })
    const forgotten = () => redispatchForgottenTasks({ database: tasks.db.database, queue: tasks.queue }, 0)
    expect(await forgotten()).toBe(1)
    expect(await forgotten()).toBe(0)
    await tasks.work([kind])
    expect(await tasks.reaches(task, 'succeeded')).toMatchObject({ result: 'remembered' })
  })
}

describe('PostgreSQL as the transport', () => conformance(openPostgresTransport))

describe('a standard queue of SQS, as a fair one, as the transport', () => {
  conformance(testSqs().open)
})

describe('a FIFO queue of SQS as the transport', () => {
  // A group of messages is handed out one after the other: of a tenant one task runs at a time.
  conformance(testSqs({ fifo: true }).open, 1)
})
