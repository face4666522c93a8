import { Webhook } from 'standardwebhooks'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { switchOffChannel } from '../../src/core/channels/index.ts'
import { tenantId } from '../../src/kernel/tenant-id.ts'
import { openDatabase } from '../../src/platform/database/index.ts'
import { startFakeMailServer } from '../fakes/mail-server.ts'
import { startFakeReceiver } from '../fakes/receiver.ts'
import { startFakeSlack } from '../fakes/slack.ts'
import { call } from '../harness/call.ts'
import { silent } from '../harness/database.ts'
import { factories } from '../harness/factories.ts'
import { administer } from '../harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../harness/system.ts'

const TOKEN = 'swordfish-token'
/** Nobody is there: for channels that are not called. */
const URL_OF_NOBODY = `http://127.0.0.1:9/hook/${TOKEN}`

const mail = await startFakeMailServer()
const notified = await startFakeReceiver()
const hosts = { SIGNALBOX_ROLES: 'api', OUTBOUND_PRIVATE_HOSTS: '127.0.0.1', EXTERNAL_API_URL: notified.url }
const system = testSystem({ ...hosts, SMTP_URL: mail.url, MAIL_FROM: 'Signalbox <ops@example.com>' })
const withoutMail = testSystem(hosts)
afterAll(() => Promise.all([mail.close(), notified.close()]))

type Body = Record<string, unknown> & {
  channel_id: string
  subscription_id: string
  code: string
  signing_secret: string
}

let tenants = 0
/** A tenant of its own, and what can be asked about it. */
async function scene(at = system) {
  tenants += 1
  const tenant = `tenant_${tenants}`
  await factories(at).makeTenant(tenant)
  const ask = (method: string, path: string, body?: unknown, of = tenant) =>
    call<Body>(`${at.url}/api/v1${path}?tenant_id=${of}`, { method, token: OPERATOR_TOKEN, body })
  const add = (body: Record<string, unknown>) => ask('POST', '/channels', body)
  const webhook = (name: string, url = URL_OF_NOBODY) => add({ kind: 'webhook', name, url })
  const rows = async <Row = Record<string, unknown>>(statement: string, values: unknown[] = [tenant]) =>
    (await administer(at.databaseUrl, (superuser) => superuser.query(statement, values))).rows as Row[]
  const audited = async () => {
    const lines = await rows<{ action: string; details: unknown }>(
      `select action, details from audit_log where tenant_id = $1 and action ~ '^(channel|subscription)' order by at, audit_id`,
    )
    return lines
  }
  const list = async () => (await ask('GET', '/channels')).body.channels as Body[]
  const notify = async () => (await list()).find(({ kind }) => kind === 'notify')?.channel_id
  return { tenant, ask, add, webhook, rows, audited, list, notify }
}

const receiver = async () => {
  const server = await startFakeReceiver()
  onTestFinished(() => server.close())
  return server
}

describe('a new tenant', () => {
  it('has a notify channel that is told of urgent tickets', async () => {
    const { ask, list } = await scene()
    const [channel] = await list()
    expect(channel).toMatchObject({ kind: 'notify', is_enabled: true, settings: {}, created_by: 'system' })
    expect((await ask('GET', '/subscriptions')).body.subscriptions).toMatchObject([
      { channel_id: channel?.channel_id, kinds: ['ticket.urgent'], minimum_severity: 'info', quiet_hours: null },
    ])
  })

  it('has the only one: it can be renamed and switched off, not added again or deleted', async () => {
    const { ask, add, notify } = await scene()
    const id = await notify()
    expect(await add({ kind: 'notify', name: 'another' })).toMatchObject({
      ...{ status: 409, body: { code: 'channels.notify_exists' } },
    })
    expect(await ask('DELETE', `/channels/${id}`)).toMatchObject({
      status: 409,
      body: { code: 'channels.notify_stays' },
    })
    expect(await ask('PATCH', `/channels/${id}`, { is_enabled: false, name: 'Pager' })).toMatchObject({
      ...{ status: 200, body: { is_enabled: false, name: 'Pager', disabled_reason: null } },
    })
  })
})

