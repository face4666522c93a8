import { randomUUID } from 'node:crypto'
import { loadavg } from 'node:os'
import { z } from 'zod'
import { addTasks, defineTaskKind, startWorker, type TaskKind } from '../src/core/tasks/index.ts'
import { sleep } from '../src/kernel/abort.ts'
import { createLogger } from '../src/kernel/logger.ts'
import { tenantId } from '../src/kernel/tenant-id.ts'
import { openDatabase, openListener } from '../src/platform/database/index.ts'
import { startFakeSqs } from '../test/fakes/sqs.ts'
import { administer, createDatabase, createTemplate } from '../test/harness/server.ts'
import { startTestServer } from '../test/harness/start-test-server.ts'
import { openSqsTransport } from '../test/harness/transports.ts'
import { waitFor } from '../test/harness/wait-for.ts'
import { percentiles } from './figures.ts'

const TASKS = Number(process.env.BENCH_TASKS ?? 400)
const EVERY_MS = 25
const silent = createLogger({ level: 'silent' })

/**
 * Tasks over SQS on a durable database: how long after the commit a message reaches SQS, and the task begins. SQS, the relay and the worker are
 * all in this process, so the way to AWS and back is not in it.
 */
export async function bench(): Promise<void> {
  const server = await startTestServer({ durable: true })
  const sqs = await startFakeSqs()
  try {
    await createTemplate(server.url)
    const { url } = await createDatabase(server.url)
    await administer(url, (superuser) =>
      superuser.query(`insert into tenants (tenant_id, name) values ('alder', 'alder')`),
    )
    const database = openDatabase({ url, max: 10, logger: silent })
    const queue = await openSqsTransport(sqs)(url, { perTenant: 100 })
    const listener = await openListener({ url, logger: silent })
    const began = new Map<string, number>()
    const kind = defineTaskKind<object>({
      ...{ name: 'bench.nothing', payload: z.object({}), timeLimitSeconds: 60 },
      retry: { attemptsMax: 3, baseSeconds: 1, capSeconds: 1 },
      handle: async ({ taskId }) => void began.set(taskId, performance.now()),
    })
    const worker = await startWorker({
      ...{ database, listener, queue, logger: silent, kinds: [kind as unknown as TaskKind] },
      ...{ owner: randomUUID(), leaseSeconds: 30, concurrency: 8, concurrencyPerTenant: 100 },
    })
    const alder = tenantId('alder')
    const task = { kind: kind.name, payload: {}, attemptsMax: 3, createdBy: 'bench' }
    const committed = new Map<string, number>()
    console.log(`${TASKS} tasks, one each ${EVERY_MS} ms; load ${loadavg()[0]?.toFixed(1)}`)
    for (let count = 0; count < TASKS; count += 1) {
      const [added] = await database.withTenant(alder, (tx) => addTasks(queue, tx, alder, [task]))
      if (added) committed.set(added.taskId, performance.now())
      await sleep(EVERY_MS)
    }
    await waitFor('some tasks never began', () => began.size === TASKS)
    const left = new Map<string, number>()
    for (const { at, body } of sqs.calls('SendMessageBatch')) {
      for (const { MessageBody } of body.Entries as { MessageBody: string }[]) {
        left.set((JSON.parse(MessageBody) as { data: { taskId: string } }).data.taskId, at)
      }
    }
    const since = (then: ReadonlyMap<string, number>) =>
      [...committed].map(([id, at]) => Math.max(0, (then.get(id) ?? Number.NaN) - at))
    const late = since(left).filter((ms) => ms > 100).length
    console.log(`  from commit until SQS was called  ${percentiles(since(left))} ms; later than 100 ms: ${late}`)
    console.log(`  from commit until the task began  ${percentiles(since(began))} ms`)
    await worker.handBack()
    await queue.stop(15)
    await worker.close()
    await listener.close()
    await database.close()
  } finally {
    await sqs.close()
    await server.close()
  }
}
