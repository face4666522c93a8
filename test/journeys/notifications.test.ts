import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { MockProviderOptions } from '../../mock-provider/index.ts'
import { startFakeReceiver } from '../fakes/receiver.ts'
import { ingestionScene } from '../harness/ingestion.ts'
import { ownPostgres } from '../harness/own-postgres.ts'
import type { SystemProcess } from '../harness/system.ts'

const TENANT = 'tenant_a'
const NOTIFY = '/notify'
/** A circuit stays open for 30 s as it comes, and that is waited for once. */
const MINUTES = 900_000
const SHORTLY_OPEN = { CIRCUIT_OPEN_SECONDS: '3' }
const LAWSUIT = 'We will file a lawsuit against you, our lawyer has the documents.'

/** A helpdesk with one tenant's tickets, of which some are of high urgency, and what became of their notifications. */
async function scene(
  notify: MockProviderOptions,
  {
    urgent = 12,
    serverUrl,
    environment = {},
  }: { urgent?: number; serverUrl?: string; environment?: Record<string, string> } = {},
) {
  const options = {
    tickets: 40,
    tenants: 1,
    deleted: 0,
    modified: 0,
    notifyDelayMinMs: 5,
    notifyDelayMaxMs: 20,
    ...notify,
  }
  const made = await ingestionScene(options, ...(serverUrl === undefined ? [] : [serverUrl]))
  const { helpdesk, start, makeTenants, startRun, ended, until, operator } = made
  // What the helpdesk has by itself is calm: each urgent one is the test's own.
  for (const { id } of await calm(helpdesk.url))
    helpdesk.changeTicket(id, { subject: 'Hello', message: 'Nothing special.' })
  for (let n = 1; n <= urgent; n += 1)
    helpdesk.insertTicket({ id: `urgent-${n}`, tenant_id: TENANT, subject: `Case ${n}`, message: LAWSUIT })
  const rows = async <Row>(text: string): Promise<Row[]> => {
    const client = new Client({ connectionString: made.databaseUrl })
    await client.connect()
    try {
      return (await client.query(text)).rows as Row[]
    } finally {
      await client.end()
    }
  }
  return {
    ...made,
    rows,
    /** Two processes, a tenant, what the test `prepares` in it, and its tickets ingested. */
    ingest: async (prepare?: (system: SystemProcess) => Promise<void>) => {
      const systems = [await start(environment), await start(environment)] as const
      await makeTenants(systems[0], [TENANT])
      await prepare?.(systems[0])
      expect(await ended(systems[0], await startRun(systems[0], TENANT))).toMatchObject({ status: 'completed' })
      return systems
    },
    /** Holds all notifications back until an operator knows better: nothing has left when ingestion has ended. */
    hold: async () => {
      await rows(`insert into platform.circuits (name, state, opened_at, changed_at)
        values ('notify', 'open', now() + interval '1 hour', now())`)
    },
    release: async (system: SystemProcess) => {
      expect((await operator(system, '/circuit/notify/reset', 'POST')).status).toBe(200)
    },
    /** The urgent tickets of which the receiver knows, with how often it took them. */
    sent: () =>
      Object.fromEntries(
        helpdesk.notifications().flatMap(({ ticket_id, sent }) => (sent > 0 ? [[ticket_id, sent]] : [])),
      ),
    allDelivered: () =>
      until(
        'not all notifications were delivered',
        async () => {
          const [counts] = await rows<{ all: number; open: number }>(
            `select count(*)::int as all, count(*) filter (where state <> 'delivered')::int as open from deliveries`,
          )
          return counts?.all === urgent && counts.open === 0
        },
        200,
      ),
    once: Object.fromEntries(Array.from({ length: urgent }, (_, index) => [`urgent-${index + 1}`, 1])),
  }
}

const calm = async (url: string) =>
  ((await (await fetch(`${url}/external/support-tickets?page_size=100`)).json()) as { tickets: { id: string }[] })
    .tickets

