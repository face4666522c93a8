import { loadavg } from 'node:os'
import type { Client } from 'pg'
import { sleep } from '../src/kernel/abort.ts'
import { call } from '../test/harness/call.ts'
import { administer, createDatabase, createTemplate } from '../test/harness/server.ts'
import { startTestServer } from '../test/harness/start-test-server.ts'
import { type Asked, startClients } from './closed-loop.ts'
import { spawnServer } from './spawn-server.ts'
import { type Heard, listenByEvents, listenByWebSocket } from './stream-listeners.ts'
import { OPERATOR_TOKEN, type SystemUnderBench, startProviderProcess, startSystemProcess } from './system-process.ts'

const MINUTES = Number(process.env.BENCH_MINUTES ?? 10)
const TENANTS = ['tenant_a', 'tenant_b', 'tenant_c', 'tenant_d', 'tenant_e']
const TICKETS = 10_000
/** Together about 100 requests a second to the system and as many to its peer, which two cores carry beside the rest. */
const [CLIENTS, THINK_MS] = [10, 90]
const LISTENERS_PER_TENANT = { sse: 20, webSocket: 20 }
const RUN_AGAIN_AFTER_MS = 10_000
const CHANGE_EVERY_MS = 500
const SAMPLES = Math.max(2, Math.round(MINUTES))
const URGENT = 'We will file a lawsuit against you, our lawyer has the documents.'

/**
 * A working day at once, on one process with all roles and a durable database: five tenants are ingested again and again,
 * clients read statistics, lists, tickets and signals, 200 listeners follow the signals. Beside it Fastify's own empty route,
 * asked by the same clients at the same rate.
 */
export async function bench(): Promise<void> {
  const server = await startTestServer({ durable: true })
  const helpdesk = await startProviderProcess({
    ...{ MOCK_PROVIDER_DATA: 'realistic', MOCK_PROVIDER_TICKETS: String(TICKETS), MOCK_PROVIDER_RATE_LIMIT: '0' },
    ...{ MOCK_PROVIDER_TENANTS: String(TENANTS.length), MOCK_PROVIDER_NOTIFY: 'ok' },
  })
  const empty = await spawnServer([new URL('./empty-route.ts', import.meta.url).pathname], {}, /listens on (\S+)/)
  try {
    await createTemplate(server.url)
    const made = await createDatabase(server.url)
    const system = await startSystemProcess(made.url, {
      ...{ EXTERNAL_API_URL: helpdesk.url, REQUESTS_PER_MINUTE: '1000000' },
      ...{ EXTERNAL_RATE_LIMIT: '100000', EXTERNAL_RATE_WINDOW_SECONDS: '1' },
    })
    try {
      await administer(made.url, (client) => load({ system, client, helpdeskUrl: helpdesk.url, emptyUrl: empty.url }))
    } finally {
      await system.stop()
    }
  } finally {
    await empty.stop()
    await helpdesk.stop()
    await server.close()
  }
}

type Loaded = { system: SystemUnderBench; client: Client; helpdeskUrl: string; emptyUrl: string }