describe('the secrets of a channel', () => {
  it('are shown in no answer but the first, and stand in no table and no audit line', async () => {
    const { ask, add, webhook, rows, list, audited } = await scene()
    const made = await webhook('hook')
    const slack = await add({ kind: 'slack', name: 'slack', url: URL_OF_NOBODY })
    expect([made.status, slack.status]).toEqual([201, 201])
    const secret = made.body.signing_secret
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(slack.body.signing_secret).toBeNull()
    expect(made.text + slack.text).not.toContain(TOKEN)
    await ask('PATCH', `/channels/${made.body.channel_id}`, { url: `${URL_OF_NOBODY}/2` })
    const dumped = await rows(`select string_agg(t::text, '') as text from channels t where tenant_id = $1`)
    const later = JSON.stringify([
      ...[await list(), dumped, await audited()],
      ...[
        (await ask('GET', `/channels/${made.body.channel_id}`)).text,
        (await ask('GET', `/channels/${slack.body.channel_id}`)).text,
      ],
    ])
    for (const hidden of [TOKEN, secret, Buffer.from(TOKEN).toString('hex')]) expect(later).not.toContain(hidden)
    expect(later).toContain('127.0.0.1:9')
  })

  it('are not shown again to a repeated Idempotency-Key, and no second channel is made', async () => {
    const { tenant, list } = await scene()
    const send = () =>
      call<Body>(`${system.url}/api/v1/channels?tenant_id=${tenant}`, {
        ...{ method: 'POST', token: OPERATOR_TOKEN, headers: { 'idempotency-key': 'once' } },
        body: { kind: 'webhook', name: 'hook', url: URL_OF_NOBODY },
      })
    expect((await send()).status).toBe(201)
    const again = await send()
    expect(again.body.code).toBe('idempotency.answer_not_kept')
    expect(again.text).not.toContain('whsec_')
    expect(await list()).toHaveLength(2)
  })

  it('open only in their own row', async () => {
    const { ask, webhook, rows } = await scene()
    const server = await receiver()
    const [one, other] = [(await webhook('one', server.url)).body, (await webhook('other', server.url)).body]
    await rows(
      `update channels set sealed_secrets = (select sealed_secrets from channels where channel_id = $1) where channel_id = $2`,
      [one.channel_id, other.channel_id],
    )
    expect(await ask('POST', `/channels/${other.channel_id}/test`)).toMatchObject({ body: { outcome: 'refused' } })
    expect(server.calls()).toEqual([])
    for (const [method, path, body] of [
      ['POST', '/rotate-secret', undefined],
      ['PATCH', '', { url: URL_OF_NOBODY }],
    ] as const) {
      expect(await ask(method, `/channels/${other.channel_id}${path}`, body)).toMatchObject({
        ...{ status: 409, body: { code: 'channels.secrets_unreadable' } },
      })
    }
  })

  it('are rotated without losing who still checks with one before, by several at once', async () => {
    const { ask, webhook } = await scene()
    const server = await receiver()
    const made = await Promise.all(Array.from({ length: 8 }, (_, n) => webhook(`hook ${n}`, `${server.url}/${n}`)))
    const rotated = await Promise.all(
      made.flatMap(({ body }) => [1, 2].map(() => ask('POST', `/channels/${body.channel_id}/rotate-secret`))),
    )
    for (const [n, { body }] of made.entries()) {
      await ask('POST', `/channels/${body.channel_id}/test`)
      const sent = server.calls().find(({ path }) => path === `/${n}`)
      const secrets = [body, ...rotated.slice(2 * n, 2 * n + 2).map((answer) => answer.body)]
      for (const { signing_secret } of secrets) {
        const verifying = () =>
          new Webhook(signing_secret).verify(sent?.body ?? '', sent?.headers as Record<string, string>)
        expect(verifying).not.toThrow()
      }
    }
  })

  it('are there only of webhooks', async () => {
    const { ask, notify } = await scene()
    expect(await ask('POST', `/channels/${await notify()}/rotate-secret`)).toMatchObject({
      ...{ status: 409, body: { code: 'channels.not_signed' } },
    })
  })
})

