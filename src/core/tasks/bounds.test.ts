import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { administer } from '../../../test/harness/server.ts'
import { testTasks } from '../../../test/harness/tasks.ts'
import { tenantId } from '../../kernel/tenant-id.ts'
import type { Caller } from '../../platform/http/index.ts'
import { createTasks } from './create-tasks.ts'
import { defineTaskKind, type TaskContext, type TaskKind } from './index.ts'
import { bytesOf, type OfferedKind, PAYLOAD_BYTES_MAX } from './offer.ts'

const tasks = testTasks()

const kindOf = (name: string, handle: (context: TaskContext<object, Record<string, unknown>>) => Promise<unknown>) =>
  defineTaskKind<object>({
    ...{
      name,
      payload: z.object({}),
      retry: { attemptsMax: 3, baseSeconds: 1, capSeconds: 1 },
      timeLimitSeconds: 60,
      handle,
    },
  }) as unknown as TaskKind<never, never>

/** Of so many bytes as JSON, the quotes included. */
const textOf = (bytes: number) => 'x'.repeat(bytes - 2)

describe('what a handler keeps', () => {
  it.each([
    ['a result', async () => textOf(PAYLOAD_BYTES_MAX), async () => textOf(PAYLOAD_BYTES_MAX + 1)],
    [
      'progress',
      async ({ write }: TaskContext<object, Record<string, unknown>>) =>
        write(async () => ({ text: 'x'.repeat(PAYLOAD_BYTES_MAX - bytesOf({ text: '' })) })),
      async ({ write }: TaskContext<object, Record<string, unknown>>) =>
        write(async () => ({ text: 'x'.repeat(PAYLOAD_BYTES_MAX - bytesOf({ text: '' }) + 1) })),
    ],
  ])('%s may be as long as its bound, and ends the task for good beyond it', async (what, fitting, tooLong) => {
    const [fits, bursts] = [kindOf(`test.fits_${what.length}`, fitting), kindOf(`test.bursts_${what.length}`, tooLong)]
    await tasks.work([fits, bursts])
    const [kept, lost] = [
      await tasks.add('tenant_a', fits, {} as never),
      await tasks.add('tenant_a', bursts, {} as never),
    ]
    await tasks.reaches(kept, 'succeeded')
    expect(await tasks.reaches(lost, 'failed')).toMatchObject({ attempt: 1, error: { code: 'tasks.result_too_large' } })
  })

  it('of its log are the first thousand lines, cut at two thousand characters', async () => {
    const kind = kindOf('test.talks', async ({ say }) => {
      for (let line = 0; line < 1_010; line += 1) await say(`${line} ${'x'.repeat(2_100)}`)
    })
    await tasks.work([kind])
    const task = await tasks.add('tenant_a', kind, {} as never)
    await tasks.reaches(task, 'succeeded')
    const lines = await administer(tasks.db.url, async (client) => {
      const { rows } = await client.query('select line, length(text) as letters from task_log where task_id = $1', [
        task.taskId,
      ])
      return rows
    })
    expect(lines).toHaveLength(1_000)
    expect(Math.max(...lines.map(({ letters }) => letters))).toBe(2_000)
  })
})

describe('a payload', () => {
  it('may be as long as its bound, and is refused beyond it with how long it is', async () => {
    const kind = {
      ...{
        name: 'test.padded',
        payload: z.object({ text: z.string() }),
        timeLimitSeconds: 60,
        offer: { about: 'Text' },
      },
      ...{ retry: { attemptsMax: 1, baseSeconds: 1, capSeconds: 1 }, handle: async () => null },
    } satisfies OfferedKind
    const caller: Caller = { id: 'test', tenants: 'all', isOperator: false, decide: async () => 'allowed' }
    const tenant = tenantId('tenant_a')
    const create = (bytes: number) => {
      const payload = { text: 'x'.repeat(bytes - bytesOf({ text: '' })) }
      return tasks.db.database.withTenant(tenant, (tx) =>
        createTasks({ queue: tasks.queue, kinds: new Map([[kind.name, kind]]) }, { tx, tenantId: tenant, caller }, [
          { kind: kind.name, payload, run_at: '2999-01-01T00:00:00.000Z' },
        ]),
      )
    }
    expect(await create(PAYLOAD_BYTES_MAX)).toMatchObject([{ created: true }])
    await expect(create(PAYLOAD_BYTES_MAX + 1)).rejects.toMatchObject({ code: 'tasks.payload_too_large' })
  })
})