async function load({ system, client, helpdeskUrl, emptyUrl }: Loaded): Promise<void> {
  for (const tenant_id of TENANTS) await ask(system, '/tenants', 'POST', { tenant_id, name: tenant_id })
  await Promise.all(TENANTS.map((tenant) => runOnce(system, tenant)))
  const { rows: tickets } = await client.query(
    'select tenant_id, ticket_id, external_id from tickets order by md5(ticket_id::text) limit 500',
  )
  const listeners = await openListeners(system)
  console.log(
    `${TICKETS} tickets of ${TENANTS.length} tenants, each fetched again ${RUN_AGAIN_AFTER_MS / 1_000} s after its last run, ` +
      `${1_000 / CHANGE_EVERY_MS} of them changed a second; ${CLIENTS} clients that think for ${THINK_MS} ms; ${listeners.length} listeners; ${MINUTES} minutes`,
  )
  const runs = keepRunning(system)
  const changes = keepChanging(helpdeskUrl, tickets)
  const clients = startClients({
    ...{ count: CLIENTS, thinkMs: THINK_MS, token: OPERATOR_TOKEN },
    asked: routes(system.url, () => tickets[Math.floor(Math.random() * tickets.length)]),
  })
  const peers = startClients({
    ...{ count: CLIENTS, thinkMs: THINK_MS },
    asked: [{ name: 'Fastify’s empty route', weight: 1, url: () => emptyUrl }],
  })
  await watch(system, client, () => clients.answered() + peers.answered())
  await Promise.all([clients.stop(), peers.stop(), changes.stop()])
  const { completed, others } = await runs.stop()
  clients.report()
  peers.report()
  console.log(`  ingestion                    ${completed} runs completed, ${others} did not`)
  await reportListeners(listeners, client)
  for (const { leave } of listeners) leave()
}

/** What clients ask, by how often. */
function routes(base: string, ticket: () => { tenant_id: string; ticket_id: string; external_id: string }): Asked[] {
  const to = (path: (tenant: string) => string) => () => base + path(ticket().tenant_id)
  const list = (query: string) => to((tenant) => `/tickets?tenant_id=${tenant}&${query}`)
  return [
    { name: 'GET /tenants/{id}/stats', weight: 20, url: to((tenant) => `/tenants/${tenant}/stats`) },
    { name: 'GET /tickets', weight: 10, url: list('limit=50') },
    { name: 'GET /tickets?status', weight: 8, url: list('status=open&sort=-updated_at&limit=50') },
    { name: 'GET /tickets?urgency&source', weight: 8, url: list('urgency=high&source=email&limit=50') },
    { name: 'GET /tickets?q', weight: 6, url: list('q=invoice&limit=20') },
    { name: 'GET /tickets/urgent', weight: 8, url: to((tenant) => `/tickets/urgent?tenant_id=${tenant}`) },
    {
      ...{ name: 'GET /tickets/{id}', weight: 25 },
      url: () => {
        const { tenant_id, ticket_id } = ticket()
        return `${base}/tickets/${ticket_id}?tenant_id=${tenant_id}`
      },
    },
    { name: 'GET /signals', weight: 15, url: to((tenant) => `/signals?tenant_id=${tenant}&limit=50`) },
  ]
}

/** Tenant by tenant: more that ask at the same moment than a process has connections for are asked to come again. */
async function openListeners(system: SystemUnderBench) {
  const opened: { tenant: string; form: string; heard: Heard; leave(): void }[] = []
  for (const tenant of TENANTS) {
    const { last_event_id } = await ask<{ last_event_id: string }>(system, `/signals?tenant_id=${tenant}&limit=1`)
    const url = `${system.url}/api/v1/signals/stream?tenant_id=${tenant}&last_event_id=${last_event_id}`
    const open = (form: string, listen: typeof listenByEvents, count: number) =>
      Array.from({ length: count }, async () => ({
        tenant,
        form,
        ...(await listen(url, OPERATOR_TOKEN, Number(last_event_id))),
      }))
    const { sse, webSocket } = LISTENERS_PER_TENANT
    opened.push(
      ...(await Promise.all([...open('SSE', listenByEvents, sse), ...open('WebSocket', listenByWebSocket, webSocket)])),
    )
  }
  return opened
}