describe('the address of a channel', () => {
  it.each([
    'http://example.com/x',
    'https://169.254.169.254',
    'https://[::1]',
    'https://10.0.0.1',
    'https://a:b@127.0.0.1',
    'https://db.invalid',
  ])('%s is refused when it is entered, and nothing is saved', async (url) => {
    const { ask, add, webhook, list } = await scene()
    for (const kind of ['webhook', 'slack']) {
      const refused = await add({ kind, name: 'hook', url })
      expect(refused).toMatchObject({ status: 422, body: { code: 'channels.address_refused' } })
    }
    const { channel_id } = (await webhook('hook')).body
    expect((await ask('PATCH', `/channels/${channel_id}`, { url })).status).toBe(422)
    expect((await list()).map(({ settings }) => settings)).toEqual([{}, { host: '127.0.0.1:9' }])
  })

  it('can be changed, with the same key signing for the new one', async () => {
    const { ask, webhook } = await scene()
    const server = await receiver()
    const { channel_id, signing_secret } = (await webhook('hook')).body
    const changed = await ask('PATCH', `/channels/${channel_id}`, { url: `${server.url}/new` })
    expect(changed).toMatchObject({ status: 200, body: { settings: { host: new URL(server.url).host } } })
    await ask('POST', `/channels/${channel_id}/test`)
    const [sent] = server.calls()
    expect(sent?.path).toBe('/new')
    expect(() =>
      new Webhook(signing_secret).verify(sent?.body ?? '', sent?.headers as Record<string, string>),
    ).not.toThrow()
  })

  it('is there only where the kind has one', async () => {
    const { ask, webhook, notify } = await scene()
    const { channel_id } = (await webhook('hook')).body
    for (const [id, body, field] of [
      [await notify(), { url: URL_OF_NOBODY }, 'url'],
      [channel_id, { recipients: ['ada@example.com'] }, 'recipients'],
    ] as const) {
      expect(await ask('PATCH', `/channels/${id}`, body)).toMatchObject({ status: 422, body: { errors: [{ field }] } })
    }
  })
})

describe('a test message', () => {
  it('is sent at once over each kind, and the answer says what became of it', async () => {
    const { tenant, ask, add, webhook, notify } = await scene()
    const [server, slack] = [await receiver(), await startFakeSlack()]
    onTestFinished(() => slack.close())
    const ids = [
      await notify(),
      (await webhook('hook', server.url)).body.channel_id,
      (await add({ kind: 'slack', name: 'slack', url: slack.webhook })).body.channel_id,
      (await add({ kind: 'email', name: 'mail', recipients: ['ada@example.com'] })).body.channel_id,
    ]
    for (const id of ids) {
      const answer = await ask('POST', `/channels/${id}/test`)
      expect(answer).toMatchObject({
        status: 200,
        body: { outcome: 'delivered', reason: null, retry_after_seconds: null },
      })
    }
    expect([server.calls().length, slack.calls().length, mail.mails().length]).toEqual([1, 1, 1])
    expect(notified.calls().map(({ body }) => JSON.parse(body).tenant_id)).toContain(tenant)
    server.setFault({ kind: 'status', status: 429, headers: { 'retry-after': '30' } })
    expect((await ask('POST', `/channels/${ids[1]}/test`)).body).toEqual({
      ...{ outcome: 'throttled', status_code: 429, reason: 'the receiver answered 429', retry_after_seconds: 30 },
    })
  })

  it('does not leave while the circuit is open', async () => {
    const { ask, webhook, rows } = await scene()
    const server = await receiver()
    const { channel_id } = (await webhook('hook', server.url)).body
    await rows(`insert into platform.circuits (name, state, opened_at, changed_at) values ($1, 'open', now(), now())`, [
      `channel:${channel_id}`,
    ])
    const { body } = await ask('POST', `/channels/${channel_id}/test`)
    expect(body).toMatchObject({ outcome: 'failed', status_code: null, retry_after_seconds: expect.any(Number) })
    expect(server.calls()).toEqual([])
  })
})

describe('an e-mail channel', () => {
  it('cannot be added where the operator has set up no mail server, and it is said what to set', async () => {
    const { add } = await scene(withoutMail)
    const refused = await add({ kind: 'email', name: 'mail', recipients: ['ada@example.com'] })
    expect(refused).toMatchObject({ status: 409, body: { code: 'channels.email_not_configured' } })
    expect(refused.body.detail).toMatch(/SMTP_URL and MAIL_FROM/)
  })

  it.each([
    [[]],
    [['nobody']],
    [['ada@example.com\r\nBcc: eve@example.com']],
    [['ada@example.com, eve@example.com']],
    [Array.from({ length: 21 }, (_, n) => `p${n}@example.com`)],
  ])('does not take %j for its recipients', async (recipients) => {
    const { ask, add } = await scene()
    const body = { kind: 'email', name: 'mail', recipients: ['ada@example.com'] }
    expect((await add({ ...body, recipients })).status).toBe(422)
    const { channel_id } = (await add(body)).body
    expect((await ask('PATCH', `/channels/${channel_id}`, { recipients })).status).toBe(422)
  })
})

