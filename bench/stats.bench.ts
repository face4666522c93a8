import { loadavg } from 'node:os'
import { Client } from 'pg'
import { startMockProvider } from '../mock-provider/index.ts'
import { call } from '../test/harness/call.ts'
import { administer, createDatabase, createTemplate } from '../test/harness/server.ts'
import { startTestServer } from '../test/harness/start-test-server.ts'
import { percentile } from './ingestion.bench.ts'
import { OPERATOR_TOKEN, type SystemUnderBench, startSystemProcess } from './system-process.ts'

const SIZES = (process.env.BENCH_SIZES ?? '10000,100000,1000000').split(',').map(Number)
const REQUESTS = Number(process.env.BENCH_REQUESTS ?? 300)
const DIRECT_QUERIES = 5
/** The numbers of the answer that a GROUP BY over the tickets gives at once, without trends, growth and customers. */
const DIRECT = `
  select status, urgency, sentiment, requires_action, source, count(*) from tickets
  where tenant_id = $1 and deleted_at is null group by 1, 2, 3, 4, 5`

/**
 * `/tenants/{id}/stats` over HTTP for tenants of 10,000, 100,000 and 1,000,000 tickets in one database, spread over a year
 * with two keywords each, as many customers as a tenth of the tickets; one request after the other, alone and while another
 * tenant's ingestion runs (and its own: new tickets by the hundred). Beside it a route
 * that reads one row, and the direct GROUP BY on one connection.
 */
export async function bench(): Promise<void> {
  const server = await startTestServer()
  const helpdesk = await startMockProvider({ port: 0, rateLimit: 0, tenants: 1, tickets: 10_000, deleted: 0 })
  try {
    await createTemplate(server.url)
    const made = await createDatabase(server.url)
    const system = await startSystemProcess(made.url, {
      EXTERNAL_API_URL: helpdesk.url,
      ...{ EXTERNAL_RATE_LIMIT: '100000', EXTERNAL_RATE_WINDOW_SECONDS: '1', REQUESTS_PER_MINUTE: '1000000' },
    })
    try {
      await administer(made.url, (client) => compare(system, client, made.url))
    } finally {
      await system.stop()
    }
  } finally {
    await helpdesk.close()
    await server.close()
  }
}

async function compare(system: SystemUnderBench, client: Client, url: string): Promise<void> {
  await makeTenant(system, 'tenant_a')
  for (const size of SIZES) {
    const tenant = `tenant_of_${size}`
    await makeTenant(system, tenant)
    const started = performance.now()
    await fill(client, tenant, size)
    console.log(`${size.toLocaleString('en')} tickets, made with their counters in ${seconds(started)} s`)
    const path = `/tenants/${tenant}/stats`
    const from = new Date(Date.now() - 100.123 * 86_400_000).toISOString()
    // Plans are made and caches filled.
    for (let n = 0; n < 20; n += 1) await ask(system, path)
    report('GET /tenants/{id}', await inARow(() => ask(system, `/tenants/${tenant}`)))
    report('stats, alone', await inARow(() => ask(system, path)))
    report('stats of 100 days', await inARow(() => ask(system, `${path}?from=${from}`)))
    const direct = await inARow(() => client.query(DIRECT, [tenant]), DIRECT_QUERIES)
    report('direct GROUP BY, alone', direct)
    const busy = keepBusy(system, url, tenant)
    report('stats, while ingesting', await inARow(() => ask(system, path)))
    report('direct GROUP BY, same', await inARow(() => client.query(DIRECT, [tenant]), DIRECT_QUERIES))
    console.log(`  meanwhile ${await busy.stop()}`)
  }
}

const makeTenant = (system: SystemUnderBench, tenant_id: string) =>
  call(`${system.url}/tenants`, {
    ...{ method: 'POST', token: OPERATOR_TOKEN, body: { tenant_id, name: tenant_id, time_zone: 'Europe/Berlin' } },
  })

