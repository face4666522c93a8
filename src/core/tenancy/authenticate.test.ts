import { beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, type TestMember, testTenancy } from '../../../test/harness/tenancy.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'

const running = testTenancy({ publicUrl: 'https://ops.example.com', corsOrigins: ['https://console.example.com'] })
const { call, tenant, member, signIn, sql } = running

let ours: TenantId
let theirs: TenantId
let owner: TestMember
let manager: TestMember

beforeAll(async () => {
  ours = await tenant()
  theirs = await tenant()
  owner = await member(ours, 'owner')
  manager = await member(ours, 'manager')
})

const show = (tenantId: string, token: string) => call('GET', `/tenants/${tenantId}`, { token })
const newKey = (expiresAt?: Date) =>
  running.api.createApiKey({
    ...{ tenantId: ours, name: 'k', permissions: ['tenant.read'] },
    ...(expiresAt ? { expiresAt } : {}),
  })

describe('each kind of credential', () => {
  test('the operator’s token opens every tenant', async () => {
    expect((await show(ours, ADMIN_TOKEN)).statusCode).toBe(200)
    expect((await show(theirs, ADMIN_TOKEN)).statusCode).toBe(200)
  })

  test('an API key opens its own tenant, for what it was given, and no other', async () => {
    const { secret } = await newKey()
    expect((await show(ours, secret)).statusCode).toBe(200)
    expect((await show(theirs, secret)).statusCode).toBe(404)
    expect((await call('GET', `/tenants/${ours}/members`, { token: secret })).statusCode).toBe(403)
  })

  test('a session token and the session cookie open the person’s tenants and no other', async () => {
    const byCookie = (tenantId: string) => call('GET', `/tenants/${tenantId}`, { headers: { cookie: owner.cookie } })
    expect((await show(ours, owner.token)).statusCode).toBe(200)
    expect((await show(theirs, owner.token)).statusCode).toBe(404)
    expect((await byCookie(ours)).statusCode).toBe(200)
    expect((await byCookie(theirs)).statusCode).toBe(404)
  })

  test('the scheme is read without regard to case', async () => {
    const answer = await call('GET', `/tenants/${ours}`, { headers: { authorization: `bearer ${owner.token}` } })
    expect(answer.statusCode).toBe(200)
  })

  test('an Authorization header that does not hold is not made up for by a good cookie', async () => {
    const headers = { authorization: 'Bearer nonsense', cookie: owner.cookie }
    expect((await call('GET', `/tenants/${ours}`, { headers })).statusCode).toBe(401)
  })
})

test('whatever is wrong with the credentials, the 401 is the same', async () => {
  const revoked = await newKey()
  await sql('update api_keys set revoked_at = now() where api_key_id = $1', [revoked.apiKeyId])
  const expiredKey = await newKey(new Date(Date.now() - 1_000))
  const over = await signIn(owner.email)
  await sql(`update identity.session set expires_at = now() where $1 like token || '.%'`, [over.token])
  const [id, signature = ''] = owner.token.split('.')
  const otherSignature = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)
  const wrong: Record<string, Record<string, string>> = {
    'an unknown API key': { authorization: `Bearer sbk_${'x'.repeat(43)}` },
    'a revoked API key': { authorization: `Bearer ${revoked.secret}` },
    'an expired API key': { authorization: `Bearer ${expiredKey.secret}` },
    'an expired session': { authorization: `Bearer ${over.token}` },
    'an expired session’s cookie': { cookie: over.cookie },
    'a session token with another signature': { authorization: `Bearer ${id}.${otherSignature}` },
    'a session token without its signature': { authorization: `Bearer ${id}` },
    'another session with this signature': { authorization: `Bearer ${'a'.repeat(32)}.${signature}` },
    'a made-up cookie': { cookie: 'signalbox.session_token=nonsense' },
    'nearly the operator’s token': { authorization: `Bearer ${ADMIN_TOKEN}x` },
    'a basic password': { authorization: 'Basic b3duZXI6c2VjcmV0' },
    'an empty header': { authorization: '' },
    'a bearer without a token': { authorization: 'Bearer ' },
    'a header beyond all bounds': { authorization: `Bearer ${'x'.repeat(2_000)}` },
    'a cookie beyond all bounds': { cookie: `signalbox.session_token=${'x'.repeat(9_000)}` },
    'a quote that would end an SQL string': { authorization: `Bearer ' or '1'='1` },
  }
  const answers = await Promise.all(
    Object.entries(wrong).map(async ([what, headers]) => {
      const answer = await call('GET', `/tenants/${ours}`, { headers })
      const challenge = answer.headers['www-authenticate']
      return { what, body: { ...answer.json(), request_id: '' }, status: answer.statusCode, challenge }
    }),
  )
  const nobody = await call('GET', `/tenants/${ours}`)
  const body = { ...nobody.json(), request_id: '' }
  const challenge = 'Bearer realm="signalbox"'
  expect(answers).toEqual(Object.keys(wrong).map((what) => ({ what, body, status: 401, challenge })))
})

