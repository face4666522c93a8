import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import type { Client } from 'pg'
import { sleep } from '../src/kernel/abort.ts'
import { call } from '../test/harness/call.ts'
import { administer, createDatabase, createTemplate } from '../test/harness/server.ts'
import { startTestServer } from '../test/harness/start-test-server.ts'
import { waitFor } from '../test/harness/wait-for.ts'
import { OPERATOR_TOKEN, type SystemUnderBench, startSystemProcess } from './system-process.ts'

const [STRANGERS, EXPORTS, FOLLOWERS] = [200, 150, 200]
const TENANT = 'tenant_a'
const MEGABYTE = 1_048_576
/** How long something that should end is watched. */
const WATCH_SECONDS = Number(process.env.BENCH_WATCH_SECONDS ?? 45)

type Scene = { system: SystemUnderBench; client: Client; databaseUrl: string }

/**
 * What hostile or heavy callers cost one process: connections that never end, readers that do not read, bodies that do
 * not arrive, long texts. Each on a process of its own, with its memory and with how long it keeps everybody else waiting.
 */
export async function bench(): Promise<void> {
  const server = await startTestServer({ durable: true })
  try {
    await createTemplate(server.url)
    const made = await createDatabase(server.url)
    await administer(made.url, async (client) => {
      await client.query("insert into tenants (tenant_id, name) values ($1, 'A tenant')", [TENANT])
      await seed(client, 'long', 200, 2_000_000)
      await seed(client, 'short', 100_000, 300)
      for (const [name, scenario] of SCENARIOS) {
        const system = await startSystemProcess(made.url, {
          ...{ REQUESTS_PER_MINUTE: '1000000', SIGNALBOX_ROLES: 'api' },
        })
        const watch = watchSystem(system)
        console.log(`\n${name}`)
        try {
          await scenario({ system, client, databaseUrl: made.url })
        } finally {
          const { rssMegabytes, longestMs } = await watch.stop()
          console.log(`  most memory ${rssMegabytes} MB, /health/live waited ${longestMs} ms at the most`)
          const started = performance.now()
          await system.stop()
          console.log(`  SIGTERM: over after ${seconds(started)} s`)
        }
      }
    })
  } finally {
    await server.close()
  }
}

const SCENARIOS: [string, (scene: Scene) => Promise<void>][] = [
  [`${STRANGERS} refused upgrades whose clients keep their half open`, refusedUpgrades],
  [`a body that drips after its 401`, drippingBody],
  [`${EXPORTS} exports of 100,000 tickets that nobody reads`, stalledExports],
  [`${FOLLOWERS} followers of one job`, followersOfAJob],
  [`a list of 200 tickets of 2 MB`, longTickets],
]
const seconds = (since: number) => ((performance.now() - since) / 1_000).toFixed(1)

