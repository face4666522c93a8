import type { Client } from 'pg'
import { startMockProvider } from '../mock-provider/index.ts'
import { sleep } from '../src/kernel/abort.ts'
import { call } from '../test/harness/call.ts'
import { administer, createDatabase, createTemplate } from '../test/harness/server.ts'
import { startTestServer } from '../test/harness/start-test-server.ts'
import { OPERATOR_TOKEN, type SystemUnderBench, startSystemProcess } from './system-process.ts'

const TICKETS = 10_000
const RUNS = Number(process.env.BENCH_RUNS ?? 20)
export const TENANT = 'tenant_a'

/**
 * First runs, each into emptied tables and each beside its peer: few say little, on a machine with other work and of a
 * process that grows warm.
 */
const FIRST_RUNS = 15

/**
 * End to end from a provider without a limit: 10,000 tickets of one tenant, first runs that create them and runs that
 * find them unchanged. The peers of the first are `INSERT … SELECT unnest` of the same rows through the same driver, page by
 * page, into tables with the same indexes on the same server, measured in turns with them: of the tickets alone, and of
 * the tickets with the history that a run writes of them, and of both into the tables that a run writes to.
 */
export async function bench(): Promise<void> {
  const server = await startTestServer({ durable: true })
  const helpdesk = await startMockProvider({ port: 0, rateLimit: 0, tenants: 1, tickets: TICKETS, deleted: 0 })
  try {
    await createTemplate(server.url)
    const made = await createDatabase(server.url)
    const system = await startSystemProcess(made.url, {
      EXTERNAL_API_URL: helpdesk.url,
      // As good as none.
      ...{ EXTERNAL_RATE_LIMIT: '100000', EXTERNAL_RATE_WINDOW_SECONDS: '1' },
    })
    await call(`${system.url}/tenants`, {
      method: 'POST',
      token: OPERATOR_TOKEN,
      body: { tenant_id: TENANT, name: TENANT },
    })
    const { first, raw, rawWithHistory, rawInPlace } = await administer(made.url, (client) => compare(system, client))
    const later: number[] = []
    let early = 0
    for (let index = 1; index <= RUNS; index += 1) {
      later.push(await run(system))
      if (index === Math.min(10, RUNS)) early = residentMegabytes(system)
    }
    const rate = (seconds: number) => `${Math.round(TICKETS / seconds).toLocaleString('en')} tickets/s`
    const spread = (values: readonly number[]) =>
      `p50 ${rate(percentile(values, 50))}, slowest ${rate(Math.max(...values))}, fastest ${rate(Math.min(...values))}`
    console.log(`very first run      ${rate(first[0] ?? 0)} (of a process that has just started)`)
    console.log(`${FIRST_RUNS} first runs        ${spread(first)} (all created)`)
    console.log(`${FIRST_RUNS} raw inserts       ${spread(raw)} (100 rows a transaction, the same columns)`)
    console.log(`  with history      ${spread(rawWithHistory)}`)
    console.log(`  in place          ${spread(rawInPlace)} (the tables themselves, with their triggers and keys)`)
    const ratio = (peer: readonly number[]) => (percentile(peer, 50) / percentile(first, 50)).toFixed(2)
    console.log(
      `first run / raw     ${ratio(raw)}; with history ${ratio(rawWithHistory)}; in place ${ratio(rawInPlace)}`,
    )
    console.log(
      `${RUNS} later runs       p50 ${rate(percentile(later, 50))}, p95 ${rate(percentile(later, 95))}, p99 ${rate(percentile(later, 99))} (unchanged)`,
    )
    console.log(
      `resident memory     ${early} MB after run ${Math.min(10, RUNS)}, ${residentMegabytes(system)} MB after run ${RUNS}`,
    )
    await system.stop()
  } finally {
    await helpdesk.close()
    await server.close()
  }
}

/** Seconds of first runs and of their peers, in turns. */
async function compare(system: SystemUnderBench, client: Client) {
  const [first, raw, rawWithHistory, rawInPlace]: [number[], number[], number[], number[]] = [[], [], [], []]
  await client.query('create table raw_tickets (like tickets including all)')
  await client.query('create table raw_history (like ticket_history including all)')
  for (let index = 0; index < FIRST_RUNS; index += 1) {
    await client.query('truncate tickets, ticket_history')
    first.push(await run(system))
    await client.query('truncate raw_tickets')
    const { rows } = await client.query('select * from tickets order by created_at')
    raw.push(await rawInsert(client, rows, RAW))
    await client.query('truncate raw_tickets, raw_history')
    rawWithHistory.push(await rawInsert(client, rows, WITH_HISTORY))
    await client.query('truncate tickets, ticket_history')
    rawInPlace.push(await rawInsert(client, rows, IN_PLACE))
  }
  return { first, raw, rawWithHistory, rawInPlace }
}

type Peer = { tickets: string; history: string | null }
const RAW: Peer = { tickets: 'raw_tickets', history: null }
const WITH_HISTORY: Peer = { tickets: 'raw_tickets', history: 'raw_history' }
const IN_PLACE: Peer = { tickets: 'tickets', history: 'ticket_history' }

/** Seconds that a run of the tenant took, by its own clock. */
export async function run(system: SystemUnderBench): Promise<number> {
  type Job = { job_id: string; status: string; duration_seconds: number }
  const ask = async (path: string, method = 'GET') =>
    (await call<Job>(system.url + path, { method, token: OPERATOR_TOKEN })).body
  const { job_id } = await ask(`/ingest/run?tenant_id=${TENANT}`, 'POST')
  for (;;) {
    await sleep(100)
    const job = await ask(`/ingest/progress/${job_id}`)
    if (job.status === 'failed') throw new Error('the run failed')
    if (job.status === 'completed') return job.duration_seconds
  }
}

const COLUMNS = {
  ...{ external_id: 'text', source: 'text', customer_id: 'text', subject: 'text', message: 'text', status: 'text' },
  ...{
    created_at: 'timestamptz',
    updated_at: 'timestamptz',
    urgency: 'text',
    sentiment: 'text',
    requires_action: 'boolean',
  },
  ...{ language: 'text', rule_version: 'text', matches: 'jsonb' },
} as const

/** Seconds to insert the rows that the run has stored, page by page. */
async function rawInsert(client: Client, rows: Record<string, unknown>[], peer: Peer): Promise<number> {
  const columns = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]
  const arrays = columns.map((column, index) => `$${index + 1}::${COLUMNS[column]}[]`).join(', ')
  const insert = `insert into ${peer.tickets} (tenant_id, ${columns.join(', ')}) select '${TENANT}', * from unnest(${arrays})`
  const history = `insert into ${peer.history} (tenant_id, ticket_id, action, recorded_at)
    select tenant_id, ticket_id, 'created', now() from stored`
  const statement =
    peer.history === null ? insert : `with stored as (${insert} returning tenant_id, ticket_id) ${history}`
  const plain = rows.map((row) => ({ ...row, matches: JSON.stringify(row.matches) }) as Record<string, unknown>)
  const started = performance.now()
  for (let at = 0; at < plain.length; at += 100) {
    const page = plain.slice(at, at + 100)
    const values = columns.map((column) => page.map((row) => row[column]))
    await client.query(statement, values)
  }
  return (performance.now() - started) / 1_000
}

const residentMegabytes = (system: SystemUnderBench): number => Math.round(system.figure('VmRSS') / 1_024)

export const percentile = (values: readonly number[], percent: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor((values.length * percent) / 100))] ?? 0
