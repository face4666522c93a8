import { beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, PASSWORD, type TestMember, testTenancy } from '../../../test/harness/tenancy.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'
import { openAllowances } from '../../platform/resilience/index.ts'
import { allowancesOf } from './attempt-limit.ts'

const running = testTenancy()
const { call, tenant, member, signIn, sql } = running

let ours: TenantId
let agent: TestMember

beforeAll(async () => {
  ours = await tenant()
  agent = await member(ours, 'agent')
})

const trySignIn = (email: string, password: string, remoteAddress = '192.0.2.1') =>
  call('POST', '/auth/sign-in', { body: { email, password }, remoteAddress })

describe('POST /auth/sign-in', () => {
  test('200 with a token, the person, their tenants, and a cookie that scripts cannot read', async () => {
    const answer = await trySignIn(agent.email.toUpperCase(), PASSWORD)
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({
      person: { id: agent.personId, email: agent.email },
      tenants: [{ tenant_id: ours, role: 'agent' }],
    })
    expect(Date.parse(answer.json().expires_at)).toBeGreaterThan(Date.now())
    expect(String(answer.headers['set-cookie'])).toMatch(
      /^signalbox\.session_token=[^;]+; Max-Age=604800; .*HttpOnly; SameSite=Lax$/,
    )
  })

  test('the token in the answer is not what the database holds: reading the table opens no session', async () => {
    const { token } = await signIn(agent.email)
    const stored = await sql<{ token: string }>('select token from identity.session')
    const attempts = stored.map((row) => call('GET', '/auth/session', { token: row.token }))
    const statuses = (await Promise.all(attempts)).map((answer) => answer.statusCode)
    expect(new Set(statuses)).toEqual(new Set([401]))
    expect(stored.map((row) => row.token)).not.toContain(token)
  })

  test('401 with one and the same answer for a wrong password and for an unknown address', async () => {
    const wrong = await trySignIn(agent.email, 'not the password', '192.0.2.2')
    const unknown = await trySignIn('nobody@example.com', 'not the password', '192.0.2.2')
    const facts = (answer: typeof wrong) => ({ ...answer.json(), request_id: '' })
    expect(wrong.json()).toMatchObject({ status: 401, code: 'tenancy.sign_in_refused' })
    expect(facts(unknown)).toEqual(facts(wrong))
    expect(wrong.headers['set-cookie']).toBeUndefined()
  })

  test('429 with Retry-After after ten wrong passwords, for that person at that place only', async () => {
    const attempts = Array.from({ length: 10 }, () => trySignIn(agent.email, 'guess', '192.0.2.3'))
    for (const answer of await Promise.all(attempts)) expect(answer.statusCode).toBe(401)
    const eleventh = await trySignIn(agent.email, PASSWORD, '192.0.2.3')
    expect([eleventh.statusCode, eleventh.json().code]).toEqual([429, 'tenancy.too_many_attempts'])
    expect(Number(eleventh.headers['retry-after'])).toBeGreaterThan(0)
    expect((await trySignIn(agent.email, PASSWORD, '192.0.2.4')).statusCode).toBe(200)
  })

  test('nobody is kept out of their account by those who guess their password from everywhere', async () => {
    const person = await member(ours, 'viewer')
    const mine = '198.51.100.20'
    const first = await trySignIn(person.email, PASSWORD, mine)
    // As a thousand places do that each guess a few times.
    const fromAnywhere = allowancesOf({ address: '203.0.113.1', email: person.email }, null).slice(2)
    const allowances = openAllowances(running.database)
    while ((await allowances.take(fromAnywhere)) === null);
    // From where nobody knows them they have to wait, with the right password too.
    expect((await trySignIn(person.email, PASSWORD, '203.0.113.200')).statusCode).toBe(429)
    expect((await trySignIn(person.email, PASSWORD, mine)).statusCode).toBe(200)
    const device = first.headers['set-cookie'] as string[]
    const cookie = device.map((each) => each.split(';')[0]).find((each) => each?.startsWith('signalbox.device=')) ?? ''
    const travelling = await call('POST', '/auth/sign-in', {
      ...{ body: { email: person.email, password: PASSWORD }, remoteAddress: '203.0.113.201', headers: { cookie } },
    })
    expect(travelling.statusCode).toBe(200)
    const madeUp = { cookie: `signalbox.device=sbd_${'x'.repeat(43)}` }
    const stranger = await call('POST', '/auth/sign-in', {
      ...{ body: { email: person.email, password: PASSWORD }, remoteAddress: '203.0.113.202', headers: madeUp },
    })
    expect(stranger.statusCode).toBe(429)
  })

  test.for([
    ['no e-mail address', { email: 'nobody', password: 'x' }],
    ['a password of 129 characters', { email: 'a@example.com', password: 'x'.repeat(129) }],
    ['an unknown field', { email: 'a@example.com', password: 'x', callbackURL: 'http://evil.example' }],
    ['an object for a password', { email: 'a@example.com', password: { length: 1 } }],
  ] as const)('422 for %s', async ([, body]) => {
    expect((await call('POST', '/auth/sign-in', { body })).statusCode).toBe(422)
  })

  test('a form of another site cannot sign anybody in', async () => {
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    const answer = await call('POST', '/auth/sign-in', { headers, body: { email: agent.email, password: PASSWORD } })
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'http.cross_site'])
  })
})