async function refusedUpgrades({ system }: Scene): Promise<void> {
  const sockets = await openMany(system, STRANGERS)
  for (const socket of sockets) {
    socket.resume()
    socket.write(
      'GET /api/v1/signals/stream?tenant_id=tenant_a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
  }
  await howManyStay(system, sockets)
}

async function drippingBody({ system }: Scene): Promise<void> {
  const [socket] = await openMany(system, 1)
  if (!socket) throw new Error('not connected')
  socket.resume()
  socket.write(
    'POST /api/v1/tenants HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{',
  )
  const dripping = setInterval(() => socket.write(' '), 1_000)
  await howManyStay(system, [socket])
  clearInterval(dripping)
}

async function stalledExports({ system }: Scene): Promise<void> {
  const heads: string[] = []
  const sockets = await openMany(system, EXPORTS)
  for (const [index, socket] of sockets.entries()) {
    // The head of the answer, and then nothing more.
    socket.once('data', (bytes) => {
      heads[index] = String(bytes).slice(9, 12)
      socket.pause()
    })
    socket.write(
      `GET /api/v1/tickets/export?tenant_id=tenant_a&source=short HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${OPERATOR_TOKEN}\r\n\r\n`,
    )
  }
  await sleep(5_000)
  const answered = Object.entries(Object.groupBy(heads, (head) => head ?? 'none'))
  console.log(`  answered: ${answered.map(([status, those]) => `${those?.length} × ${status}`).join(', ')}`)
  await howManyStay(system, sockets)
}

async function followersOfAJob({ system, client }: Scene): Promise<void> {
  const { rows } = await client.query(
    `insert into tasks (tenant_id, kind, payload, attempts_max, created_by) values ($1, 'ingestion.run', '{}', 1, 'operator') returning task_id`,
    [TENANT],
  )
  const commits = async () => {
    const counted = await client.query('select xact_commit from pg_stat_database where datname = current_database()')
    return Number(counted.rows[0].xact_commit)
  }
  const { secret, api_key_id } = (
    await call<Record<string, string>>(`${system.url}/tenants/${TENANT}/api-keys`, {
      ...{ method: 'POST', token: OPERATOR_TOKEN, body: { name: 'k', permissions: ['ingestion.read'] } },
    })
  ).body
  const sockets = await openMany(system, FOLLOWERS)
  // One after the other: more at the same moment than a process has connections for are asked to come again.
  for (const socket of sockets) {
    socket.write(
      `GET /api/v1/ingest/progress/${rows[0].task_id}/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${secret}\r\n\r\n`,
    )
    const [head] = await once(socket, 'data')
    if (!String(head).startsWith('HTTP/1.1 200 ')) throw new Error(String(head))
  }
  // Connections that have nothing to do tell what they did after up to ten seconds.
  await sleep(15_000)
  const before = await commits()
  await sleep(10_000)
  console.log(`  ${((await commits()) - before) / 10} transactions a second while nothing happens`)
  await call(`${system.url}/tenants/${TENANT}/api-keys/${api_key_id}`, { method: 'DELETE', token: OPERATOR_TOKEN })
  const revoked = performance.now()
  await waitFor('', () => sockets.every(({ readableEnded }) => readableEnded), 90).catch(() => {})
  const over = sockets.filter(({ readableEnded }) => readableEnded).length
  console.log(`  ${over} of them over ${seconds(revoked)} s after their key was revoked`)
}

async function longTickets({ system }: Scene): Promise<void> {
  const started = performance.now()
  const answer = await call<{ tickets: unknown[] }>(`${system.url}/tickets?tenant_id=${TENANT}&source=long&limit=200`, {
    token: OPERATOR_TOKEN,
  }).catch((error: unknown) => error as Error)
  if (answer instanceof Error) console.log(`  ${answer.message} after ${seconds(started)} s`)
  else {
    const megabytes = (answer.text.length / MEGABYTE).toFixed(2)
    console.log(`  ${answer.body.tickets.length} tickets, ${megabytes} MB after ${seconds(started)} s`)
  }
}

async function openMany({ url }: SystemUnderBench, count: number): Promise<Socket[]> {
  const { hostname, port } = new URL(url)
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
      await once(socket, 'connect')
      socket.on('error', () => {})
      return socket
    }),
  )
}

/** How many of the sockets the process still has; asked of the kernel, as who does not read hears of no end. */
async function howManyStay(system: SystemUnderBench, sockets: Socket[]): Promise<void> {
  const started = performance.now()
  await waitFor('the process never had them', () => socketsOf(system).length >= sockets.length)
  const ports = new Set(sockets.map(({ localPort }) => localPort))
  const staying = () => socketsOf(system).filter((port) => ports.has(port)).length
  await waitFor('', () => staying() === 0, WATCH_SECONDS).catch(() => {})
  console.log(`  ${staying()} of ${sockets.length} connections are left after ${seconds(started)} s`)
}

/** The other ends' ports of the connections that the process holds (proc(5), net/tcp); Linux only. */
function socketsOf({ url }: SystemUnderBench): number[] {
  const port = Number(new URL(url).port)
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state, , , , , , inode]) => portOf(local) === port && state !== '0A' && inode !== '0')
    .map(([, , remote = '']) => portOf(remote))
}
const portOf = (address: string) => Number.parseInt(address.split(':')[1] ?? '', 16)

/** Looks at the memory of a process, and at how soon it says that it lives. */
function watchSystem(system: SystemUnderBench) {
  const ending = new AbortController()
  let [rss, longestMs] = [0, 0]
  const look = async () => {
    while (!ending.signal.aborted) {
      const started = performance.now()
      await call(`${system.url}/health/live`).catch(() => {})
      longestMs = Math.max(longestMs, performance.now() - started)
      rss = Math.max(rss, system.figure('VmRSS'))
      await sleep(50)
    }
  }
  const looking = look()
  return {
    stop: async () => {
      ending.abort()
      await looking
      return { rssMegabytes: Math.round(rss / 1_024), longestMs: Math.round(longestMs) }
    },
  }
}

async function seed(client: Client, source: string, tickets: number, characters: number): Promise<void> {
  await client.query(
    `insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at)
     select $1, $2::text || n, $2, 'c', 'A subject', left(repeat(md5(n::text) || ' ', $4::int / 33 + 1), $4::int), 'open', now(), now()
     from generate_series(1, $3::int) n`,
    [TENANT, source, tickets, characters],
  )
}
