import { createHmac } from 'node:crypto'
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  type JWK,
  jwtVerify,
  SignJWT,
} from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { authenticator } from '../../../../test/harness/authenticator.ts'
import { ADMIN_TOKEN, PASSWORD, type TestMember, testTenancy } from '../../../../test/harness/tenancy.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { allowancesOf } from '../attempt-limit.ts'

const running = testTenancy({ publicUrl: 'https://ops.example.com' })
const { call, tenant, member, sql } = running

type Pair = {
  access_token: string
  refresh_token: string
  expires_in: number
  tenant_id: string
  permissions: string[]
}
let ours: TenantId
let owner: TestMember
beforeAll(async () => {
  ours = await tenant()
  owner = await member(ours, 'owner')
})

const post = (path: string, body: object, token?: string) =>
  call('POST', path, { body, ...(token === undefined ? {} : { token }) })
const pairOf = async (token: string, wish: object = {}) => {
  const answer = await post('/auth/token', { grant: 'credentials', ...wish }, token)
  expect([answer.statusCode, answer.json().code]).toEqual([200, undefined])
  return answer.json<Pair>()
}
const makeKey = async (permissions: string[], token = owner.token) =>
  (await post(`/tenants/${ours}/api-keys`, { name: 'key', permissions }, token)).json<{
    secret: string
    api_key_id: string
  }>()
const isIn = async ({ access_token: token }: Pick<Pair, 'access_token'>) =>
  (await call('GET', '/auth/session', { token })).statusCode
const refresh = (refresh_token: string) => post('/auth/token/refresh', { refresh_token })
const published = async () => (await call('GET', '/.well-known/jwks.json')).json<{ keys: JWK[] }>()

describe('a token', () => {
  test('of a session opens every route of its tenant that its person may use, as that person', async () => {
    const pair = await pairOf(owner.token)
    expect(pair).toMatchObject({ tenant_id: ours, token_type: 'Bearer' })
    expect([899, 900]).toContain(pair.expires_in)
    const answer = await call('GET', `/tenants/${ours}`, { token: pair.access_token })
    expect(answer.statusCode).toBe(200)
    const session = (await call('GET', '/auth/session', { token: pair.access_token })).json()
    expect(session).toMatchObject({ kind: 'person', person: { id: owner.personId }, tenants: [{ tenant_id: ours }] })
  })

  test('can be checked by anybody with the published keys, which hold nothing that signs', async () => {
    const pair = await pairOf(owner.token)
    const keys = await published()
    const { payload } = await jwtVerify(pair.access_token, createLocalJWKSet(keys), {
      issuer: 'https://ops.example.com',
      audience: 'signalbox-api',
    })
    expect(payload).toMatchObject({ sub: `person:${owner.personId}`, tenant_id: ours, permissions: pair.permissions })
    expect(keys.keys.flatMap((key) => Object.keys(key)).filter((name) => name === 'd')).toEqual([])
    const [row] = await sql<{ sealed: string }>(
      `select encode(sealed_private, 'escape') as sealed from identity.signing_key`,
    )
    expect(row?.sealed).not.toContain('"d"')
  })

  test('of a key has what the key has, or what of it was asked for, and never more', async () => {
    const key = await makeKey(['tenant.read', 'member.read'])
    const all = await pairOf(key.secret)
    expect(all.permissions).toEqual(['member.read', 'tenant.read'])
    const some = await pairOf(key.secret, { permissions: ['tenant.read'] })
    const members = (token: string) => call('GET', `/tenants/${ours}/members`, { token })
    expect((await members(all.access_token)).statusCode).toBe(200)
    expect((await members(some.access_token)).statusCode).toBe(403)
    const more = await post('/auth/token', { grant: 'credentials', permissions: ['member.invite'] }, key.secret)
    expect([more.statusCode, more.json().code]).toEqual([403, 'tenancy.beyond_own_permissions'])
    const unknown = await post('/auth/token', { grant: 'credentials', permissions: ['no.such'] }, key.secret)
    expect([unknown.statusCode, unknown.json().errors[0].field]).toEqual([422, 'permissions.0'])
  })

  test('is for one tenant: another one of the same person is closed to it', async () => {
    const [here, there] = [await tenant(), await tenant()]
    const person = await member(here, 'owner')
    await running.api.addMember({ tenantId: there, personId: person.personId, role: 'owner' })
    const unnamed = await post('/auth/token', { grant: 'credentials' }, person.token)
    expect([unnamed.statusCode, unnamed.json().errors[0].field]).toEqual([422, 'tenant_id'])
    const pair = await pairOf(person.token, { tenant_id: here })
    expect((await call('GET', `/tenants/${here}`, { token: pair.access_token })).statusCode).toBe(200)
    expect((await call('GET', `/tenants/${there}`, { token: pair.access_token })).statusCode).toBe(404)
    const strange = await post('/auth/token', { grant: 'credentials', tenant_id: ours }, person.token)
    expect([strange.statusCode, strange.json().code]).toEqual([404, 'http.tenant_not_found'])
  })

  test('is not exchanged for another one, changes no account, and is nothing for the operator', async () => {
    const pair = await pairOf(owner.token)
    expect((await post('/auth/token', { grant: 'credentials' }, pair.access_token)).statusCode).toBe(403)
    const change = { current_password: PASSWORD, new_password: 'a password of today' }
    expect((await post('/auth/change-password', change, pair.access_token)).statusCode).toBe(403)
    expect((await post('/auth/token', { grant: 'credentials' }, ADMIN_TOKEN)).statusCode).toBe(403)
    expect((await post('/auth/token', { grant: 'credentials' })).statusCode).toBe(401)
  })

  test('makes keys that its person answers for', async () => {
    const manager = await member(ours, 'manager')
    const { access_token } = await pairOf(manager.token)
    const key = await makeKey(['tenant.read'], access_token)
    expect((await call('GET', `/tenants/${ours}`, { token: key.secret })).statusCode).toBe(200)
    await call('DELETE', `/tenants/${ours}/members/${manager.personId}`, { token: owner.token })
    expect((await call('GET', `/tenants/${ours}`, { token: key.secret })).statusCode).toBe(401)
  })
})