describe('the notification of every urgent ticket', () => {
  it('arrives when the first calls are answered with 500, cut off, or broken off in the middle of the answer', {
    timeout: MINUTES,
  }, async () => {
    const { helpdesk, ingest, allDelivered, sent, once, rows } = await scene({ notify: 'ok' })
    helpdesk.setFaults([
      { route: NOTIFY, kind: 'status', status: 500, times: 5 },
      { route: NOTIFY, kind: 'reset', times: 4 },
      { route: NOTIFY, kind: 'half_body', times: 3 },
    ])
    await ingest()
    await allDelivered()
    expect(Object.keys(sent()).sort()).toEqual(Object.keys(once).sort())
    // Where the answer broke off the receiver had taken it, which nobody else can know.
    expect(Object.values(sent()).filter((times) => times > 1).length).toBeLessThanOrEqual(3)
    expect(await rows('select state from platform.circuits')).toEqual([{ state: 'closed' }])
  })

  it('arrives once the receiver is well that failed, then hung, then answered after the time-out', {
    timeout: MINUTES,
  }, async () => {
    const { helpdesk, ingest, allDelivered, sent, once, until, rows } = await scene(
      { notify: 'failing', notifySlowMs: 8_000 },
      { environment: SHORTLY_OPEN },
    )
    await ingest()
    const timesOpened = async () =>
      (await rows<{ times_opened: number }>('select times_opened from platform.circuits'))[0]?.times_opened ?? 0
    await until('the circuit never opened', async () => (await timesOpened()) >= 1)
    for (const notify of ['hanging', 'slow'] as const) {
      helpdesk.set({ notify })
      const before = await timesOpened()
      await until(`it was never tried while it was ${notify}`, async () => (await timesOpened()) > before, 100)
    }
    helpdesk.set({ notify: 'ok' })
    await allDelivered()
    expect(Object.keys(sent()).sort()).toEqual(Object.keys(once).sort())
    // Answered after the time-out: arrived all the same, and said again under the same id, as nothing else is.
    const unanswered = await rows<{ ticket: string; attempts: number }>(
      `select facts ->> 'external_id' as ticket, count(*)::int as attempts
       from delivery_attempts join deliveries using (tenant_id, delivery_id) join signals using (tenant_id, signal_id)
       where outcome = 'failed' and status_code is null group by 1`,
    )
    const mayRepeat = Object.fromEntries(unanswered.map(({ ticket, attempts }) => [ticket, attempts]))
    for (const [ticket, times] of Object.entries(sent())) {
      expect(times - 1, ticket).toBeLessThanOrEqual(mayRepeat[ticket] ?? 0)
    }
  })

  it('arrives though processes are killed while they send; only what they were sending may arrive twice', {
    timeout: MINUTES,
  }, async () => {
    const { helpdesk, ingest, hold, release, start, allDelivered, sent, once, until, rows } = await scene(
      { notify: 'slow', notifySlowMs: 4_000 },
      { environment: SHORTLY_OPEN },
    )
    const systems = await ingest(hold)
    await release(systems[0])
    const sending = () =>
      rows<{ delivery_id: string; ticket: string }>(`
      select delivery_id, facts ->> 'external_id' as ticket from deliveries join signals using (tenant_id, signal_id) where deliveries.state = 'sending'`)
    await until('nothing was sent', async () => (await sending()).length > 0)
    for (const system of systems) system.kill('SIGKILL')
    await Promise.all(systems.map(({ exited }) => exited))
    const underWay = (await sending()).map(({ ticket }) => ticket)
    expect(underWay.length).toBeGreaterThan(0)
    // The dead would keep it for 65 s.
    await rows(`update deliveries set lease_expires_at = now() where state = 'sending'`)
    helpdesk.set({ notify: 'ok' })
    await start(SHORTLY_OPEN)
    await allDelivered()
    expect(Object.keys(sent()).sort()).toEqual(Object.keys(once).sort())
    for (const [ticket, times] of Object.entries(sent())) {
      if (times > 1) expect(underWay).toContain(ticket)
    }
    const log = await rows<{ outcome: string }>(`select distinct outcome from delivery_attempts order by 1`)
    expect(log).toEqual([{ outcome: 'delivered' }, { outcome: 'lost' }])
  })
})

describe('a dead channel', () => {
  it('holds up no other, and is told of over the others', { timeout: MINUTES }, async () => {
    const { helpdesk, ingest, operator, until, rows } = await scene(
      { notify: 'hanging' },
      { environment: { ...SHORTLY_OPEN, OUTBOUND_PRIVATE_HOSTS: '127.0.0.1' } },
    )
    const [dead, well] = [await startFakeReceiver(), await startFakeReceiver()]
    onTestFinished(async () => void (await Promise.all([dead.close(), well.close()])))
    dead.setFault({ kind: 'status', status: 503 })
    const [system] = await ingest(async (first) => {
      for (const [name, { url }] of Object.entries({ dead, well })) {
        const { body } = await operator<{ channel_id: string }>(first, `/channels?tenant_id=${TENANT}`, 'POST', {
          kind: 'webhook',
          name,
          url,
        })
        await operator(first, `/subscriptions?tenant_id=${TENANT}`, 'POST', { channel_id: body.channel_id })
      }
    })
    const told = () => well.calls().map(({ body }) => JSON.parse(body) as { type: string })
    await until(
      'the channel that is well was not told all',
      () => told().filter(({ type }) => type === 'ticket.urgent').length === 12,
    )
    await until('nobody was told that the other one is dead', () =>
      told().some(({ type }) => type === 'channel.unreachable'),
    )
    type Circuits = { circuits: { channel: string; state: string }[] }
    const { circuits } = (await operator<Circuits>(system, `/circuits?tenant_id=${TENANT}`)).body
    const states = Object.fromEntries(circuits.map(({ channel, state }) => [channel, state]))
    expect(states).toMatchObject({ well: 'closed', dead: expect.stringMatching(/open/) })
    expect(
      await rows(
        `select from deliveries join channels using (tenant_id, channel_id) where name = 'dead' and state = 'delivered'`,
      ),
    ).toEqual([])
    helpdesk.set({ notify: 'ok' })
  })
})

describe('a restart of PostgreSQL while notifications are sent', () => {
  let postgres: Awaited<ReturnType<typeof ownPostgres>>
  beforeAll(async () => {
    postgres = await ownPostgres()
  })
  afterAll(() => postgres?.close())

  it('loses none and repeats none: what has arrived is written when the database is back', {
    timeout: MINUTES,
  }, async () => {
    const { ingest, hold, release, allDelivered, sent, once, until, helpdesk, rows } = await scene(
      { notify: 'slow', notifySlowMs: 1_500 },
      { serverUrl: postgres.url, environment: SHORTLY_OPEN },
    )
    const [system] = await ingest(hold)
    await release(system)
    const sending = () => rows(`select from deliveries where deliveries.state in ('sending', 'delivered')`)
    await until('nothing was sent', async () => (await sending()).length > 0)
    await postgres.stop('immediate')
    // They come in while nothing can be written.
    await until('the receiver never answered', () => Object.keys(sent()).length > 0)
    await postgres.start()
    helpdesk.set({ notify: 'ok' })
    await allDelivered()
    expect(sent()).toEqual(once)
  })
})
