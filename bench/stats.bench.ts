import { loadavg } from 'node:os'
import { Client } from 'pg'
import { loadBaseRules } from '../src/desks/support/classification/index.ts'
import { call } from '../test/harness/call.ts'
import { administer, createDatabase, createTemplate } from '../test/harness/server.ts'
import { startTestServer } from '../test/harness/start-test-server.ts'
import { percentile } from './ingestion.bench.ts'
import { OPERATOR_TOKEN, type SystemUnderBench, startProviderProcess, startSystemProcess } from './system-process.ts'

const SIZES = (process.env.BENCH_SIZES ?? '10000,100000,1000000').split(',').map(Number)
const REQUESTS = Number(process.env.BENCH_REQUESTS ?? 1_000)
/** Plans are made, caches filled and code compiled by then, as in a process that has served for a minute. */
const WARM_UP_REQUESTS = 300
const DIRECT_QUERIES = 5
/** The numbers of the answer that a GROUP BY over the tickets gives at once, without trends, growth and customers. */
const DIRECT = `
  select status, urgency, sentiment, requires_action, source, count(*) from tickets
  where tenant_id = $1 and deleted_at is null group by 1, 2, 3, 4, 5`

/**
 * What the provider of the ingestion beside it allows: what the specification says, and as good as everything; and how
 * often somebody asks for the progress of a run, and a page of new tickets is written.
 */
const BUDGETS = [
  { name: 'at 60 calls a minute', limit: '60', windowSeconds: '60', everyMs: 1_000 },
  { name: 'without a limit', limit: '100000', windowSeconds: '1', everyMs: 100 },
]

/**
 * `/tenants/{id}/stats` over HTTP for tenants of 10,000, 100,000 and 1,000,000 tickets in one database, spread over a year
 * with two keywords each, as many customers as a tenth of the tickets; one request after the other, alone and while another
 * tenant's ingestion runs (and its own: new tickets by the hundred). Beside it a route
 * that reads one row, and the direct GROUP BY on one connection.
 */
export async function bench(): Promise<void> {
  const server = await startTestServer({ durable: true })
  const helpdesk = await startProviderProcess({
    ...{ MOCK_PROVIDER_RATE_LIMIT: '0', MOCK_PROVIDER_TENANTS: '1' },
    ...{ MOCK_PROVIDER_TICKETS: '10000', MOCK_PROVIDER_DELETED: '0' },
  })
  try {
    await createTemplate(server.url)
    const made = await createDatabase(server.url)
    await administer(made.url, async (client) => {
      for (const size of SIZES) await fill(client, tenantOf(size), size)
      for (const { name, limit, windowSeconds, everyMs } of BUDGETS) {
        const system = await startSystemProcess(made.url, {
          ...{ EXTERNAL_API_URL: helpdesk.url, REQUESTS_PER_MINUTE: '1000000' },
          ...{ EXTERNAL_RATE_LIMIT: limit, EXTERNAL_RATE_WINDOW_SECONDS: windowSeconds },
        })
        try {
          await makeTenant(system, 'tenant_a')
          console.log(`\nthe ingestion beside it: ${name}`)
          const windowMs = Number(windowSeconds) * 1_000
          for (const size of SIZES) await compare({ system, client, url: made.url, everyMs, windowMs }, size)
        } finally {
          await system.stop()
        }
      }
    })
  } finally {
    await helpdesk.stop()
    await server.close()
  }
}

type Benched = { system: SystemUnderBench; client: Client; url: string; everyMs: number; windowMs: number }

const tenantOf = (size: number) => `tenant_of_${size}`

async function compare(benched: Benched, size: number): Promise<void> {
  const { system, client } = benched
  const tenant = tenantOf(size)
  console.log(`${size.toLocaleString('en')} tickets`)
  const path = `/tenants/${tenant}/stats`
  const from = new Date(Date.now() - 100.123 * 86_400_000).toISOString()
  for (let n = 0; n < WARM_UP_REQUESTS; n += 1) await ask(system, path)
  report('GET /tenants/{id}', await inARow(() => ask(system, `/tenants/${tenant}`)))
  report('stats, alone', await inARow(() => ask(system, path)))
  report('stats of 100 days', await inARow(() => ask(system, `${path}?from=${from}`)))
  report('direct GROUP BY, alone', await inARow(() => client.query(DIRECT, [tenant]), DIRECT_QUERIES))
  const busy = keepBusy(benched, tenant)
  // For a whole window: its calls leave together, as soon as they may.
  report('stats, while ingesting', await inARow(() => ask(system, path), REQUESTS, benched.windowMs))
  report('direct GROUP BY, same', await inARow(() => client.query(DIRECT, [tenant]), DIRECT_QUERIES))
  console.log(`  meanwhile ${await busy.stop()}`)
}

