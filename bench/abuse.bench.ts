import { setTimeout as delay } from 'node:timers/promises'
import {
  flood,
  halfOpenSockets,
  POISONS,
  poisonImport,
  type Seen,
  slowBodies,
  stallReaders,
} from '../test/chaos/abuse.ts'
import { call } from '../test/harness/call.ts'
import { administer } from '../test/harness/server.ts'
import { startTestServer } from '../test/harness/start-test-server.ts'
import { percentiles } from './figures.ts'
import { OPERATOR_TOKEN, type SystemUnderBench, startSystemProcess } from './system-process.ts'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 300)
const ALONE_SECONDS = 20
const LOOK_EVERY_MS = 250
const CONNECTIONS = 300
const LARGE_TICKETS = 400
const LARGE_BYTES = 500_000
/** Of the tenant that is looked after, and of the one that floods. */
const [QUIET, HOSTILE] = ['quiet', 'hostile']

/**
 * One process while everything that a hostile tenant can do is done to it at once: a flood of 300 connections, stalled
 * exports of large tickets, streams that nobody reads, refused upgrades that stay, bodies that never end, poisonous imports.
 * Prints its memory, how `/health/live` answers, and how another tenant fares beside how it fares alone.
 */
export async function bench(): Promise<void> {
  const server = await startTestServer()
  try {
    const system = await startSystemProcess(server.url, { IMPORT_MEGABYTES_MAX: '64' })
    const { quietKey, hostileKey } = await fill(system, server.url)
    const alone = await watch(system, quietKey, AbortSignal.timeout(ALONE_SECONDS * 1_000))
    print('alone', alone)
    const ending = AbortSignal.timeout(SECONDS * 1_000)
    const target = { url: system.url, token: hostileKey, tenant: HOSTILE }
    const [seen, beside] = await Promise.all([abuse(target, ending), watch(system, quietKey, ending)])
    print('abused', beside)
    console.log(`answers to the flood  ${JSON.stringify(seen.flood)}`)
    console.log(`poisonous imports     ${JSON.stringify(seen.imports)}`)
    const began = performance.now()
    await system.stop()
    console.log(`stopped after         ${((performance.now() - began) / 1_000).toFixed(1)} s`)
  } finally {
    await server.close()
  }
}

async function fill(system: SystemUnderBench, databaseUrl: string) {
  const make = async <Body>(path: string, body: unknown) =>
    (await call<Body>(`${system.url}/api/v1${path}`, { method: 'POST', token: OPERATOR_TOKEN, body })).body
  const keyOf = async (tenant_id: string) => {
    await make('/tenants', { tenant_id, name: tenant_id })
    const permissions = ['ticket.read', 'signal.read', 'ingestion.run', 'ingestion.read']
    return (await make<{ secret: string }>(`/tenants/${tenant_id}/api-keys`, { name: 'bench', permissions })).secret
  }
  const [quietKey, hostileKey] = [await keyOf(QUIET), await keyOf(HOSTILE)]
  await administer(databaseUrl, async (client) => {
    const insert = `insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at)
      select $1, n::text, 'email', 'c' || n % 50, 'Subject ' || n, repeat('word ', $3::int / 5), 'open', now() - n * interval '1 minute', now()
      from generate_series(1, $2::int) as n`
    await client.query(insert, [QUIET, 2_000, 500])
    await client.query(insert, [HOSTILE, LARGE_TICKETS, LARGE_BYTES])
    await client.query('analyze')
  })
  return { quietKey, hostileKey }
}

type Watched = { live: number[]; lists: number[]; refused: Seen; residentMegabytes: number }

/** Asks for the process's life and for a page of the quiet tenant's tickets, one after the other. */
async function watch(system: SystemUnderBench, token: string, signal: AbortSignal): Promise<Watched> {
  const watched: Watched = { live: [], lists: [], refused: {}, residentMegabytes: 0 }
  const timed = async (path: string, into: number[]) => {
    const began = performance.now()
    const { status } = await call(`${system.url}${path}`, { token }).catch(() => ({ status: 0 }))
    into.push(performance.now() - began)
    if (status !== 200) watched.refused[status] = (watched.refused[status] ?? 0) + 1
  }
  while (!signal.aborted) {
    await Promise.all([
      timed('/health/live', watched.live),
      timed(`/api/v1/tickets?tenant_id=${QUIET}&limit=20`, watched.lists),
    ])
    watched.residentMegabytes = Math.max(watched.residentMegabytes, system.figure('VmRSS') / 1_024)
    await delay(LOOK_EVERY_MS)
  }
  return watched
}

async function abuse(target: { url: string; token: string; tenant: string }, signal: AbortSignal) {
  const imports: Seen = {}
  const poison = async () => {
    for (let n = 0; !signal.aborted; n += 1) {
      const status = await poisonImport(target, POISONS[n % POISONS.length] ?? 'columns', signal)
      imports[status] = (imports[status] ?? 0) + 1
      await delay(2_000, undefined, { signal }).catch(() => {})
    }
  }
  const [seen] = await Promise.all([
    flood(target, CONNECTIONS, signal),
    stallReaders(target, 150, signal),
    halfOpenSockets(target, 100, signal),
    slowBodies(target, 100, signal),
    poison(),
  ])
  return { flood: seen, imports }
}

function print(what: string, { live, lists, refused, residentMegabytes }: Watched): void {
  console.log(`${what.padEnd(8)} /health/live  ${percentiles(live)} ms, at most ${Math.max(...live).toFixed(0)}`)
  console.log(
    `${what.padEnd(8)} a quiet list  ${percentiles(lists)} ms of ${lists.length}; not 200: ${JSON.stringify(refused)}`,
  )
  console.log(`${what.padEnd(8)} resident      ${residentMegabytes.toFixed(0)} MB at most`)
}