/** What each has heard, and whether all of them have come to the tenant's last change. */
async function reportListeners(listeners: Awaited<ReturnType<typeof openListeners>>, client: Client): Promise<void> {
  await sleep(2_000)
  const { rows } = await client.query('select tenant_id, max(change)::float8 as change from signals group by 1')
  const last = new Map(rows.map(({ tenant_id, change }) => [tenant_id, change]))
  for (const form of ['SSE', 'WebSocket']) {
    const of = listeners.filter((each) => each.form === form)
    const sum = (figure: (each: (typeof of)[number]) => number) => of.reduce((total, each) => total + figure(each), 0)
    console.log(
      `  ${`${of.length} listeners by ${form}`.padEnd(28)} ${sum(({ heard }) => heard.events)} events, ${sum(({ heard }) => heard.outOfOrder)} out of order; ` +
        `${sum(({ heard, tenant }) => (heard.lastId === last.get(tenant) ? 1 : 0))} have the last change, ${sum(({ heard }) => (heard.isOver ? 1 : 0))} were cut off`,
    )
  }
}

/** Memory and connections from time to time, until the time is over. */
async function watch(system: SystemUnderBench, client: Client, answered: () => number): Promise<void> {
  const samples: { megabytes: number; connections: number }[] = []
  let before = 0
  for (let sample = 0; sample <= SAMPLES; sample += 1) {
    if (sample > 0) await sleep((MINUTES * 60_000) / SAMPLES)
    const { rows } = await client.query(
      'select count(*)::int as connections from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    const megabytes = Math.round(system.figure('VmRSS') / 1_024)
    samples.push({ megabytes, connections: rows[0].connections })
    const requests = answered() - before
    before += requests
    console.log(
      `  minute ${((sample * MINUTES) / SAMPLES).toFixed(1).padStart(4)}: ${megabytes} MB, ${rows[0].connections} connections, ${requests} answers, load ${loadavg()[0]?.toFixed(1)}`,
    )
  }
  const [first, last] = [samples[1], samples.at(-1)]
  console.log(
    `  from the first to the last of them: ${first?.megabytes} → ${last?.megabytes} MB, ${first?.connections} → ${last?.connections} connections`,
  )
}

const ask = async <Body>(system: SystemUnderBench, path: string, method = 'GET', body?: unknown): Promise<Body> =>
  (
    await call<Body>(system.url + path, {
      ...{ method, token: OPERATOR_TOKEN },
      ...(body === undefined ? {} : { body }),
    })
  ).body

/** How the run ended. */
async function runOnce(system: SystemUnderBench, tenant: string): Promise<string> {
  const { job_id } = await ask<{ job_id: string }>(system, `/ingest/run?tenant_id=${tenant}`, 'POST')
  for (;;) {
    await sleep(250)
    const { status } = await ask<{ status: string }>(system, `/ingest/progress/${job_id}`)
    if (['completed', 'failed', 'cancelled'].includes(status)) return status
  }
}

function keepRunning(system: SystemUnderBench) {
  const stopping = new AbortController()
  const ends: string[] = []
  const all = TENANTS.map(async (tenant, index) => {
    await sleep((index * RUN_AGAIN_AFTER_MS) / TENANTS.length)
    while (!stopping.signal.aborted) {
      ends.push(await runOnce(system, tenant))
      await sleep(RUN_AGAIN_AFTER_MS, stopping.signal).catch(() => {})
    }
  })
  return {
    stop: async () => {
      stopping.abort()
      await Promise.all(all)
      const completed = ends.filter((status) => status === 'completed').length
      return { completed, others: ends.length - completed }
    },
  }
}

/** One ticket after the other becomes urgent, and calm when its turn comes again: what the listeners hear of. */
function keepChanging(helpdeskUrl: string, tickets: readonly { external_id: string }[]) {
  let isOver = false
  const all = (async () => {
    for (let n = 0; !isOver; n += 1) {
      const message = Math.floor(n / tickets.length) % 2 === 0 ? URGENT : 'Nothing special.'
      const id = tickets[n % tickets.length]?.external_id
      await call(`${helpdeskUrl}/_control/tickets/${id}`, { method: 'PATCH', body: { subject: `Case ${n}`, message } })
      await sleep(CHANGE_EVERY_MS)
    }
  })()
  return {
    stop: () => {
      isOver = true
      return all
    },
  }
}