describe('a channel', () => {
  it('is its tenant’s alone', async () => {
    const [{ ask, webhook }, other] = [await scene(), await scene()]
    const { channel_id } = (await webhook('hook')).body
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', {}],
      ['DELETE', '', undefined],
      ['POST', '/test', undefined],
      ['POST', '/rotate-secret', undefined],
    ] as const) {
      expect((await ask(method, `/channels/${channel_id}${path}`, body, other.tenant)).status).toBe(404)
    }
    expect((await ask('POST', '/subscriptions', { channel_id }, other.tenant)).body.code).toBe('channels.not_found')
    expect((await ask('GET', `/channels/${channel_id}`)).status).toBe(200)
  })

  it('has a name that no other one has, also when two are added or renamed at once', async () => {
    const { ask, webhook } = await scene()
    const made = await Promise.all(Array.from({ length: 5 }, () => webhook('hook')))
    expect(made.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409, 409])
    expect(made.find(({ status }) => status === 409)?.body.code).toBe('channels.name_taken')
    const others = await Promise.all(['a', 'b'].map(async (name) => (await webhook(name)).body.channel_id))
    const renamed = await Promise.all(others.map((id) => ask('PATCH', `/channels/${id}`, { name: 'c' })))
    expect(renamed.map(({ status }) => status).toSorted()).toEqual([200, 409])
  })

  it('is one of at most 50, also when many are added at once', async () => {
    const { webhook, list } = await scene()
    // One after the other until few are left: as many requests at once are too many for a slow machine.
    for (let n = 0; n < 45; n += 1) expect((await webhook(`hook ${n}`)).status).toBe(201)
    const made = await Promise.all(Array.from({ length: 7 }, (_, n) => webhook(`another ${n}`)))
    const refused = made.filter(({ status }) => status !== 201)
    expect(refused.map(({ body }) => body.code)).toEqual([
      'channels.too_many',
      'channels.too_many',
      'channels.too_many',
    ])
    expect(await list()).toHaveLength(50)
  })

  it('takes its subscriptions and deliveries with it', async () => {
    const { ask, webhook, rows } = await scene()
    const { channel_id } = (await webhook('hook')).body
    await ask('POST', '/subscriptions', { channel_id })
    await rows(
      `insert into signals (tenant_id, kind, subject, severity, title, dedupe_key) values ($1, 'a.b', 's', 'info', 't', 'k')`,
    )
    const left = () =>
      rows(`select from deliveries where tenant_id = $1 union all select from subscriptions where tenant_id = $1`)
    expect(await left()).toHaveLength(3)
    expect((await ask('DELETE', `/channels/${channel_id}`)).status).toBe(204)
    expect(await left()).toHaveLength(1)
  })

  it('that was switched off says why, tells of it once, and is switched on again by a person', async () => {
    const { tenant, ask, webhook, audited, rows } = await scene()
    const { channel_id } = (await webhook('hook')).body
    const database = openDatabase({ url: system.databaseUrl, max: 2, logger: silent })
    onTestFinished(() => database.close())
    const asItIs = async () => {
      const [row] = await rows<{ sealed_secrets: Buffer }>(
        'select sealed_secrets from channels where tenant_id = $1 and channel_id = $2',
        [tenant, channel_id],
      )
      return { tenant_id: tenantId(tenant), channel_id, sealed_secrets: row?.sealed_secrets ?? null }
    }
    const channel = await asItIs()
    const off = (reason: string) => database.acrossTenants('a test', (tx) => switchOffChannel(tx, channel, reason))
    expect([await off('the receiver answered 410'), await off('again')]).toEqual([true, false])
    expect((await ask('GET', `/channels/${channel_id}`)).body).toMatchObject({
      ...{ is_enabled: false, disabled_reason: 'the receiver answered 410' },
    })
    expect((await ask('PATCH', `/channels/${channel_id}`, { name: 'x' })).body.disabled_reason).not.toBeNull()
    expect((await ask('PATCH', `/channels/${channel_id}`, { is_enabled: true })).body).toMatchObject({
      ...{ is_enabled: true, disabled_reason: null },
    })
    expect(await database.withTenant(channel.tenant_id, (tx) => switchOffChannel(tx, channel, 'by a tenant’s'))).toBe(
      true,
    )
    // What the old address answered says nothing about the new one.
    await ask('PATCH', `/channels/${channel_id}`, { is_enabled: true, url: `${URL_OF_NOBODY}/moved` })
    expect(await off('the old address answered 410')).toBe(false)
    // That it was off is told each time, and over when it is on again.
    const told = () =>
      rows(
        `insert into signals (tenant_id, kind, subject, severity, title, dedupe_key) values ($1, 'channel.switched_off', 's', 'warning', 't', $2)
         on conflict (tenant_id, dedupe_key) where state <> 'resolved' do nothing returning 1`,
        [tenant, `channel.switched_off:${channel_id}`],
      )
    expect(await told()).toHaveLength(1)
    expect(await told()).toHaveLength(0)
    await rows('update channels set is_enabled = false where tenant_id = $1 and channel_id = $2', [tenant, channel_id])
    await ask('PATCH', `/channels/${channel_id}`, { is_enabled: true })
    expect(await told()).toHaveLength(1)
    expect((await ask('GET', `/channels/${channel_id}`)).body).toMatchObject({ is_enabled: true })
    expect((await audited()).map(({ action }) => action)).toEqual([
      ...['channel.add', 'channel.switch_off', 'channel.change', 'channel.change', 'channel.switch_off'],
      ...['channel.change', 'channel.change'],
    ])
  })
})

