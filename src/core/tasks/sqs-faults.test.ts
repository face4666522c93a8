import { sql } from 'kysely'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { silent } from '../../../test/harness/database.ts'
import { testTasks } from '../../../test/harness/tasks.ts'
import { settingsFor, testSqs } from '../../../test/harness/transports.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { sleep } from '../../kernel/abort.ts'
import { tenantId } from '../../kernel/tenant-id.ts'
import { openSqsQueue } from '../../platform/queue/index.ts'
import { defineTaskKind, endGivenUpTasks, type TaskContext, type TaskKind } from './index.ts'

const tenantA = tenantId('tenant_a')
const sqs = testSqs({ maxReceives: 2 })
const tasks = testTasks(['tenant_a', 'tenant_b'], sqs.open, 20)

beforeAll(() => endGivenUpTasks(tasks.queue, silent))

const kindOf = (name: string, handle: (context: TaskContext<object, object>) => Promise<unknown>) => {
  const retry = { attemptsMax: 3, baseSeconds: 0, capSeconds: 0 }
  const kind = defineTaskKind<object, object>({ name, payload: z.object({}), retry, timeLimitSeconds: 60, handle })
  return kind as unknown as TaskKind<never, never>
}

const outbox = async () => {
  const { rows } = await tasks.db.database.acrossTenants('what is under way', (tx) =>
    sql<{ message_id: string; state: string; data: { taskId: string } }>`select * from outbox.messages`.execute(tx),
  )
  return rows
}
const isEmpty = () => waitFor('messages are still under way', async () => (await outbox()).length === 0)

/** How often the effect of each task of a kind was written: by one attempt that succeeded. */
const effects = async (kind: TaskKind<never, never>) => {
  const { rows } = await tasks.db.database.withTenant(tenantA, (tx) =>
    sql<{ count: number }>`
      select count(*) filter (where outcome = 'succeeded')::int as count
      from tasks left join task_attempts using (tenant_id, task_id) where kind = ${kind.name} group by task_id`.execute(
      tx,
    ),
  )
  return rows.map(({ count }) => count)
}

const addMany = (kind: TaskKind<never, never>, count: number) =>
  Promise.all(Array.from({ length: count }, () => tasks.add('tenant_a', kind, {} as never)))

describe.each(['duplicate', 'reorder', 'late_deletes', 'short_visibility', 'refuse_first'] as const)(
  'while SQS behaves as it may (%s)',
  (fault) => {
    it('every task is done, and its end is written once', async () => {
      const kind = kindOf(`test.${fault}`, async ({ write, signal }) => {
        // Longer than the message is hidden then: it is handed out again while somebody is at it.
        if (fault === 'short_visibility') await sleep(1_500, signal)
        await write(async () => ({ done: true }))
      })
      await sqs.fake.setFaults(fault)
      try {
        await tasks.work([kind], { concurrency: 8 })
        for (const task of await addMany(kind, 25)) await tasks.reaches(task, 'succeeded')
        expect(await effects(kind)).toEqual(Array.from({ length: 25 }, () => 1))
      } finally {
        await sqs.fake.setFaults()
      }
      await isEmpty()
    })
  },
)

describe.each(['outage', 'throttle'] as const)('while SQS cannot be used (%s)', (fault) => {
  it('tasks can be added, and all are done when it is over', async () => {
    const kind = kindOf(`test.${fault}`, async () => {})
    await tasks.work([kind], { concurrency: 8 })
    await sqs.fake.setFaults(fault)
    const added = await addMany(kind, 10).finally(async () => {
      const before = sqs.fake.calls('SendMessageBatch').length
      await waitFor('nobody tried', async () => sqs.fake.calls('SendMessageBatch').length > before)
      await sqs.fake.setFaults()
    })
    for (const task of added) await tasks.reaches(task, 'succeeded')
    expect(await effects(kind)).toEqual(Array.from({ length: 10 }, () => 1))
  })
})

describe('a message', () => {
  it('that SQS has lost is sent again', async () => {
    const kind = kindOf('test.lost_message', async () => {})
    await sqs.fake.setFaults('lose_sends')
    const task = await tasks.add('tenant_a', kind, {} as never)
    const sentTo = async () => (await outbox()).find(({ data }) => data.taskId === task.taskId)?.state === 'sent'
    await waitFor('it was never sent', sentTo)
    await sqs.fake.setFaults()
    await tasks.work([kind])
    await tasks.reaches(task, 'succeeded')
  })

  it('carries ids and a version, and nothing of the task', async () => {
    const kind = kindOf('test.ids', async () => {})
    const task = await tasks.add('tenant_a', kind, {} as never)
    const found = () =>
      [...sqs.fake.messages().ready, ...sqs.fake.messages().hidden]
        .map((body) => JSON.parse(body) as { data: { taskId: string } })
        .find(({ data }) => data.taskId === task.taskId)
    expect(await waitFor('it never arrived', async () => found())).toEqual({
      version: 1,
      id: expect.any(String),
      send: 1,
      data: { tenantId: 'tenant_a', taskId: task.taskId },
    })
    await tasks.work([kind])
    await tasks.reaches(task, 'succeeded')
  })

  it('names its tenant as its group, so that the queue is a fair one', async () => {
    const [last] = sqs.fake.calls('SendMessageBatch').slice(-1)
    expect(last?.body.Entries).toEqual([expect.objectContaining({ MessageGroupId: 'tenant_a' })])
    expect(last?.body.Entries).toEqual([expect.not.objectContaining({ MessageDeduplicationId: expect.anything() })])
  })

  it('that nobody can read goes to the dead letters, stays there, and holds up no task beside it', async () => {
    const kind = kindOf('test.beside', async () => 'done')
    const junk = ['not json', '{"version":99}', '{"version":1,"id":"nonsense"}']
    for (const body of junk) sqs.fake.put(body)
    await tasks.work([kind])
    for (const task of await addMany(kind, 5)) await tasks.reaches(task, 'succeeded')
    const hidden = () => sqs.fake.calls('ChangeMessageVisibilityBatch').filter(({ body }) => isForLong(body))
    await waitFor('they never came to the dead letters', async () => hidden().length >= junk.length)
  })
})

const isForLong = ({ Entries }: Record<string, unknown>) =>
  (Entries as { VisibilityTimeout: number }[]).every(({ VisibilityTimeout }) => VisibilityTimeout === 12 * 3_600)

describe('a task whose message was handed out too often', () => {
  it('fails with its reason when the message comes to the dead letters', async () => {
    const task = await (async () => {
      const [added] = await addMany(
        kindOf('test.dead', async () => {}),
        1,
      )
      if (!added) throw new Error('no task')
      return added
    })()
    const settings = settingsFor(sqs.fake, { resendSeconds: 60 })
    // A worker that cannot even begin: it throws what is no end of a task.
    const queue = await openSqsQueue({ url: tasks.db.url, logger: silent, max: 2, settings })
    try {
      await queue.work('tasks', { slots: 1, slotsPerGroup: 1 }, async () => {
        throw new Error('cannot begin')
      })
      const failed = await tasks.reaches(task, 'failed')
      expect(failed).toMatchObject({ attempt: 0, error: { code: 'tasks.dead_letter' } })
      await isEmpty()
    } finally {
      await queue.stop(5)
    }
  })
})