describe('what is taken away is gone at the next request', () => {
  test('a removed member', async () => {
    const leaving = await member(ours, 'viewer')
    expect((await show(ours, leaving.token)).statusCode).toBe(200)
    await call('DELETE', `/tenants/${ours}/members/${leaving.personId}`, { token: owner.token })
    expect((await show(ours, leaving.token)).statusCode).toBe(404)
  })

  test('a revoked key', async () => {
    const { secret, apiKeyId } = await newKey()
    expect((await show(ours, secret)).statusCode).toBe(200)
    await call('DELETE', `/tenants/${ours}/api-keys/${apiKeyId}`, { token: manager.token })
    expect((await show(ours, secret)).statusCode).toBe(401)
  })
})

describe('last_used_at of a key', () => {
  const lastUsed = async (apiKeyId: string) => {
    const [row] = await sql<{ at: Date | null }>('select last_used_at as at from api_keys where api_key_id = $1', [
      apiKeyId,
    ])
    return row?.at ?? null
  }

  test('is noted at the first use and then at most once a minute', async () => {
    const { secret, apiKeyId } = await newKey()
    expect(await lastUsed(apiKeyId)).toBeNull()
    await show(ours, secret)
    const first = await lastUsed(apiKeyId)
    expect(first).not.toBeNull()
    await show(ours, secret)
    expect(await lastUsed(apiKeyId)).toEqual(first)
    await sql(`update api_keys set last_used_at = now() - interval '61 seconds' where api_key_id = $1`, [apiKeyId])
    await show(ours, secret)
    expect((await lastUsed(apiKeyId))?.getTime()).toBeGreaterThanOrEqual(first?.getTime() ?? Number.POSITIVE_INFINITY)
  })

  test('never makes a request wait for whoever holds the row', async () => {
    const { secret, apiKeyId } = await newKey()
    await sql('begin')
    await sql('select from api_keys where api_key_id = $1 for update', [apiKeyId])
    const answer = await show(ours, secret)
    await sql('rollback')
    expect(answer.statusCode).toBe(200)
    expect(await lastUsed(apiKeyId)).toBeNull()
  })
})

describe('an unsafe request with a cookie', () => {
  const invite = (headers: Record<string, string>) =>
    call('POST', `/tenants/${ours}/invitations`, {
      headers: { cookie: owner.cookie, ...headers },
      body: { email: 'guest@example.com', role: 'viewer' },
    })
  const invitations = () => sql('select from invitations where tenant_id = $1', [ours])

  test.for([
    ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['a sibling host', { origin: 'https://blog.example.com', 'sec-fetch-site': 'same-site' }],
    ['a page that hides its origin', { origin: 'null' }],
  ] as const)('is refused from %s, and changes nothing', async ([, headers]) => {
    const before = await invitations()
    const answer = await invite(headers)
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'http.cross_site'])
    expect(await invitations()).toEqual(before)
  })

  test.for([
    ['the same host', { origin: 'http://localhost:80', 'sec-fetch-site': 'same-origin' }],
    ['the public address', { origin: 'https://ops.example.com', 'sec-fetch-site': 'same-origin' }],
    ['a CORS origin', { origin: 'https://console.example.com', 'sec-fetch-site': 'same-site' }],
  ] as const)('is let through from %s', async ([, headers]) => {
    expect((await invite(headers)).statusCode).toBe(201)
  })

  test('opens no WebSocket from another site, whose page could read what comes through it', async () => {
    const ask = (origin: string, more: Record<string, string> = {}) =>
      call('GET', '/auth/session', { headers: { cookie: owner.cookie, origin, ...more } })
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket' }
    expect((await ask('https://evil.example', upgrade)).json().code).toBe('http.cross_site')
    expect((await ask('https://ops.example.com', upgrade)).statusCode).toBe(200)
    // Reading is guarded by the browser: CORS is off.
    expect((await ask('https://evil.example')).statusCode).toBe(200)
  })

  test('is let through from anywhere with a bearer token, which no page sends by itself', async () => {
    const answer = await call('POST', `/tenants/${ours}/invitations`, {
      ...{ token: owner.token, headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } },
      body: { email: 'other-guest@example.com', role: 'viewer' },
    })
    expect(answer.statusCode).toBe(201)
  })
})

test('a page of a CORS origin may ask beforehand for every method, and another one may not', async () => {
  const ask = (origin: string) =>
    call('OPTIONS', `/tenants/${ours}`, { headers: { origin, 'access-control-request-method': 'PATCH' } })
  const allowed = await ask('https://console.example.com')
  expect(allowed.headers['access-control-allow-origin']).toBe('https://console.example.com')
  expect(allowed.headers['access-control-allow-methods']).toContain('PATCH')
  expect((await ask('https://evil.example')).headers['access-control-allow-origin']).toBeUndefined()
})

test('over https the cookie is Secure and its name says so', () => {
  expect(owner.cookie).toMatch(/^__Secure-signalbox\.session_token=/)
})
