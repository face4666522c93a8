import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { administer } from '../../../test/harness/server.ts'
import { testTasks } from '../../../test/harness/tasks.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { sleep } from '../../kernel/abort.ts'
import { tenantId } from '../../kernel/tenant-id.ts'
import { addTasks } from './enqueue-task.ts'
import { defineTaskKind, type TaskContext, type TaskKind } from './index.ts'
import type { NewTask } from './store/enqueue.ts'

const tasks = testTasks()
const tenant = tenantId('tenant_a')
const Payload = z.object({ name: z.string() })
type Payload = z.output<typeof Payload>

/** As the harness takes kinds, whatever their payload. */
const forHarness = (kind: TaskKind<Payload, Record<string, unknown>>) =>
  defineTaskKind(kind) as unknown as TaskKind<never, never>

const kindOf = (name: string, handle: (context: TaskContext<Payload, Record<string, unknown>>) => Promise<unknown>) =>
  forHarness({
    ...{
      name,
      payload: Payload,
      retry: { attemptsMax: 1, baseSeconds: 1, capSeconds: 1 },
      timeLimitSeconds: 60,
      handle,
    },
  })
const add = (kind: string, all: ({ name: string } & Partial<NewTask>)[], to = tenant) =>
  tasks.db.database.withTenant(to, (tx) =>
    addTasks(
      tasks.queue,
      tx,
      to,
      all.map(({ name, ...more }) => ({ kind, payload: { name }, attemptsMax: 3, createdBy: 'test', ...more })),
    ),
  )
const reached = (ids: { taskId: string }[]) =>
  Promise.all(ids.map(({ taskId }) => tasks.reaches({ tenantId: tenant, taskId }, 'succeeded')))
const inOrder = (name: string) => {
  const order: string[] = []
  return { order, kind: kindOf(name, async ({ payload }) => void order.push(payload.name)) }
}

describe('the order of tasks', () => {
  it('is that in which they were added, but for their priority', async () => {
    const { order, kind } = inOrder('test.priority')
    const added = await add('test.priority', [
      { name: 'first' },
      { name: 'second' },
      { name: 'late', priority: -3 },
      { name: 'urgent', priority: 5 },
      { name: 'third' },
    ])
    await tasks.work([kind], { concurrency: 1 })
    await reached(added)
    expect(order).toEqual(['urgent', 'first', 'second', 'third', 'late'])
  })

  it('lets nobody starve: who is less urgent goes before those who are added when it has waited long enough', async () => {
    const { order, kind } = inOrder('test.aging')
    const [patient] = await add('test.aging', [{ name: 'patient', priority: -10 }])
    // As if it had been added six minutes ago: ten steps of priority are worth five.
    await tasks.db.database.acrossTenants('time goes by', async (tx) => {
      await sql`update tasks set turn = turn - interval '6 minutes' where task_id = ${patient?.taskId}`.execute(tx)
      await sql`update pgboss.job set priority = priority + 6 * 60 * 4 where data ->> 'taskId' = ${patient?.taskId}`.execute(
        tx,
      )
    })
    const eager = await add('test.aging', [{ name: 'eager' }])
    await tasks.work([kind], { concurrency: 1 })
    await reached([...(patient ? [patient] : []), ...eager])
    expect(order).toEqual(['patient', 'eager'])
  })

  it('gives a tenant with a larger share more of the turns', async () => {
    const turns = async (weight: number | null) => {
      await administer(tasks.db.url, async (client) => {
        await client.query(`delete from task_shares`)
        if (weight) await client.query(`insert into task_shares values ('tenant_b', $1)`, [weight])
      })
      const of = tenantId('tenant_b')
      const [first, , , , last] = await add(
        'test.share',
        Array.from({ length: 5 }, () => ({ name: 'x' })),
        of,
      )
      return tasks.db.database.withTenant(of, async (tx) => {
        const { rows } = await sql<{ apart: number }>`
          select extract(epoch from max(turn) - min(turn))::float8 as apart from tasks
          where task_id in (${first?.taskId}, ${last?.taskId})`.execute(tx)
        return rows[0]?.apart
      })
    }
    expect(await turns(null)).toBeCloseTo(20)
    expect(await turns(4)).toBeCloseTo(5)
  })

  it('is not held up by what is to run much later', async () => {
    const { order, kind } = inOrder('test.delayed')
    const runAt = new Date(Date.now() + 86_400_000).toISOString()
    await add('test.delayed', [{ name: 'tomorrow', runAt }])
    const now = await add('test.delayed', [{ name: 'now' }])
    await tasks.work([kind], { concurrency: 1 })
    await reached(now)
    expect(order).toEqual(['now'])
  })
})

