import { describe, expect, it, onTestFinished } from 'vitest'
import { startFakeFreshdesk } from '../fakes/freshdesk.ts'
import { startFakeZendesk } from '../fakes/zendesk.ts'
import { deadProcesses } from '../harness/dead-process.ts'
import { ingestionScene } from '../harness/ingestion.ts'
import { administer } from '../harness/server.ts'

const TOKEN = 'zendesk-token'
const ZENDESK = { email: 'agent@example.com', api_token: TOKEN }
const CONNECTORS = '/api/v1/connectors'

type Connector = { connector_id: string; account: string; code: string; detail: string; cursor: string }

const MAY_REACH_US = { OUTBOUND_PRIVATE_HOSTS: '127.0.0.1' }
type Scene = Awaited<ReturnType<typeof ingestionScene>>

/** A system that may reach servers on this machine, one Zendesk account, and what one asks of both. */
const connectorScene = (environment: Record<string, string> = MAY_REACH_US) =>
  connectorSceneOf(({ open }) => open(environment))

async function connectorSceneOf<System extends { url: string }>(launch: (scene: Scene) => Promise<System>) {
  const zendesk = await startFakeZendesk()
  onTestFinished(() => zendesk.close())
  const scene = await ingestionScene({ tickets: 0 })
  const system = await launch(scene)
  await scene.makeTenants(system, ['tenant_a', 'tenant_b'])
  const ask = (path: string, method = 'GET', body?: unknown, tenant = 'tenant_a') =>
    scene.operator<Connector>(system, `${CONNECTORS}${path}?tenant_id=${tenant}`, method, body)
  const body = (change: Record<string, unknown> = {}) => ({
    ...{ kind: 'zendesk', name: 'desk', calls_per_minute: 10_000 },
    ...{ settings: { base_url: zendesk.url }, credentials: ZENDESK, ...change },
  })
  const connect = (change?: Record<string, unknown>) => ask('', 'POST', body(change))
  const rows = async (statement: string) =>
    (await administer(scene.databaseUrl, (client) => client.query(statement))).rows as Record<string, unknown>[]
  const run = async (connectorId: string) => {
    const path = `/ingest/run?tenant_id=tenant_a&connector_id=${connectorId}`
    const { body } = await scene.operator<{ job_id: string }>(system, path, 'POST')
    return scene.ended(system, body.job_id)
  }
  return { ...scene, zendesk, system, ask, connect, rows, run }
}

