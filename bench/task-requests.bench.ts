import { loadavg } from 'node:os'
import { sleep } from '../src/kernel/abort.ts'
import { call } from '../test/harness/call.ts'
import { createDatabase, createTemplate } from '../test/harness/server.ts'
import { startTestServer } from '../test/harness/start-test-server.ts'
import { percentiles } from './figures.ts'
import { OPERATOR_TOKEN, startSystemProcess } from './system-process.ts'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 300)
const PER_MINUTE = Number(process.env.BENCH_PER_MINUTE ?? 10_000)
const TENANTS = ['alder', 'birch', 'cedar', 'elm']
/** Of a hundred requests. */
const [CREATE, GET] = [30, 50]

type Tally = Record<'create' | 'get' | 'list', number[]>

/**
 * Ten thousand requests a minute of one process with all roles and a durable database, which works what is created meanwhile: 30 % create
 * a task, 50 % ask for one, 20 % list a page. Requests come when they come, whether those before have been answered or not.
 */
export async function bench(): Promise<void> {
  const server = await startTestServer({ durable: true })
  try {
    await createTemplate(server.url)
    const made = await createDatabase(server.url)
    const system = await startSystemProcess(made.url, { REQUESTS_PER_MINUTE: '10000000' })
    try {
      for (const tenant of TENANTS) await post(system.url, '/tenants', { tenant_id: tenant, name: tenant })
      const known = await Promise.all(
        TENANTS.map(async (tenant) => String((await post(system.url, `/tasks?tenant_id=${tenant}`, NOTE)).task_id)),
      )
      console.log(`${PER_MINUTE} requests a minute for ${SECONDS} s; load before ${loadavg()[0]?.toFixed(1)}`)
      await drive(system.url, known, 10)
      const { tally, errors } = await drive(system.url, known, SECONDS)
      for (const [name, times] of Object.entries(tally))
        console.log(`  ${name.padEnd(8)} ${String(times.length).padStart(6)} answers  ${percentiles(times)} ms`)
      const all = Object.values(tally).flat()
      console.log(`  ${'all'.padEnd(8)} ${String(all.length).padStart(6)} answers  ${percentiles(all)} ms`)
      console.log(
        `  errors ${JSON.stringify(errors)}; load ${loadavg()[0]?.toFixed(1)}, ${Math.round(system.figure('VmRSS') / 1_024)} MB`,
      )
    } finally {
      await system.stop()
    }
  } finally {
    await server.close()
  }
}

const NOTE = { title: 'Process user data', description: 'Extract and transform' }

async function drive(url: string, known: string[], seconds: number) {
  const tally: Tally = { create: [], get: [], list: [] }
  const errors: Record<string, number> = {}
  const timed = async (name: keyof Tally, ask: () => ReturnType<typeof call>) => {
    const began = performance.now()
    const { status, body } = await ask().catch((error) => ({
      status: String(error.cause?.code ?? error.name),
      body: {},
    }))
    if (status === 200 || status === 201) tally[name].push(performance.now() - began)
    else errors[status] = (errors[status] ?? 0) + 1
    return body as { task_id?: string }
  }
  const one = async (turn: number) => {
    const tenant = TENANTS[turn % TENANTS.length]
    const part = (turn * 37) % 100
    if (part < CREATE) {
      const path = `${url}/api/v1/tasks?tenant_id=${tenant}`
      const made = await timed('create', () => call(path, { method: 'POST', token: OPERATOR_TOKEN, body: NOTE }))
      // The last thousand are asked for.
      if (made.task_id) known[turn % 1_000] = made.task_id
    } else if (part < CREATE + GET) {
      const task = known.filter(Boolean)[turn % known.filter(Boolean).length]
      await timed('get', () => call(`${url}/api/v1/tasks/${task}`, { token: OPERATOR_TOKEN }))
    } else {
      const page = `${url}/api/v1/tasks?tenant_id=${tenant}&limit=20`
      await timed('list', () => call(page, { token: OPERATOR_TOKEN }))
    }
  }
  const [from, under] = [performance.now(), new Set<Promise<void>>()]
  for (let turn = 0; turn < (PER_MINUTE / 60) * seconds; turn += 1) {
    const early = from + (turn * 60_000) / PER_MINUTE - performance.now()
    if (early > 1) await sleep(early)
    const asking = one(turn).finally(() => under.delete(asking))
    under.add(asking)
  }
  await Promise.all(under)
  return { tally, errors }
}

async function post(url: string, path: string, body: unknown): Promise<Record<string, unknown>> {
  const answer = await call(`${url}/api/v1${path}`, { method: 'POST', token: OPERATOR_TOKEN, body })
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.text}`)
  return answer.body
}
