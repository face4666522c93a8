import { call } from '../test/harness/call.ts'
import { hasRedis, startRedis } from '../test/harness/redis.ts'
import { createDatabase, createTemplate } from '../test/harness/server.ts'
import { startTestServer } from '../test/harness/start-test-server.ts'
import { percentiles } from './figures.ts'
import { OPERATOR_TOKEN, startSystemProcess } from './system-process.ts'

const TASKS = 100
const CLIENTS = 8
const SECONDS = Number(process.env.BENCH_SECONDS ?? 5)
const TENANT = 'tenant_a'
const operator = { token: OPERATOR_TOKEN }

/**
 * `GET /tasks/{id}` without copies, with copies in memory and, where there is one, in a Redis: of tasks that nobody changes, and
 * of tasks each of which is changed by another process before every fourth look at it. In turns, so that what disturbs the
 * machine disturbs all.
 */
export async function bench(): Promise<void> {
  const server = await startTestServer({ durable: true })
  const redis = hasRedis ? await startRedis() : undefined
  try {
    await createTemplate(server.url)
    const { url } = await createDatabase(server.url)
    const start = (environment: Record<string, string>) =>
      startSystemProcess(url, { SIGNALBOX_ROLES: 'api', REQUESTS_PER_MINUTE: '10000000', ...environment })
    const systems = {
      'no copies': await start({ TASK_CACHE_MB: '0' }),
      'in memory': await start({}),
      ...(redis ? { 'in a Redis': await start({ REDIS_URL: redis.url }) } : {}),
    }
    const writer = systems['no copies']
    await call(`${writer.url}/api/v1/tenants`, {
      method: 'POST',
      ...operator,
      body: { tenant_id: TENANT, name: TENANT },
    })
    const run_at = new Date(Date.now() + 86_400_000).toISOString()
    const tasks = Array.from({ length: TASKS }, (_, n) => ({
      title: `Task ${n}`,
      description: 'x'.repeat(500),
      run_at,
    }))
    const made = await call<{ tasks: { task_id: string }[] }>(`${writer.url}/api/v1/tasks/bulk?tenant_id=${TENANT}`, {
      ...{ method: 'POST', ...operator, body: { tasks } },
    })
    const ids = made.body.tasks.map(({ task_id }) => task_id)
    const change = (id: string) =>
      call(`${writer.url}/api/v1/tasks/${id}`, { method: 'PATCH', ...operator, body: { title: `At ${Date.now()}` } })
    for (const isChanged of [false, true]) {
      console.log(isChanged ? 'changed before every fourth look' : 'changed by nobody')
      for (const [name, { url: base }] of [...Object.entries(systems), ...Object.entries(systems)]) {
        const taken: number[] = []
        const until = performance.now() + SECONDS * 1_000
        const look = async (client: number) => {
          for (let turn = 0; performance.now() < until; turn += 1) {
            const id = ids[(client + turn * CLIENTS) % ids.length] ?? ''
            if (isChanged && turn % 4 === 0) await change(id)
            const started = performance.now()
            const answer = await call(`${base}/api/v1/tasks/${id}`, operator)
            if (answer.status !== 200) throw new Error(answer.text)
            taken.push(performance.now() - started)
          }
        }
        await Promise.all(Array.from({ length: CLIENTS }, (_, client) => look(client)))
        const perSecond = String(Math.round(taken.length / SECONDS)).padStart(6)
        console.log(`  ${name.padEnd(10)} ${perSecond}/s  ${percentiles(taken)} ms`)
      }
    }
    await Promise.all(Object.values(systems).map((system) => system.stop()))
  } finally {
    await redis?.stop()
    await server.close()
  }
}
