import { sql } from 'kysely'
import { beforeAll, describe, expect, it } from 'vitest'
import { silent } from '../test/harness/database.ts'
import { environmentFor } from '../test/harness/system-process.ts'
import { testTasks } from '../test/harness/tasks.ts'
import { testSqs } from '../test/harness/transports.ts'
import { waitFor } from '../test/harness/wait-for.ts'
import { demoProgress, demoSleep } from './core/tasks/kinds/demo.ts'
import { noteProcess } from './core/tasks/kinds/note.ts'
import { ConfigError, parseConfig } from './kernel/config.ts'
import { tenantId } from './kernel/tenant-id.ts'
import { type Lambda, openLambda, RESERVED_SECONDS, type SqsRecord } from './lambda.ts'

const sqs = testSqs()
const tasks = testTasks(['tenant_a'], sqs.open, 10)
const tenantA = tenantId('tenant_a')
const plenty = { getRemainingTimeInMillis: () => 60_000 }
let lambda: Lambda

beforeAll(async () => {
  const environment = { SIGNALBOX_QUEUE: 'sqs', SQS_QUEUE_URL: sqs.fake.queueUrl, SQS_ENDPOINT: sqs.fake.endpoint }
  lambda = await openLambda(parseConfig(environmentFor(tasks.db.url, environment)), silent)
  return () => lambda.close()
})

/** The record that the event source mapping would make of the message for this task. */
const recordOf = async ({ taskId }: { taskId: string }, more: Partial<SqsRecord> = {}): Promise<SqsRecord> => {
  const body = await waitFor('its message never left', async () => {
    const { ready, hidden } = sqs.fake.messages()
    return [...ready, ...hidden].find((text) => text.includes(taskId))
  })
  return { messageId: `message-${taskId}`, body, ...more }
}
const note = () => tasks.add('tenant_a', noteProcess as never, {} as never)
const junk = (messageId: string, more: Partial<SqsRecord> = {}) => ({ messageId, body: 'not ours', ...more })
const handle = (Records: SqsRecord[], context = plenty) => lambda.handle({ Records }, context)
const status = async (task: Awaited<ReturnType<typeof note>>) => (await tasks.find(task))?.status

describe('an invocation', () => {
  it('does the tasks of its event and lets SQS delete all messages', async () => {
    const added = await Promise.all([note(), note(), note()])
    expect(await handle(await Promise.all(added.map((task) => recordOf(task))))).toEqual({ batchItemFailures: [] })
    expect(await Promise.all(added.map(status))).toEqual(['succeeded', 'succeeded', 'succeeded'])
  })

  it('keeps what it has opened for the next one', async () => {
    const added = [await note(), await note()]
    for (const task of added) await handle([await recordOf(task)])
    const { rows } = await tasks.db.database.withTenant(tenantA, (tx) =>
      sql<{ owners: number }>`select count(distinct owner)::int as owners from task_attempts
        where task_id = any(${added.map(({ taskId }) => taskId)}::uuid[])`.execute(tx),
    )
    expect(rows).toEqual([{ owners: 1 }])
  })

  it('has one bad record come again alone', async () => {
    const task = await note()
    const answer = await handle([junk('first'), await recordOf(task), junk('last')])
    expect(answer.batchItemFailures).toEqual([{ itemIdentifier: 'first' }, { itemIdentifier: 'last' }])
    expect(await status(task)).toBe('succeeded')
  })

  it('does nothing about a message that was handled before', async () => {
    const task = await note()
    const record = await recordOf(task)
    expect(await handle([record, { ...record, messageId: 'twice' }])).toEqual({ batchItemFailures: [] })
    expect(await handle([record])).toEqual({ batchItemFailures: [] })
    expect(await tasks.find(task)).toMatchObject({ status: 'succeeded', attempt: 1 })
  })

  it('hands back what it has no time to end; the next one goes on from its progress, and no attempt counts', async () => {
    const task = await tasks.add('tenant_a', demoProgress as never, { steps: 3, milliseconds: 2_500 } as never)
    const record = await recordOf(task)
    // So much time that a step is done, and too little for all.
    const scarce = { getRemainingTimeInMillis: () => RESERVED_SECONDS * 1_000 + 5_000 }
    expect(await handle([record], scarce)).toEqual({ batchItemFailures: [] })
    expect(await tasks.find(task)).toMatchObject({ status: 'retrying', attempt: 0 })
    // A message that nobody is seen to have handled is sent again as it was: that one is not the next.
    const idOf = (text: string) => (JSON.parse(text) as { id: string }).id
    const body = await waitFor('it was never sent anew', async () => {
      const { ready, hidden } = sqs.fake.messages()
      return [...ready, ...hidden].find((text) => text.includes(task.taskId) && idOf(text) !== idOf(record.body))
    })
    await handle([{ ...record, body }])
    expect(await tasks.find(task)).toMatchObject({ status: 'succeeded', attempt: 1, progress: { done: 3 } })
  })

  it('begins nothing when there is no time left', async () => {
    const task = await note()
    const answer = await handle([await recordOf(task)], { getRemainingTimeInMillis: () => 1_000 })
    expect(answer.batchItemFailures).toHaveLength(1)
    expect(await status(task)).toBe('queued')
    await handle([await recordOf(task)])
    expect(await status(task)).toBe('succeeded')
  })

  it('stops a task that is cancelled', async () => {
    const task = await tasks.add('tenant_a', demoSleep as never, { seconds: 3_600 } as never)
    const handling = handle([await recordOf(task)], { getRemainingTimeInMillis: () => 3_600_000 })
    await tasks.reaches(task, 'running')
    await tasks.cancel(task)
    expect(await handling).toEqual({ batchItemFailures: [] })
    expect(await status(task)).toBe('cancelled')
  })

  it('of a FIFO queue does nothing of a group behind a record that failed, and the other groups', async () => {
    const eventSourceARN = 'arn:aws:sqs:us-east-1:1:signalbox-tasks.fifo'
    const of = (MessageGroupId: string) => ({ eventSourceARN, attributes: { MessageGroupId } })
    const [before, behind, beside] = [await note(), await note(), await note()]
    const answer = await handle([
      await recordOf(before, of('a')),
      junk('bad', of('a')),
      await recordOf(behind, of('a')),
      await recordOf(beside, of('b')),
    ])
    expect(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual([
      'bad',
      `message-${behind.taskId}`,
    ])
    expect(await Promise.all([before, behind, beside].map(status))).toEqual(['succeeded', 'queued', 'succeeded'])
  })
})

it('the function needs a database and the transport whose events it is given', async () => {
  await expect(openLambda(parseConfig({}), silent)).rejects.toBeInstanceOf(ConfigError)
})