describe('a password', () => {
  test('is exchanged by the door of sign-in: the session is listed, and its end is that of the tokens', async () => {
    const person = await member(ours, 'viewer')
    const answer = await post('/auth/token', { grant: 'password', email: person.email, password: PASSWORD })
    const pair = answer.json<Pair>()
    expect([answer.statusCode, await isIn(pair)]).toEqual([200, 200])
    const listed = (await call('GET', '/auth/sessions', { token: person.token })).json()
    expect(listed.sessions).toHaveLength(2)
    await call('DELETE', `/auth/sessions/${listed.sessions[0].session_id}`, { token: person.token })
    expect([await isIn(pair), (await refresh(pair.refresh_token)).statusCode]).toEqual([401, 401])
  })

  test('that is wrong is counted with those of sign-in, and answered alike', async () => {
    const person = await member(ours, 'viewer')
    const remoteAddress = '198.51.100.77'
    const body = { grant: 'password', email: person.email, password: 'not this one, surely' }
    const attempt = () => call('POST', '/auth/token', { body, remoteAddress })
    const wrong = await attempt()
    expect([wrong.statusCode, wrong.json().code]).toEqual([401, 'tenancy.sign_in_refused'])
    // As after many more.
    const [charged] = allowancesOf({ address: remoteAddress, email: person.email }, null)
    const later = `update platform.allowances set used_until = now() + interval '1 hour' where name = sha256($1::bytea)`
    const used = await sql(`${later} returning name`, [Buffer.from(charged?.name ?? '')])
    expect(used).toHaveLength(1)
    expect((await attempt()).json().code).toBe('tenancy.too_many_attempts')
    const signIn = { body: { email: person.email, password: PASSWORD }, remoteAddress }
    expect((await call('POST', '/auth/sign-in', signIn)).statusCode).toBe(429)
  })

  test('is not enough where a code is asked for', async () => {
    const person = await member(ours, 'viewer')
    const enrolled = (await post('/auth/second-factor', { password: PASSWORD }, person.token)).json<{ uri: string }>()
    const code = authenticator(enrolled.uri)
    await post('/auth/second-factor/confirm', { code: await code() }, person.token)
    const asked = await post('/auth/token', { grant: 'password', email: person.email, password: PASSWORD })
    expect([asked.statusCode, Object.keys(asked.json())]).toEqual([202, ['challenge', 'expires_at']])
    const { challenge } = asked.json<{ challenge: string }>()
    const wrong = await post('/auth/token', { grant: 'second_factor', challenge, code: '000000' })
    expect(wrong.json().code).toBe('tenancy.code_wrong')
    const answer = await post('/auth/token', { grant: 'second_factor', challenge, code: await code() })
    expect(await isIn(answer.json<Pair>())).toBe(200)
  })

  test('of somebody who is no member there leaves no session behind', async () => {
    const person = await member(ours, 'viewer')
    const theirs = await tenant()
    const wish = { grant: 'password', email: person.email, password: PASSWORD, tenant_id: theirs }
    expect((await post('/auth/token', wish)).statusCode).toBe(404)
    expect((await call('GET', '/auth/sessions', { token: person.token })).json().sessions).toHaveLength(1)
  })
})