describe('tasks of one concurrency key', () => {
  it('run one at a time, however many workers there are, and hold up no other', async () => {
    let running = 0
    let most = 0
    const order: string[] = []
    const kind = kindOf('test.exclusive', async ({ payload, signal }) => {
      running += 1
      most = Math.max(most, running)
      order.push(payload.name)
      await sleep(30, signal)
      running -= 1
    })
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const added = await add(
      'test.exclusive',
      names.map((name) => ({ name, concurrencyKey: 'one' })),
    )
    await Promise.all([tasks.work([kind], { concurrency: 4 }), tasks.work([kind], { concurrency: 4 })])
    await reached(added)
    expect(most).toBe(1)
    expect(order.toSorted()).toEqual(names)
    const others = await add('test.exclusive', [{ name: 'g', concurrencyKey: 'another' }, { name: 'h' }])
    await reached(others)
  })

  it('go on when the worker of the one that ran is gone', async () => {
    const kind = kindOf('test.exclusive_lost', async () => 'done')
    const [lost, next] = await add('test.exclusive_lost', [
      { name: 'lost', concurrencyKey: 'key', attemptsMax: 1 },
      { name: 'next', concurrencyKey: 'key' },
    ])
    await administer(tasks.db.url, async (client) => {
      await client.query(
        `update tasks set status = 'running', attempt = 1, lease_owner = 'gone', lease_expires_at = now() - interval '1 second'
         where task_id = $1`,
        [lost?.taskId],
      )
      await client.query(`delete from pgboss.job where data ->> 'taskId' = any($1)`, [[lost?.taskId, next?.taskId]])
    })
    await tasks.work([kind], { reap: true })
    await reached(next ? [next] : [])
    expect(await tasks.find({ tenantId: tenant, taskId: lost?.taskId ?? '' })).toMatchObject({
      ...{ status: 'failed', error: { code: 'tasks.worker_lost' } },
    })
  })
})

describe('the attempts of a task', () => {
  it('are each kept, with how they ended and why', async () => {
    let tries = 0
    const kind = forHarness({
      ...{ name: 'test.attempts', payload: Payload, timeLimitSeconds: 60 },
      retry: { attemptsMax: 3, baseSeconds: 0.01, capSeconds: 0.01 },
      handle: async () => {
        tries += 1
        if (tries < 3) throw new RangeError(`try ${tries}`)
        return 'at last'
      },
    })
    const [task] = await add('test.attempts', [{ name: 'x' }])
    await tasks.work([kind])
    await reached(task ? [task] : [])
    const attempts = await waitFor('the attempts were never written', () =>
      administer(tasks.db.url, async (client) => {
        const { rows } = await client.query(
          `select attempt, outcome, error_class, error ->> 'code' as code, ended_at >= started_at as in_order
           from task_attempts where task_id = $1 order by claim`,
          [task?.taskId],
        )
        return rows.length === 3 && rows
      }),
    )
    const failed = { error_class: 'RangeError', code: 'tasks.unexpected', in_order: true }
    expect(attempts).toEqual([
      { attempt: 1, outcome: 'retry', ...failed },
      { attempt: 2, outcome: 'retry', ...failed },
      { attempt: 3, outcome: 'succeeded', error_class: null, code: null, in_order: true },
    ])
  })
})
