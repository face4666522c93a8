import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { loadavg } from 'node:os'
import { sleep } from '../src/kernel/abort.ts'
import { call } from '../test/harness/call.ts'
import { administer, createDatabase, createTemplate } from '../test/harness/server.ts'
import { startTestServer } from '../test/harness/start-test-server.ts'
import { percentiles } from './figures.ts'
import { OPERATOR_TOKEN, type SystemUnderBench, startSystemProcess } from './system-process.ts'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 20)
const CONNECTIONS = 300
const TICKETS = 5_000
const [QUIET, FLOODING, THIRD] = ['quiet', 'flooding', 'third']
/** The quiet tenant: two people who look at something ten times a second. */
const [CLIENTS, THINK_MS] = [2, 100]

/**
 * What one tenant's reads take while another one floods the process over 300 connections, each asking again as soon as it
 * was answered: with one key, and with ten. Before it, alone, and beside somebody who asks as calmly.
 */
export async function bench(): Promise<void> {
  const server = await startTestServer({ durable: true })
  try {
    await createTemplate(server.url)
    const made = await createDatabase(server.url)
    const system = await startSystemProcess(made.url, { SIGNALBOX_ROLES: 'api', REQUESTS_PER_MINUTE: '10000000' })
    try {
      await compare(system, made.url)
    } finally {
      await system.stop()
    }
  } finally {
    await server.close()
  }
}

async function compare(system: SystemUnderBench, databaseUrl: string): Promise<void> {
  for (const tenant of [QUIET, FLOODING, THIRD]) await fill(system, databaseUrl, tenant)
  const quiet = await makeKey(system, QUIET)
  const keys = await Promise.all(Array.from({ length: 10 }, () => makeKey(system, FLOODING)))
  const paths = [
    `/tickets?tenant_id=${QUIET}&limit=20`,
    `/tickets?tenant_id=${QUIET}&limit=20&status=open&source=email`,
    `/tenants/${QUIET}/stats`,
  ]
  const measure = (name: string) => measured(name, system, quiet, paths)
  console.log(`${CLIENTS} clients that think for ${THINK_MS} ms read of ${TICKETS} tickets, ${SECONDS} s each`)
  await measure('(warm)')
  await measure('alone')
  for (const [name, tokens] of [
    ['flooded with one key', keys.slice(0, 1)],
    ['flooded with ten keys', keys],
  ] as const) {
    const flood = startFlood(`${system.url}/tickets?tenant_id=${FLOODING}&limit=50`, tokens)
    await sleep(3_000)
    await measure(name)
    const answers = await flood.stop()
    console.log(
      `    the flood: ${JSON.stringify(answers)}; load ${loadavg()[0]?.toFixed(1)}, ${Math.round(system.figure('VmRSS') / 1_024)} MB`,
    )
    await sleep(2_000)
  }
  await measure('alone again')
}

async function measured(name: string, system: SystemUnderBench, token: string, paths: readonly string[]) {
  const milliseconds: number[] = []
  const refused: Record<string, number> = {}
  const until = performance.now() + SECONDS * 1_000
  let turn = 0
  const client = async () => {
    while (performance.now() < until) {
      const path = paths[turn++ % paths.length] ?? ''
      const began = performance.now()
      const { status } = await call(system.url + path, { token }).catch(() => ({ status: 0 }))
      if (status === 200) milliseconds.push(performance.now() - began)
      else refused[status] = (refused[status] ?? 0) + 1
      await sleep(THINK_MS)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  console.log(
    `  ${name.padEnd(24)} ${String(milliseconds.length).padStart(5)} answers  ${percentiles(milliseconds)} ms  refused ${JSON.stringify(refused)}`,
  )
}

function startFlood(url: string, tokens: readonly string[]) {
  const child = spawn(process.execPath, [new URL('./flood.ts', import.meta.url).pathname], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...{ PATH: process.env.PATH ?? '', FLOOD_URL: url, FLOOD_TOKENS: tokens.join(',') },
      FLOOD_CONNECTIONS: String(CONNECTIONS),
    },
  })
  process.once('exit', () => child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  return {
    stop: async (): Promise<unknown> => {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
      return JSON.parse(output.split('\n').find((line) => line.startsWith('{')) ?? 'null')
    },
  }
}

async function fill(system: SystemUnderBench, databaseUrl: string, tenant: string): Promise<void> {
  await ask(system, '/tenants', { tenant_id: tenant, name: tenant })
  await administer(databaseUrl, (superuser) =>
    superuser.query(
      `insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at)
       select $1, 't' || n, (array['email', 'web'])[1 + n % 2], 'c' || n % 100, 'Ticket ' || n, repeat('Something is broken. ', 20),
         (array['open', 'pending', 'closed'])[1 + n % 3], now() - n * interval '1 minute', now() - n * interval '1 minute'
       from generate_series(1, $2::int) as n`,
      [tenant, TICKETS],
    ),
  )
}

async function makeKey(system: SystemUnderBench, tenant: string): Promise<string> {
  const body = { name: 'bench', permissions: ['ticket.read', 'analytics.read'] }
  return (await ask(system, `/tenants/${tenant}/api-keys`, body)).secret ?? ''
}

async function ask(system: SystemUnderBench, path: string, body: unknown): Promise<Record<string, string>> {
  const answer = await call<Record<string, string>>(`${system.url}/api/v1${path}`, {
    ...{ method: 'POST', token: OPERATOR_TOKEN, body },
  })
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.text}`)
  return answer.body
}