describe('tokens end at the next request when', () => {
  const cases: [string, (pair: { manager: TestMember; pair: Pair }) => Promise<unknown>][] = [
    ['their person signs out', ({ manager }) => post('/auth/sign-out', {}, manager.token).then(() => undefined)],
    [
      'the password is changed',
      ({ manager }) =>
        post(
          '/auth/change-password',
          { current_password: PASSWORD, new_password: 'a password of today' },
          manager.token,
        ),
    ],
    [
      'their person is removed',
      ({ manager }) => call('DELETE', `/tenants/${ours}/members/${manager.personId}`, { token: owner.token }),
    ],
    [
      'a second factor is switched on elsewhere',
      async ({ manager }) => {
        const { token } = await running.signIn(manager.email)
        const enrolled = (await post('/auth/second-factor', { password: PASSWORD }, token)).json<{ uri: string }>()
        await post('/auth/second-factor/confirm', { code: await authenticator(enrolled.uri)() }, token)
      },
    ],
    ['they are revoked by the refresh token', ({ pair }) => post('/auth/token/revoke', { token: pair.refresh_token })],
    ['they are revoked by themselves', ({ pair }) => post('/auth/token/revoke', { token: pair.access_token })],
    ['they sign out', ({ pair }) => call('POST', '/auth/sign-out', { token: pair.access_token })],
    ['their person is deleted', ({ manager }) => sql('delete from identity."user" where id = $1', [manager.personId])],
  ]
  test.each(cases)('%s', async (_what, end) => {
    const manager = await member(ours, 'manager')
    const pair = await pairOf(manager.token)
    expect(await isIn(pair)).toBe(200)
    await end({ manager, pair })
    expect([await isIn(pair), (await refresh(pair.refresh_token)).statusCode]).toEqual([401, 401])
  })

  test('their key is revoked', async () => {
    const key = await makeKey(['tenant.read'])
    const pair = await pairOf(key.secret)
    expect(await isIn(pair)).toBe(200)
    await call('DELETE', `/tenants/${ours}/api-keys/${key.api_key_id}`, { token: owner.token })
    expect([await isIn(pair), (await refresh(pair.refresh_token)).statusCode]).toEqual([401, 401])
  })

  test('the person of their key is removed', async () => {
    const manager = await member(ours, 'manager')
    const pair = await pairOf((await makeKey(['tenant.read'], manager.token)).secret)
    await call('DELETE', `/tenants/${ours}/members/${manager.personId}`, { token: owner.token })
    expect(await isIn(pair)).toBe(401)
  })

  test('a role is lowered they can do no more than it, and renewed they say so', async () => {
    const manager = await member(ours, 'manager')
    const pair = await pairOf(manager.token)
    const invite = (token: string) =>
      post(`/tenants/${ours}/invitations`, { email: 'new@example.com', role: 'viewer' }, token)
    expect((await invite(pair.access_token)).statusCode).toBe(201)
    await call('PATCH', `/tenants/${ours}/members/${manager.personId}`, {
      token: owner.token,
      body: { role: 'viewer' },
    })
    expect((await invite(pair.access_token)).statusCode).toBe(403)
    const next = (await refresh(pair.refresh_token)).json<Pair>()
    expect(next.permissions).not.toContain('member.invite')
    // Raised again, the token that was issued meanwhile is no more than it says.
    await call('PATCH', `/tenants/${ours}/members/${manager.personId}`, { token: owner.token, body: { role: 'owner' } })
    expect((await invite(next.access_token)).statusCode).toBe(403)
  })

  test('a stolen signing key is replaced', async () => {
    const pair = await pairOf(owner.token)
    expect((await call('POST', '/operator/signing-keys/replace', { token: ADMIN_TOKEN })).statusCode).toBe(204)
    expect(await isIn(pair)).toBe(401)
    const next = (await refresh(pair.refresh_token)).json<Pair>()
    expect([await isIn(next), (await published()).keys.length]).toEqual([200, 1])
  })
})