describe('the credentials of a connector', () => {
  it('are checked at the helpdesk before anything is saved', async () => {
    const { ask, connect, rows, zendesk } = await connectorScene()
    const wrong = await connect({ credentials: { ...ZENDESK, api_token: 'wrong' } })
    expect(wrong).toMatchObject({ status: 422, body: { code: 'connectors.check_refused' } })
    zendesk.setFault({ kind: 'status', status: 500 })
    expect(await connect()).toMatchObject({ status: 502, body: { code: 'connectors.check_failed' } })
    zendesk.setFault(null)
    expect(await rows('select 1 from connectors')).toEqual([])

    const good = await connect()
    expect(good).toMatchObject({ status: 201, body: { account: 'agent@example.com' } })
    const worse = await ask(`/${good.body.connector_id}`, 'PATCH', { credentials: { ...ZENDESK, api_token: 'wrong' } })
    expect(worse.status).toBe(422)
    expect(await ask(`/${good.body.connector_id}`, 'PATCH', {})).toMatchObject({ status: 200 })
  })

  it('leave in no answer, no log line and no table, and open only in their own row', async () => {
    // In a process of its own, for what it logs.
    const { ask, connect, rows, run, system, zendesk } = await connectorSceneOf(({ start }) => start(MAY_REACH_US))
    zendesk.put({ subject: 'one', message: 'm', status: 'open', source: 'email', customer_id: 7 })
    const { body, text } = await connect()
    const id = body.connector_id
    await run(id)
    const answers = [text, (await ask('')).text, (await ask(`/${id}`)).text, system.output()]
    for (const each of answers) expect(each).not.toContain(TOKEN)
    const dumped = await rows(`select string_agg(t::text, '') as text from connectors t`)
    expect(String(dumped[0]?.text)).not.toContain(Buffer.from(TOKEN).toString('hex'))

    const other = await connect({ name: 'other' })
    await rows(`update connectors set sealed_credentials =
      (select sealed_credentials from connectors where connector_id = '${id}') where connector_id = '${other.body.connector_id}'`)
    expect(await run(other.body.connector_id)).toMatchObject({
      status: 'failed',
      error: { code: 'connectors.credentials_unreadable' },
    })
  })

  it('survive a change of the installation’s secret', async () => {
    const [first, second] = ['a'.repeat(32), 'b'.repeat(32)]
    const hosts = { OUTBOUND_PRIVATE_HOSTS: '127.0.0.1' }
    const { connect, run, system, start, ended, operator } = await connectorScene({ ...hosts, SIGNALBOX_SECRET: first })
    const id = (await connect()).body.connector_id
    expect(await run(id)).toMatchObject({ status: 'completed' })
    await system.stop()
    const changed = await start({ ...hosts, SIGNALBOX_SECRET: second, SIGNALBOX_PREVIOUS_SECRET: first })
    const path = `/ingest/run?tenant_id=tenant_a&connector_id=${id}`
    const job = (await operator<{ job_id: string }>(changed, path, 'POST')).body.job_id
    expect(await ended(changed, job)).toMatchObject({ status: 'completed' })
  })

  it('are never sent to another address than the one they were entered for: that cannot be changed', async () => {
    const { ask, connect } = await connectorScene()
    const elsewhere = await startFakeFreshdesk()
    onTestFinished(() => elsewhere.close())
    const { connector_id } = (await connect()).body
    const moved = await ask(`/${connector_id}`, 'PATCH', { settings: { base_url: elsewhere.url } })
    expect(moved).toMatchObject({ status: 422, body: { code: 'http.invalid' } })
    expect(elsewhere.calls()).toEqual([])
  })
})

describe('the address of a connector', () => {
  it('may not be a private one unless the operator allows it, and those are not told apart', async () => {
    const { connect, zendesk } = await connectorScene({})
    const local = ['http://127.0.0.1:9', 'http://localhost:9', 'https://[::1]', zendesk.url]
    for (const base_url of [...local, 'https://169.254.169.254', 'https://10.0.0.1']) {
      const refused = await connect({ settings: { base_url } })
      expect(refused, base_url).toMatchObject({ status: 422, body: { code: 'connectors.check_refused' } })
    }
    expect(zendesk.calls()).toEqual([])
  })
})