const makeTenant = (system: SystemUnderBench, tenant_id: string) =>
  call(`${system.url}/tenants`, {
    ...{ method: 'POST', token: OPERATOR_TOKEN, body: { tenant_id, name: tenant_id, time_zone: 'Europe/Berlin' } },
  })

async function ask(system: SystemUnderBench, path: string): Promise<void> {
  const { status, text } = await call(system.url + path, { token: OPERATOR_TOKEN })
  if (status !== 200) throw new Error(text)
}

/** Tickets `from` to `to` of a tenant, evenly over the year before now; of the current rules, so that no task changes them. */
const TICKETS_OF_A_YEAR = `
  insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at,
    urgency, sentiment, requires_action, keywords, rule_version)
  select $1, 'own-' || n, (array['chat', 'email', 'web', 'api'])[1 + hash % 4], 'cust_' || hash % ($2::int / 10),
    'A subject ' || n, repeat('A sentence of the message. ', 5), (array['open', 'pending', 'closed', 'closed'])[1 + hash / 4 % 4],
    at, at, (array['high', 'medium', 'medium', 'low', 'low', 'low', 'low', 'low'])[1 + hash / 16 % 8],
    (array['negative', 'neutral', 'neutral', 'positive'])[1 + hash / 128 % 4], hash / 16 % 8 < 2,
    array['word ' || hash / 512 % 40, 'term ' || hash / 7 % 25], '${loadBaseRules().version}'
  from generate_series($3::int, $4::int) as n
  cross join lateral (select abs(hashint4(n)::bigint) as hash,
    date_trunc('milliseconds', now() - (($2::float8 - n) / $2 * 365) * interval '1 day') as at) as drawn`

async function fill(client: Client, tenant: string, size: number): Promise<void> {
  const started = performance.now()
  await client.query(`insert into tenants (tenant_id, name, time_zone) values ($1, $1, 'Europe/Berlin')`, [tenant])
  const step = Math.min(size, 100_000)
  for (let n = 0; n < size; n += step) await client.query(TICKETS_OF_A_YEAR, [tenant, size, n + 1, n + step])
  await client.query('vacuum analyze')
  const seconds = ((performance.now() - started) / 1_000).toFixed(1)
  console.log(`${size.toLocaleString('en')} tickets, made with their counters in ${seconds} s`)
}

/** The number of the next ticket that is written beside; each is new. */
let ownTickets = 100_000_000

/** Until it is stopped: ingestion runs of another tenant, and new tickets of this one, by pages of a hundred. */
function keepBusy({ system, url, everyMs }: Benched, tenant: string) {
  let isOver = false
  let [seen, pages] = [0, 0]
  const ingesting = async () => {
    type Job = { job_id: string; status: string; processed_pages: number }
    const ask = async (path: string, method = 'GET') =>
      (await call<Job>(`${system.url}/ingest/${path}`, { method, token: OPERATOR_TOKEN })).body
    while (!isOver) {
      const { job_id } = await ask('run?tenant_id=tenant_a', 'POST')
      for (let [job, isCancelled] = [await ask(`progress/${job_id}`), false]; ; job = await ask(`progress/${job_id}`)) {
        if (['completed', 'cancelled'].includes(job.status)) {
          seen += job.processed_pages
          break
        }
        if (isOver && !isCancelled) isCancelled = Boolean(await ask(job_id, 'DELETE'))
        await new Promise((resolve) => setTimeout(resolve, everyMs))
      }
    }
  }
  const writing = async () => {
    const client = new Client({ connectionString: url })
    await client.connect()
    while (!isOver) {
      const next = ownTickets
      ownTickets += 100
      await client.query(`begin; set local role signalbox_serving; set local signalbox.tenant_id = '${tenant}'`)
      await client.query(TICKETS_OF_A_YEAR.replace('$2::float8 - n', '$2::float8 * 0'), [
        tenant,
        1_000_000,
        next,
        next + 99,
      ])
      await client.query('commit')
      pages += 1
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
    await client.end()
  }
  const both = Promise.all([ingesting(), writing()])
  return {
    stop: async () => {
      isOver = true
      await both
      return `${seen} pages of 100 tickets, ${pages * 100} new tickets of its own`
    },
  }
}

async function inARow(work: () => Promise<unknown>, times = REQUESTS, atLeastMs = 0): Promise<number[]> {
  const milliseconds: number[] = []
  const until = performance.now() + atLeastMs
  while (milliseconds.length < times || performance.now() < until) {
    const started = performance.now()
    await work()
    milliseconds.push(performance.now() - started)
  }
  return milliseconds
}

function report(what: string, milliseconds: readonly number[]): void {
  const at = (percent: number) => `p${percent} ${percentile(milliseconds, percent).toFixed(1)} ms`
  console.log(
    `  ${what.padEnd(24)} ${at(50)}, ${at(95)}, ${at(99)} (${milliseconds.length}, load ${loadavg()[0]?.toFixed(1)})`,
  )
}