describe('a refresh token', () => {
  test('is good once, for the next pair', async () => {
    const pair = await pairOf(owner.token)
    const answer = await refresh(pair.refresh_token)
    expect([answer.statusCode, await isIn(answer.json<Pair>())]).toEqual([200, 200])
    expect((await refresh(answer.json<Pair>().refresh_token)).statusCode).toBe(200)
  })

  test('that is used again, however old, ends all that came from the same exchange, and the audit log says so', async () => {
    const key = await makeKey(['tenant.read'])
    const first = await pairOf(key.secret)
    const second = (await refresh(first.refresh_token)).json<Pair>()
    const third = (await refresh(second.refresh_token)).json<Pair>()
    const other = await pairOf(key.secret)
    const again = await refresh(first.refresh_token)
    expect([again.statusCode, again.json().code]).toEqual([401, 'tenancy.refresh_refused'])
    expect([await isIn(third), (await refresh(third.refresh_token)).statusCode, await isIn(other)]).toEqual([
      401, 401, 200,
    ])
    const lines = await sql(`select actor from audit_log where action = 'token.reuse' and actor = $1`, [
      `key:${key.api_key_id}`,
    ])
    expect(lines).toHaveLength(1)
  })

  test('used again ends the session too that a password had opened for it', async () => {
    const person = await member(ours, 'viewer')
    const body = { grant: 'password', email: person.email, password: PASSWORD }
    const pair = (await post('/auth/token', body)).json<Pair>()
    await refresh(pair.refresh_token)
    await refresh(pair.refresh_token)
    expect((await call('GET', '/auth/sessions', { token: person.token })).json().sessions).toHaveLength(1)
  })

  test('of many who use it at once lets one go on at the most, and then nobody', async () => {
    const pair = await pairOf(owner.token)
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(pair.refresh_token)))
    const done = answers.filter(({ statusCode }) => statusCode === 200)
    expect(done).toHaveLength(1)
    expect(await isIn(done[0]?.json<Pair>() ?? { access_token: '' })).toBe(401)
  })

  test('that somebody made up of the family’s id is refused, and ends nothing', async () => {
    const pair = await pairOf(owner.token)
    const bytes = Buffer.from(pair.refresh_token.slice('sbf_'.length), 'base64url')
    for (const at of [0, 20, bytes.length - 1]) {
      const forged = Buffer.from(bytes)
      forged[at] = (forged[at] ?? 0) ^ 1
      expect((await refresh(`sbf_${forged.toString('base64url')}`)).statusCode).toBe(401)
    }
    expect((await refresh(pair.refresh_token)).statusCode).toBe(200)
  })

  test('is over after a day in which nobody used it, and is stored nowhere', async () => {
    const pair = await pairOf(owner.token)
    const { sid } = decodeJwt(pair.access_token)
    const [row] = await sql<{ text: string }>('select f::text as text from token_families f where family_id = $1', [
      sid,
    ])
    expect(row?.text).not.toContain(pair.refresh_token)
    await sql(`update token_families set expires_at = now() - interval '1 second' where family_id = $1`, [sid])
    expect((await refresh(pair.refresh_token)).statusCode).toBe(401)
  })
})

describe('a token is refused when', () => {
  const parts = async () => {
    const { access_token } = await pairOf(owner.token)
    const [head = '', body = '', signature = ''] = access_token.split('.')
    return { token: access_token, head, body, signature, claims: decodeJwt(access_token) }
  }
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const status = async (token: string) => (await call('GET', '/auth/session', { token })).statusCode
  /** Signed by a key of the test, which then stands for that of another installation or of a thief. */
  const signedBy = async (claims: object, header: object = {}) => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const { kid = '' } = decodeProtectedHeader((await parts()).token)
    const jwk = await exportJWK(publicKey)
    const token = await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt', ...header })
      .sign(privateKey)
    return { token, jwk }
  }

  test('it says that nothing signed it', async () => {
    const { body } = await parts()
    for (const alg of ['none', 'None', 'NONE']) {
      expect(await status(`${encode({ alg, typ: 'at+jwt' })}.${body}.`)).toBe(401)
    }
  })

  test('it is signed with our public key as if that were a shared secret', async () => {
    const { token, body } = await parts()
    const [jwk] = (await published()).keys
    const head = encode({ ...decodeProtectedHeader(token), alg: 'HS256' })
    for (const secret of [JSON.stringify(jwk), String(jwk?.x), Buffer.from(String(jwk?.x), 'base64url')]) {
      const mac = createHmac('sha256', secret).update(`${head}.${body}`).digest('base64url')
      expect(await status(`${head}.${body}.${mac}`)).toBe(401)
    }
  })

  test('one of its claims was changed', async () => {
    const { head, signature, claims } = await parts()
    const changes = [
      { permissions: ['tenant.read', 'member.remove'] },
      { tenant_id: 'tenant_of_others' },
      { exp: 9_999_999_999 },
    ]
    for (const change of changes)
      expect(await status(`${head}.${encode({ ...claims, ...change })}.${signature}`)).toBe(401)
    expect(await status(`${head}.${encode(claims)}.${signature}`)).toBe(200)
  })

  test('another key signed it: under our key’s name, under an unknown one, or with the key in its own header', async () => {
    const { claims } = await parts()
    const { token, jwk } = await signedBy(claims)
    expect(await status(token)).toBe(401)
    expect(await status((await signedBy(claims, { kid: 'unknown' })).token)).toBe(401)
    const { token: bringing } = await signedBy(claims, { jwk, kid: undefined })
    expect(await status(bringing)).toBe(401)
  })

  test('it is no token, or too long', async () => {
    for (const token of ['a.b.c', 'e30.e30.', `${'x'.repeat(9_000)}.e30.x`]) expect(await status(token)).toBe(401)
  })
})