describe('a connector', () => {
  it('is its tenant’s alone, and its name is taken once', async () => {
    const { ask, connect } = await connectorScene()
    const { connector_id } = (await connect()).body
    expect((await connect()).body.code).toBe('connectors.name_taken')
    for (const method of ['GET', 'DELETE', 'PATCH']) {
      const body = method === 'PATCH' ? {} : undefined
      expect((await ask(`/${connector_id}`, method, body, 'tenant_b')).status).toBe(404)
    }
    expect((await ask(`/${connector_id}`)).status).toBe(200)
  })

  it('that is removed ends its run and its schedule; its tickets stay', async () => {
    const { ask, connect, rows, run, operator, system, zendesk, until } = await connectorScene()
    zendesk.put({ subject: 'one', message: 'm', status: 'open', source: 'email', customer_id: 7 })
    const { connector_id: id } = (await connect()).body
    await run(id)
    await operator(system, `/ingest/schedule?tenant_id=tenant_a&connector_id=${id}`, 'PUT', { every_minutes: 5 })
    zendesk.setFault({ kind: 'status', status: 500 })
    const path = `/ingest/run?tenant_id=tenant_a&connector_id=${id}`
    const job = (await operator<{ job_id: string }>(system, path, 'POST')).body.job_id
    await until('it never called', () => zendesk.calls().some(({ status }) => status === 500))
    expect((await ask(`/${id}`, 'DELETE')).status).toBe(204)
    zendesk.setFault(null)
    type Ended = { status: string; error: { code: string } | null }
    const ended = await until('it never ended', async () => {
      const { body } = await operator<Ended>(system, `/ingest/progress/${job}`)
      return body.status === 'failed' && body
    })
    expect(ended.error?.code).toBe('ingestion.connector_gone')
    expect(await rows('select external_id from tickets')).toEqual([{ external_id: 'desk:1' }])
    expect(await rows('select 1 from ingestion_schedules')).toEqual([])
  })

  it('that is removed leaves its name to its own helpdesk: another one’s ticket 1 is another ticket', async () => {
    const { ask, connect, rows, run, zendesk } = await connectorScene()
    const other = await startFakeZendesk()
    onTestFinished(() => other.close())
    const ticket = { message: 'm', status: 'open', source: 'email', customer_id: 7 } as const
    zendesk.put({ ...ticket, subject: 'ours' })
    other.put({ ...ticket, subject: 'another' })
    const elsewhere = { settings: { base_url: other.url } }
    // Without tickets there is nothing to mix.
    expect((await ask(`/${(await connect(elsewhere)).body.connector_id}`, 'DELETE')).status).toBe(204)
    const { connector_id: id } = (await connect()).body
    await run(id)
    expect((await ask(`/${id}`, 'DELETE')).status).toBe(204)
    const refused = await connect(elsewhere)
    expect(refused).toMatchObject({ status: 409, body: { code: 'connectors.name_of_another_account' } })
    expect(await rows('select 1 from connectors')).toEqual([])
    for (const change of [{}, { ...elsewhere, name: 'other' }]) await run((await connect(change)).body.connector_id)
    expect(await rows('select external_id, subject from tickets order by 1')).toEqual([
      { external_id: 'desk:1', subject: 'ours' },
      { external_id: 'other:1', subject: 'another' },
    ])
  })

  it('goes on after the process was killed where the last page was stored', async () => {
    const zendesk = await startFakeZendesk({ pageSizeMax: 10 })
    onTestFinished(() => zendesk.close())
    const { connect, start, operator, until, ended, progressOf, rows, databaseUrl } = await connectorScene({
      ...{ OUTBOUND_PRIVATE_HOSTS: '127.0.0.1', SIGNALBOX_ROLES: 'api,scheduler' },
    }).then((scene) => ({ ...scene, connect: () => scene.connect({ settings: { base_url: zendesk.url } }) }))
    for (let n = 0; n < 300; n += 1) {
      zendesk.put({ subject: `n ${n}`, message: 'm', status: 'open', source: 'email', customer_id: 7 })
    }
    const api = await start({ OUTBOUND_PRIVATE_HOSTS: '127.0.0.1', SIGNALBOX_ROLES: 'api,scheduler' })
    const worker = { OUTBOUND_PRIVATE_HOSTS: '127.0.0.1', SIGNALBOX_ROLES: 'worker' }
    const victim = await start(worker)
    const { connector_id: id } = (await connect()).body
    const path = `/ingest/run?tenant_id=tenant_a&connector_id=${id}`
    const job = (await operator<{ job_id: string }>(api, path, 'POST')).body.job_id
    await until('it never got going', async () => (await progressOf(api, job)).processed_pages >= 3)
    await (await deadProcesses(databaseUrl)).kill(victim)
    await start(worker)
    const done = await ended(api, job)
    expect(done).toMatchObject({ status: 'completed', created: 300, unchanged: 0 })
    expect(await rows(`select count(*)::int as count from ticket_history where action = 'created'`)).toEqual([
      { count: 300 },
    ])
  })

  it('waits as long as the helpdesk asks, and stays within its own budget', async () => {
    const zendesk = await startFakeZendesk({ pageSizeMax: 5, callsPerMinute: 10_000 })
    onTestFinished(() => zendesk.close())
    const { connect, run } = await connectorScene()
    for (let n = 0; n < 30; n += 1) {
      zendesk.put({ subject: `n ${n}`, message: 'm', status: 'open', source: 'email', customer_id: 7 })
    }
    const { connector_id: id } = (await connect({ settings: { base_url: zendesk.url } })).body
    zendesk.setFault({ kind: 'status', status: 429, retryAfter: 1, path: 'incremental', times: 2 })
    const done = await run(id)
    expect(done).toMatchObject({ status: 'completed', created: 30, throttled: 2, attempt: 1 })
  })
})