async function ask(system: SystemUnderBench, path: string): Promise<void> {
  const { status, text } = await call(system.url + path, { token: OPERATOR_TOKEN })
  if (status !== 200) throw new Error(text)
}

/** Tickets `from` to `to` of a tenant, evenly over the year before now. */
const TICKETS_OF_A_YEAR = `
  insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at,
    urgency, sentiment, requires_action, keywords)
  select $1, 'own-' || n, (array['chat', 'email', 'web', 'api'])[1 + hash % 4], 'cust_' || hash % ($2::int / 10),
    'A subject ' || n, repeat('A sentence of the message. ', 5), (array['open', 'pending', 'closed', 'closed'])[1 + hash / 4 % 4],
    at, at, (array['high', 'medium', 'medium', 'low', 'low', 'low', 'low', 'low'])[1 + hash / 16 % 8],
    (array['negative', 'neutral', 'neutral', 'positive'])[1 + hash / 128 % 4], hash / 16 % 8 < 2,
    array['word ' || hash / 512 % 40, 'term ' || hash / 7 % 25]
  from generate_series($3::int, $4::int) as n
  cross join lateral (select abs(hashint4(n)::bigint) as hash,
    date_trunc('milliseconds', now() - (($2::float8 - n) / $2 * 365) * interval '1 day') as at) as drawn`

async function fill(client: Client, tenant: string, size: number): Promise<void> {
  const step = Math.min(size, 100_000)
  for (let n = 0; n < size; n += step) await client.query(TICKETS_OF_A_YEAR, [tenant, size, n + 1, n + step])
  await client.query('vacuum analyze')
}

/** Until it is stopped: ingestion runs of another tenant, and new tickets of this one, a hundred every 100 ms. */
function keepBusy(system: SystemUnderBench, url: string, tenant: string) {
  let isOver = false
  let [runs, pages] = [0, 0]
  const ingesting = async () => {
    type Job = { job_id: string; status: string }
    while (!isOver) {
      const options = { token: OPERATOR_TOKEN }
      const { body } = await call<Job>(`${system.url}/ingest/run?tenant_id=tenant_a`, { method: 'POST', ...options })
      for (let status = ''; status !== 'completed'; ) {
        await new Promise((resolve) => setTimeout(resolve, 50))
        status = (await call<Job>(`${system.url}/ingest/progress/${body.job_id}`, options)).body.status
      }
      runs += 1
    }
  }
  const writing = async () => {
    const client = new Client({ connectionString: url })
    await client.connect()
    while (!isOver) {
      const next = 100_000_000 + pages * 100
      await client.query(`begin; set local role signalbox_serving; set local signalbox.tenant_id = '${tenant}'`)
      await client.query(TICKETS_OF_A_YEAR.replace('$2::float8 - n', '$2::float8 * 0'), [
        tenant,
        1_000_000,
        next,
        next + 99,
      ])
      await client.query('commit')
      pages += 1
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    await client.end()
  }
  const both = Promise.all([ingesting(), writing()])
  return {
    stop: async () => {
      isOver = true
      await both
      return `${runs} runs of 10,000 tickets ended, ${pages * 100} tickets of its own`
    },
  }
}

async function inARow(work: () => Promise<unknown>, times = REQUESTS): Promise<number[]> {
  const milliseconds: number[] = []
  for (let n = 0; n < times; n += 1) {
    const started = performance.now()
    await work()
    milliseconds.push(performance.now() - started)
  }
  return milliseconds
}

const seconds = (started: number) => ((performance.now() - started) / 1_000).toFixed(1)

function report(what: string, milliseconds: readonly number[]): void {
  const at = (percent: number) => `p${percent} ${percentile(milliseconds, percent).toFixed(1)} ms`
  console.log(
    `  ${what.padEnd(24)} ${at(50)}, ${at(95)}, ${at(99)} (${milliseconds.length}, load ${loadavg()[0]?.toFixed(1)})`,
  )
}
