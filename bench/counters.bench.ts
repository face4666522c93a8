import { loadavg } from 'node:os'
import type { Client } from 'pg'
import { startMockProvider } from '../mock-provider/index.ts'
import { loadBaseRules } from '../src/desks/support/classification/index.ts'
import { call } from '../test/harness/call.ts'
import { administer, createDatabase, createTemplate } from '../test/harness/server.ts'
import { startTestServer } from '../test/harness/start-test-server.ts'
import { percentile, run, TENANT } from './ingestion.bench.ts'
import { OPERATOR_TOKEN, startSystemProcess } from './system-process.ts'

const TICKETS = 10_000
const PAGE = 100
/** Of the current rules: no task comes to classify them. */
const RULE_VERSION = loadBaseRules().version
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 15)
const COUNTING = ['announce_changes', 'count_inserted', 'count_updated', 'count_deleted']

/**
 * What the counters cost: the same work with their triggers and, in turns, with them disabled; signals are raised in both.
 * First runs of an ingestion of 10,000 tickets, and bare inserts of 100 classified tickets a transaction, where nothing
 * else takes time.
 */
export async function bench(): Promise<void> {
  const server = await startTestServer()
  const helpdesk = await startMockProvider({ port: 0, rateLimit: 0, tenants: 1, tickets: TICKETS, deleted: 0 })
  try {
    await createTemplate(server.url)
    const made = await createDatabase(server.url)
    const system = await startSystemProcess(made.url, {
      EXTERNAL_API_URL: helpdesk.url,
      // As good as none.
      ...{ EXTERNAL_RATE_LIMIT: '100000', EXTERNAL_RATE_WINDOW_SECONDS: '1' },
    })
    try {
      const body = { tenant_id: TENANT, name: TENANT }
      await call(`${system.url}/tenants`, { method: 'POST', token: OPERATOR_TOKEN, body })
      await administer(made.url, async (client) => {
        // Of a process that has just started; counts for neither.
        await run(system)
        report('ingestion, first runs', await inTurns(client, () => run(system)))
        report('bare inserts of classified tickets', await inTurns(client, () => insertClassified(client)))
      })
    } finally {
      await system.stop()
    }
  } finally {
    await helpdesk.close()
    await server.close()
  }
}

type Seconds = { with: number[]; without: number[] }

async function inTurns(client: Client, work: () => Promise<number>): Promise<Seconds> {
  const seconds: Seconds = { with: [], without: [] }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const how of round % 2 === 0 ? (['with', 'without'] as const) : (['without', 'with'] as const)) {
      await client.query('truncate tickets, ticket_history')
      await setCounting(client, how === 'with' ? 'enable' : 'disable')
      seconds[how].push(await work())
    }
  }
  return seconds
}

const setCounting = (client: Client, how: 'enable' | 'disable') =>
  client.query(COUNTING.map((trigger) => `alter table tickets ${how} trigger ${trigger}`).join('; '))

function report(what: string, seconds: Seconds): void {
  const rate = (values: readonly number[]) => `${Math.round(TICKETS / percentile(values, 50)).toLocaleString('en')}/s`
  const [counting, plain] = [percentile(seconds.with, 50), percentile(seconds.without, 50)]
  console.log(
    `${what}: p50 of ${ROUNDS} ${rate(seconds.with)} with counters, ${rate(seconds.without)} without: ` +
      `${((counting / plain - 1) * 100).toFixed(0)} % more time, ${((1 - plain / counting) * 100).toFixed(0)} % fewer tickets/s ` +
      `(load ${loadavg()[0]?.toFixed(1)})`,
  )
}

/** Seconds for 10,000 tickets of 900 customers over 26 days with two keywords each, as the serving role writes them. */
async function insertClassified(client: Client): Promise<number> {
  const started = performance.now()
  for (let at = 0; at < TICKETS; at += PAGE) {
    await client.query(`begin; set local role signalbox_serving; set local signalbox.tenant_id = '${TENANT}'`)
    await client.query(
      `insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at,
         urgency, sentiment, requires_action, keywords, rule_version)
       select $1, 'ext-' || n, (array['chat', 'email', 'web', 'api'])[1 + abs(hashint4(n)) % 4], 'cust_' || abs(hashint4(n)) % 900,
         'A subject ' || n, repeat('A sentence of the message. ', 5), (array['open', 'pending', 'closed'])[1 + abs(hashint4(n + 1)) % 3],
         timestamptz '2026-01-01 00:00Z' + n * interval '225 seconds', timestamptz '2026-01-01 00:00Z' + n * interval '225 seconds',
         case n % 5 when 0 then 'high' when 1 then 'medium' else 'low' end, (array['negative', 'neutral', 'positive'])[1 + abs(hashint4(n + 2)) % 3],
         n % 5 < 2, array['word ' || n % 12, 'term ' || n % 7], $4
       from generate_series($2::int, $3::int) as n`,
      [TENANT, at, at + PAGE - 1, RULE_VERSION],
    )
    await client.query('commit')
  }
  return (performance.now() - started) / 1_000
}
