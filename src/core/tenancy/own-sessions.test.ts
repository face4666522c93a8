import { beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, PASSWORD, type TestMember, testTenancy } from '../../../test/harness/tenancy.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'

const running = testTenancy()
const { call, tenant, member, signIn, sql } = running

let ours: TenantId
let other: TestMember
beforeAll(async () => {
  ours = await tenant()
  other = await member(ours, 'owner')
})

type Session = { session_id: string; is_current: boolean; user_agent: string; address: string; created_at: string }
const list = async (token: string, query = '') => {
  const answer = await call('GET', `/auth/sessions${query}`, { token })
  return answer.json<{ sessions: Session[]; next_cursor: string | null }>()
}
const isIn = async ({ token }: { token: string }) => (await call('GET', '/auth/session', { token })).statusCode === 200
const change = (token: string, current_password: string, new_password: string, remoteAddress = '192.0.2.1') =>
  call('POST', '/auth/change-password', { token, body: { current_password, new_password }, remoteAddress })
const NEW = 'a password of today'

describe('GET /auth/sessions', () => {
  test('lists the caller’s live sessions, newest first, and says which this is and where each was opened', async () => {
    const person = await member(ours, 'viewer')
    await call('POST', '/auth/sign-in', {
      ...{ body: { email: person.email, password: PASSWORD }, remoteAddress: '198.51.100.7' },
      headers: { 'user-agent': 'the browser of the test' },
    })
    const over = await signIn(person.email)
    await sql(`update identity.session set expires_at = now() where $1 like token || '.%'`, [over.token])
    const { sessions } = await list(person.token)
    expect(sessions).toMatchObject([
      { is_current: false, address: '198.51.100.7', user_agent: 'the browser of the test' },
      { is_current: true },
    ])
    expect(JSON.stringify(sessions)).not.toContain(person.token.split('.')[0])
  })

  test('comes in pages that hold each session once', async () => {
    const person = await member(ours, 'viewer')
    for (let more = 0; more < 4; more += 1) await signIn(person.email)
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page = await list(person.token, `?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`)
      seen.push(...page.sessions.map(({ session_id }) => session_id))
      cursor = page.next_cursor
    } while (cursor !== null)
    expect([seen.length, new Set(seen).size]).toEqual([5, 5])
  })
})

describe('DELETE /auth/sessions/{session_id}', () => {
  test('ends that session at once, and no other', async () => {
    const person = await member(ours, 'viewer')
    const lost = await signIn(person.email)
    const [lostOne] = (await list(person.token)).sessions.filter(({ is_current }) => !is_current)
    const path = `/auth/sessions/${lostOne?.session_id}`
    expect((await call('DELETE', path, { token: person.token })).statusCode).toBe(204)
    expect([await isIn(lost), await isIn(person)]).toEqual([false, true])
    const again = await call('DELETE', path, { token: person.token })
    expect([again.statusCode, again.json().code]).toEqual([404, 'tenancy.session_not_found'])
  })

  test('404 for somebody else’s, which goes on', async () => {
    const person = await member(ours, 'viewer')
    const [theirs] = (await list(other.token)).sessions
    const answer = await call('DELETE', `/auth/sessions/${theirs?.session_id}`, { token: person.token })
    expect([answer.statusCode, await isIn(other)]).toEqual([404, true])
  })
})

describe('POST /auth/sign-out-everywhere', () => {
  test('ends all sessions of the caller, clears the cookie, and leaves other people alone', async () => {
    const person = await member(ours, 'viewer')
    const [there, elsewhere] = [await signIn(person.email), await signIn(person.email)]
    const out = await call('POST', '/auth/sign-out-everywhere', { headers: { cookie: person.cookie } })
    expect([out.statusCode, out.json()]).toEqual([200, { ended_sessions: 3 }])
    expect(out.headers['set-cookie']).toContainEqual(expect.stringMatching(/^signalbox\.session_token=; Max-Age=0/))
    expect(await Promise.all([person, there, elsewhere, other].map(isIn))).toEqual([false, false, false, true])
  })

  test('is for people: 403 for a key and the operator', async () => {
    const { secret } = await running.api.createApiKey({ tenantId: ours, name: 'k', permissions: ['tenant.read'] })
    for (const token of [secret, ADMIN_TOKEN]) {
      expect((await call('POST', '/auth/sign-out-everywhere', { token })).statusCode).toBe(403)
    }
  })
})

describe('POST /auth/change-password', () => {
  test('200: the new password opens, the old one does not; every earlier session is over, a new one is in the answer', async () => {
    const person = await member(ours, 'viewer')
    const elsewhere = await signIn(person.email)
    const answer = await change(person.token, PASSWORD, NEW)
    expect(answer.statusCode).toBe(200)
    const { token } = answer.json<{ token: string }>()
    expect(answer.json()).toMatchObject({ person: { id: person.personId }, tenants: [{ tenant_id: ours }] })
    expect(String(answer.headers['set-cookie'])).toMatch(/^signalbox\.session_token=[^;]{20,}/)
    expect(await Promise.all([{ token }, person, elsewhere].map(isIn))).toEqual([true, false, false])
    const tried = [PASSWORD, NEW].map((password) =>
      call('POST', '/auth/sign-in', { body: { email: person.email, password } }),
    )
    expect((await Promise.all(tried)).map(({ statusCode }) => statusCode)).toEqual([401, 200])
  })

  test('403 for a wrong current password; nothing changes and nobody is signed out', async () => {
    const person = await member(ours, 'viewer')
    const answer = await change(person.token, 'not the password', NEW)
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'tenancy.password_wrong'])
    expect(await isIn(person)).toBe(true)
    expect((await signIn(person.email)).token).toBeDefined()
  })

  test('422 for a new password that is too short', async () => {
    const answer = await change(other.token, PASSWORD, 'eleven char')
    expect([answer.statusCode, answer.json().errors?.[0]?.field]).toEqual([422, 'new_password'])
  })

  test('whoever stole a session cannot guess the password through it without end', async () => {
    const person = await member(ours, 'viewer')
    const guesses = Array.from({ length: 10 }, () => change(person.token, 'a guess', NEW, '203.0.113.9'))
    for (const answer of await Promise.all(guesses)) expect(answer.statusCode).toBe(403)
    expect((await change(person.token, 'a guess', NEW, '203.0.113.9')).statusCode).toBe(429)
  })

  test('a sign-in with the old password that is under way meanwhile leaves no session', async () => {
    const person = await member(ours, 'viewer')
    // Compared with the old hash, then the change: the sign-in goes on only when nobody holds the table any more.
    await sql('begin')
    await sql('lock table identity.session in exclusive mode')
    const signingIn = call('POST', '/auth/sign-in', { body: { email: person.email, password: PASSWORD } })
    const isWaiting = async () => {
      const rows = await sql(`select from pg_locks where relation = 'identity.session'::regclass and not granted`)
      return rows.length > 0
    }
    await waitFor('the sign-in never came to open a session', isWaiting)
    await sql(`update identity.account set updated_at = now() + interval '1 second' where user_id = $1`, [
      person.personId,
    ])
    await sql('commit')
    expect((await signingIn).statusCode).toBe(401)
    const { sessions } = await list(person.token)
    expect(sessions.map(({ is_current }) => is_current)).toEqual([true])
  })
})