describe('GET /auth/session', () => {
  test('tells a person their roles and permissions', async () => {
    const answer = await call('GET', '/auth/session', { token: agent.token })
    expect(answer.json()).toEqual({
      kind: 'person',
      person: {
        id: agent.personId,
        email: agent.email,
        name: expect.any(String),
        is_email_proven: true,
        has_second_factor: false,
      },
      tenants: [
        { tenant_id: ours, name: expect.any(String), role: 'agent', permissions: ['member.read', 'tenant.read'] },
      ],
    })
  })

  test('tells the operator and an API key what they are', async () => {
    const operator = await call('GET', '/auth/session', { token: ADMIN_TOKEN })
    expect(operator.json()).toEqual({ kind: 'operator', person: null, tenants: [] })
    const { secret } = await running.api.createApiKey({ tenantId: ours, name: 'k', permissions: ['tenant.read'] })
    const key = await call('GET', '/auth/session', { token: secret })
    expect(key.json()).toMatchObject({ kind: 'key', person: null })
    expect(key.json().tenants).toMatchObject([{ tenant_id: ours, role: null, permissions: ['tenant.read'] }])
  })

  test('401 without credentials', async () => {
    expect((await call('GET', '/auth/session')).statusCode).toBe(401)
  })
})

describe('POST /auth/sign-out', () => {
  test('ends the session of the cookie and clears it, and leaves the person’s other sessions', async () => {
    const here = await signIn(agent.email)
    const elsewhere = await signIn(agent.email)
    const out = await call('POST', '/auth/sign-out', { headers: { cookie: here.cookie } })
    expect(out.statusCode).toBe(204)
    expect(out.headers['set-cookie']).toContainEqual(expect.stringMatching(/^signalbox\.session_token=; Max-Age=0/))
    expect((await call('GET', '/auth/session', { headers: { cookie: here.cookie } })).statusCode).toBe(401)
    expect((await call('GET', '/auth/session', { token: elsewhere.token })).statusCode).toBe(200)
  })

  test('ends the session of a bearer token', async () => {
    const { token } = await signIn(agent.email)
    expect((await call('POST', '/auth/sign-out', { token })).statusCode).toBe(204)
    expect((await call('GET', '/auth/session', { token })).statusCode).toBe(401)
  })

  test('401 without credentials; nothing to end for the operator', async () => {
    expect((await call('POST', '/auth/sign-out')).statusCode).toBe(401)
    expect((await call('POST', '/auth/sign-out', { token: ADMIN_TOKEN })).statusCode).toBe(204)
  })
})

test('sessions that are over are deleted, live ones are not', async () => {
  const over = await signIn(agent.email)
  const live = await signIn(agent.email)
  await sql(`update identity.session set expires_at = now() - interval '1 second' where $1 like token || '.%'`, [
    over.token,
  ])
  expect(await running.forgetSessions(10)).toBe(1)
  expect((await call('GET', '/auth/session', { token: live.token })).statusCode).toBe(200)
})
