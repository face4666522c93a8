import type { Client } from 'pg'
import { startMockProvider } from '../mock-provider/index.ts'
import { sleep } from '../src/kernel/abort.ts'
import { call } from '../test/harness/call.ts'
import { administer, createDatabase, createTemplate } from '../test/harness/server.ts'
import { startTestServer } from '../test/harness/start-test-server.ts'
import { percentile, run, TENANT } from './ingestion.bench.ts'
import { OPERATOR_TOKEN, type SystemUnderBench, startSystemProcess } from './system-process.ts'

const ALERTS = Number(process.env.BENCH_ALERTS ?? 300)
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 9)
/** A receiver that is well, and three ways of being dead. */
const RECEIVERS = ['ok', 'failing', 'hanging', 'slow'] as const

/**
 * What a dead receiver costs ingestion: first runs of 10,000 tickets, in turns beside a receiver that is well and beside
 * ones that are not. Then how many alerts a minute arrive at the receiver as it was shipped, which fails twice for each.
 */
export async function bench(): Promise<void> {
  const server = await startTestServer({ durable: true })
  const helpdesk = await startMockProvider({ port: 0, rateLimit: 0, tenants: 1, tickets: 10_000, deleted: 0 })
  try {
    await createTemplate(server.url)
    const made = await createDatabase(server.url)
    const system = await startSystemProcess(made.url, {
      EXTERNAL_API_URL: helpdesk.url,
      ...{ EXTERNAL_RATE_LIMIT: '100000', EXTERNAL_RATE_WINDOW_SECONDS: '1' },
    })
    await call(`${system.url}/tenants`, {
      method: 'POST',
      token: OPERATOR_TOKEN,
      body: { tenant_id: TENANT, name: TENANT },
    })
    await administer(made.url, async (client) => {
      await compareReceivers(system, client, (notify) => helpdesk.set({ notify }))
      if (ALERTS === 0) return
      helpdesk.set({ notify: 'shipped' })
      helpdesk.restart()
      await deliverAlerts(client, () => helpdesk.notifications().filter(({ sent }) => sent > 0).length)
    })
    await system.stop()
  } finally {
    await helpdesk.close()
    await server.close()
  }
}

/** Empties everything; beside deliveries that are still recorded it may have to give way. */
async function forget(client: Client): Promise<void> {
  try {
    await client.query('truncate tickets, ticket_history, signals, deliveries, delivery_attempts, platform.circuits')
  } catch (error) {
    if ((error as { code?: string }).code !== '40P01') throw error
    await forget(client)
  }
}

async function compareReceivers(
  system: SystemUnderBench,
  client: Client,
  become: (receiver: (typeof RECEIVERS)[number]) => void,
): Promise<void> {
  const taken = new Map(RECEIVERS.map((receiver) => [receiver, [] as number[]]))
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const receiver of RECEIVERS) {
      become(receiver)
      await forget(client)
      const seconds = await run(system)
      // The first ones warm it up.
      if (round >= 0) taken.get(receiver)?.push(seconds)
    }
  }
  const { rows } = await client.query('select count(*)::int as signals from signals')
  console.log(`10,000 tickets, ${rows[0].signals} of them urgent, ${ROUNDS} runs each, in turns`)
  const well = percentile(taken.get('ok') ?? [], 50)
  for (const [receiver, seconds] of taken) {
    const p50 = percentile(seconds, 50)
    console.log(
      `  receiver ${receiver.padEnd(8)} p50 ${p50.toFixed(2)} s, ${(p50 / well).toFixed(2)} of the time with one that is well`,
    )
  }
}

async function deliverAlerts(client: Client, arrived: () => number): Promise<void> {
  await forget(client)
  const started = performance.now()
  await client.query(
    `insert into signals (tenant_id, kind, subject, severity, title, facts, dedupe_key)
     select $1, 'ticket.urgent', 'ticket:' || n, 'critical', 'Urgent', jsonb_build_object('external_id', 'alert-' || n), 'alert-' || n
     from generate_series(1, $2::int) as n`,
    [TENANT, ALERTS],
  )
  while (arrived() < ALERTS) await sleep(200)
  const minutes = (performance.now() - started) / 60_000
  const { rows } = await client.query('select times_opened, successes, failures from platform.circuits')
  console.log(
    `${ALERTS} alerts to a receiver that fails twice for each: all arrived in ${minutes.toFixed(1)} min, ${(ALERTS / minutes).toFixed(1)} a minute`,
  )
  console.log(
    `  its circuit opened ${rows[0].times_opened} times; ${rows[0].successes} calls succeeded, ${rows[0].failures} failed`,
  )
}