describe('a subscription', () => {
  it('is made, shown, changed and ended, and each change is in the audit log', async () => {
    const { ask, webhook, audited } = await scene()
    const { channel_id } = (await webhook('hook')).body
    const made = await ask('POST', '/subscriptions', {
      ...{ channel_id, kinds: ['a.b', 'c', 'a.b'], quiet_hours: { from: '22:00', to: '07:30' } },
    })
    const { subscription_id: id } = made.body
    expect(made).toMatchObject({
      ...{ status: 201, body: { channel_id, kinds: ['a.b', 'c'], minimum_severity: 'info' } },
    })
    expect((await ask('GET', `/subscriptions/${id}`)).body).toEqual(made.body)
    expect(made.body.quiet_hours).toEqual({ from: '22:00', to: '07:30' })
    const changed = await ask('PATCH', `/subscriptions/${id}`, { minimum_severity: 'critical' })
    expect(changed.body).toEqual({ ...made.body, minimum_severity: 'critical' })
    const cleared = await ask('PATCH', `/subscriptions/${id}`, { quiet_hours: null, kinds: [] })
    expect(cleared.body).toEqual({ ...changed.body, quiet_hours: null, kinds: [] })
    expect((await ask('DELETE', `/subscriptions/${id}`)).status).toBe(204)
    expect((await ask('GET', `/subscriptions/${id}`)).body.code).toBe('channels.subscription_not_found')
    expect((await audited()).map(({ action }) => action)).toEqual([
      ...['channel.add', 'subscription.add', 'subscription.change', 'subscription.change', 'subscription.remove'],
    ])
  })

  it.each([
    { from: '22:00' },
    { from: '22:00', to: '22:00' },
    { from: '24:00', to: '07:00' },
    { from: '7:00', to: '08:00' },
    { from: '07:00:00', to: '08:00' },
  ])('with quiet hours %j is refused', async (quiet_hours) => {
    const { ask, notify } = await scene()
    const refused = await ask('POST', '/subscriptions', { channel_id: await notify(), quiet_hours })
    expect(refused).toMatchObject({ status: 422, body: { code: 'http.invalid' } })
  })

  it('is one of at most 20 of a channel, also when many are added at once', async () => {
    const { ask, webhook } = await scene()
    const { channel_id } = (await webhook('hook')).body
    const add = () => ask('POST', '/subscriptions', { channel_id })
    for (let n = 0; n < 15; n += 1) expect((await add()).status).toBe(201)
    const made = await Promise.all(Array.from({ length: 7 }, add))
    const refused = made.filter(({ status }) => status !== 201)
    expect(refused.map(({ body }) => body.code)).toEqual(Array(2).fill('channels.too_many_subscriptions'))
  })
})
