import { beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, PASSWORD, type TestMember, testTenancy } from '../../../test/harness/tenancy.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'

const running = testTenancy()
const { call, tenant, member, person, signIn, sql } = running

let ours: TenantId
let owner: TestMember
let manager: TestMember
let viewer: TestMember
let stranger: TestMember

beforeAll(async () => {
  ours = await tenant()
  owner = await member(ours, 'owner')
  manager = await member(ours, 'manager')
  viewer = await member(ours, 'viewer')
  stranger = await member(await tenant(), 'owner')
})

type Made = { invitation_id: string; token: string }
let guests = 0
const guest = () => `guest-${++guests}@example.com`
const invite = (token: string, body: unknown, headers: Record<string, string> = {}) =>
  call('POST', `/tenants/${ours}/invitations`, { token, body, headers })
const invited = async (email: string, role = 'viewer') => (await invite(owner.token, { email, role })).json<Made>()
const accept = (body: unknown, headers: Record<string, string> = {}) =>
  call('POST', '/invitations/accept', { body, headers })

describe('POST /tenants/{tenant_id}/invitations', () => {
  test('201 with a token that is kept only as a hash', async () => {
    const answer = await invite(manager.token, { email: 'New@Example.com', role: 'agent' })
    expect(answer.statusCode).toBe(201)
    const { token, ...invitation } = answer.json<Made>()
    expect(token).toMatch(/^sbi_[A-Za-z0-9_-]{43}$/)
    expect(invitation).toMatchObject({ email: 'new@example.com', role: 'agent', status: 'open' })
    const rows = await sql<{ row: string }>('select invitations::text as row from invitations')
    expect(rows.filter(({ row }) => row.includes(token.slice(4)))).toEqual([])
  })

  test('401, 403 for a viewer, 404 for a stranger', async () => {
    const body = { email: guest(), role: 'viewer' }
    expect((await call('POST', `/tenants/${ours}/invitations`, { body })).statusCode).toBe(401)
    expect((await invite(viewer.token, body)).statusCode).toBe(403)
    expect((await invite(stranger.token, body)).statusCode).toBe(404)
  })

  test('403: nobody invites to a role above their own', async () => {
    const answer = await invite(manager.token, { email: guest(), role: 'owner' })
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'tenancy.beyond_own_permissions'])
    expect((await invite(manager.token, { email: guest(), role: 'manager' })).statusCode).toBe(201)
    expect((await invite(ADMIN_TOKEN, { email: guest(), role: 'owner' })).statusCode).toBe(201)
  })

  test('403: a key that may only invite cannot make a member that may do more than the key', async () => {
    const key = await running.api.createApiKey({ tenantId: ours, name: 'inviter', permissions: ['member.invite'] })
    expect((await invite(key.secret, { email: guest(), role: 'viewer' })).statusCode).toBe(403)
  })

  test('409 for somebody who is a member already', async () => {
    const answer = await invite(owner.token, { email: viewer.email, role: 'agent' })
    expect([answer.statusCode, answer.json().code]).toEqual([409, 'tenancy.already_member'])
  })

  test('a second invitation of an address revokes the first', async () => {
    const email = guest()
    const first = await invited(email)
    const second = await invited(email)
    expect((await accept({ token: first.token, name: 'Guest', password: PASSWORD })).statusCode).toBe(410)
    expect((await accept({ token: second.token, name: 'Guest', password: PASSWORD })).statusCode).toBe(201)
  })

  test('409 for a repeated Idempotency-Key: the token is not kept, and nobody is invited twice', async () => {
    const body = { email: guest(), role: 'viewer' }
    const headers = { 'idempotency-key': 'invite-once' }
    expect((await invite(owner.token, body, headers)).statusCode).toBe(201)
    const again = await invite(owner.token, body, headers)
    expect([again.statusCode, again.json().code]).toEqual([409, 'idempotency.answer_not_kept'])
    expect(await sql('select from invitations where email = $1', [body.email])).toHaveLength(1)
  })

  test.for([
    ['no e-mail address', { email: 'nobody', role: 'viewer' }],
    ['an unknown role', { email: 'a@example.com', role: 'admin' }],
    ['an address of 255 characters', { email: `${'a'.repeat(243)}@example.com`, role: 'viewer' }],
    ['an unknown field', { email: 'a@example.com', role: 'viewer', message: 'hello' }],
  ] as const)('422 for %s', async ([, body]) => {
    expect((await invite(owner.token, body)).statusCode).toBe(422)
  })
})

describe('GET and DELETE /tenants/{tenant_id}/invitations', () => {
  test('the list shows how each invitation stands and never a token', async () => {
    const [open, revoked, expired] = [await invited(guest()), await invited(guest()), await invited(guest())]
    await call('DELETE', `/tenants/${ours}/invitations/${revoked.invitation_id}`, { token: manager.token })
    await sql('update invitations set expires_at = now() where invitation_id = $1', [expired.invitation_id])
    const list = await call('GET', `/tenants/${ours}/invitations?limit=200`, { token: manager.token })
    const rows = list.json<{ invitations: { invitation_id: string; status: string }[] }>().invitations
    const status = ({ invitation_id }: Made) => rows.find((row) => row.invitation_id === invitation_id)?.status
    expect([status(open), status(revoked), status(expired)]).toEqual(['open', 'revoked', 'expired'])
    expect(list.body).not.toContain('sbi_')
  })

  test('204 for revoking, also twice; 410 when it was accepted; 404 when it is another tenant’s or none', async () => {
    const path = (id: string, tenantId: string = ours) => `/tenants/${tenantId}/invitations/${id}`
    const revoked = await invited(guest())
    expect((await call('DELETE', path(revoked.invitation_id), { token: owner.token })).statusCode).toBe(204)
    expect((await call('DELETE', path(revoked.invitation_id), { token: owner.token })).statusCode).toBe(204)
    expect((await accept({ token: revoked.token, name: 'Guest', password: PASSWORD })).statusCode).toBe(410)
    const used = await invited(guest())
    await accept({ token: used.token, name: 'Guest', password: PASSWORD })
    expect((await call('DELETE', path(used.invitation_id), { token: owner.token })).statusCode).toBe(410)
    const other = stranger.token
    const [strangers] = await sql<{ id: string }>('select tenant_id as id from memberships where person_id = $1', [
      stranger.personId,
    ])
    const foreign = await call('DELETE', path(used.invitation_id, strangers?.id), { token: other })
    expect([foreign.statusCode, foreign.json().code]).toEqual([404, 'tenancy.invitation_not_found'])
    expect((await call('DELETE', path(used.invitation_id), { token: other })).statusCode).toBe(404)
    expect((await call('DELETE', path(used.invitation_id), { token: viewer.token })).statusCode).toBe(403)
    expect((await call('DELETE', path(used.invitation_id))).statusCode).toBe(401)
    expect((await call('DELETE', path('1'), { token: owner.token })).statusCode).toBe(422)
  })
})

describe('an invitation and the power of whoever wrote it', () => {
  const become = (who: TestMember, role: string) =>
    call('PATCH', `/tenants/${ours}/members/${who.personId}`, { token: owner.token, body: { role } })
  const makeKey = async (token: string) => {
    const { permissions } = (await call('GET', '/auth/session', { token: manager.token })).json<{
      tenants: { permissions: string[] }[]
    }>().tenants[0] ?? { permissions: [] }
    const made = await call('POST', `/tenants/${ours}/api-keys`, { token, body: { name: 'inviter', permissions } })
    return made.json<{ api_key_id: string; secret: string }>()
  }
  const revokeKey = (key: { api_key_id: string }) =>
    call('DELETE', `/tenants/${ours}/api-keys/${key.api_key_id}`, { token: owner.token })
  const invitedBy = async (token: string, role: string) => (await invite(token, { email: guest(), role })).json<Made>()
  const outcomes = async (...invitations: Made[]) => {
    const answers = invitations.map(({ token }) => accept({ token, name: 'Guest', password: PASSWORD }))
    return (await Promise.all(answers)).map((answer) => answer.statusCode)
  }

  test('a demotion ends the open invitations of the member, and of their keys, to roles above the new one', async () => {
    const demoted = await member(ours, 'owner')
    const key = await makeKey(demoted.token)
    const above = [await invitedBy(demoted.token, 'owner'), await invitedBy(key.secret, 'manager')]
    const within = await invitedBy(demoted.token, 'viewer')
    const others = await invitedBy(owner.token, 'owner')
    expect((await become(demoted, 'viewer')).statusCode).toBe(200)
    expect(await outcomes(...above, within, others)).toEqual([410, 410, 201, 201])
  })

  test('what a demotion ended stays ended when the member rises again; a promotion ends nothing', async () => {
    const moved = await member(ours, 'manager')
    const [first, ended] = [await invitedBy(moved.token, 'manager'), await invitedBy(moved.token, 'manager')]
    await become(moved, 'owner')
    expect(await outcomes(first)).toEqual([201])
    await become(moved, 'agent')
    await become(moved, 'owner')
    expect(await outcomes(ended)).toEqual([410])
  })

  test('revoking a key ends its open invitations, and those of the keys it made', async () => {
    const key = await makeKey(owner.token)
    const second = await makeKey(key.secret)
    const third = await makeKey(second.secret)
    const other = await makeKey(owner.token)
    const secrets = [key.secret, second.secret, third.secret, other.secret]
    const invitations = await Promise.all(secrets.map((secret) => invitedBy(secret, 'manager')))
    expect((await revokeKey(key)).statusCode).toBe(204)
    expect(await outcomes(...invitations)).toEqual([410, 410, 410, 201])
  })

  test('no demotion and no revoked key ends what the operator invited', async () => {
    const invitation = await invitedBy(ADMIN_TOKEN, 'owner')
    await become(await member(ours, 'owner'), 'viewer')
    await revokeKey(await makeKey(owner.token))
    expect(await outcomes(invitation)).toEqual([201])
  })
})

describe('POST /invitations/accept', () => {
  test('201: a new person gets an account and the role', async () => {
    const email = guest()
    const { token } = await invited(email, 'agent')
    const answer = await accept({ token, name: 'Grace', password: PASSWORD })
    expect(answer.statusCode).toBe(201)
    expect(answer.json()).toMatchObject({ tenant_id: ours, role: 'agent', person: { name: 'Grace', email } })
    const session = await signIn(email)
    expect((await call('GET', `/tenants/${ours}`, { token: session.token })).statusCode).toBe(200)
  })

  test('422 without a name or with a short password for a new account, and the invitation stays open', async () => {
    const { token } = await invited(guest())
    expect((await accept({ token, password: PASSWORD })).json().errors).toMatchObject([{ field: 'name' }])
    const short = await accept({ token, name: 'Guest', password: 'eleven char' })
    expect(short.json().errors).toMatchObject([{ field: 'password', message: 'must be 12 to 128 characters' }])
    expect((await accept({ token, name: 'Guest', password: PASSWORD })).statusCode).toBe(201)
  })

  test('somebody with an account needs its password: holding the token is not enough', async () => {
    const known = await person()
    const { token } = await invited(known.email)
    const takeOver = await accept({ token, name: 'Mallory', password: 'chosen by mallory' })
    expect([takeOver.statusCode, takeOver.json().code]).toEqual([401, 'tenancy.sign_in_refused'])
    expect((await accept({ token })).statusCode).toBe(401)
    const other = await accept({ token }, { authorization: `Bearer ${stranger.token}` })
    expect(other.statusCode).toBe(401)
    expect((await accept({ token, password: PASSWORD })).statusCode).toBe(201)
    const [account] = await sql<{ name: string }>('select name from identity."user" where email = $1', [known.email])
    expect(account?.name).not.toBe('Mallory')
  })

  test('guessing the password of an account through an invitation is limited like signing in', async () => {
    const known = await person()
    const { token } = await invited(known.email)
    const guesses = Array.from({ length: 10 }, () => accept({ token, password: 'a guess of mallory' }))
    for (const answer of await Promise.all(guesses)) expect(answer.statusCode).toBe(401)
    expect((await accept({ token, password: 'a guess of mallory' })).statusCode).toBe(429)
  })

  test('somebody signed in as the invited person needs no password', async () => {
    const known = await person()
    const session = await signIn(known.email)
    const { token } = await invited(known.email)
    expect((await accept({ token }, { authorization: `Bearer ${session.token}` })).statusCode).toBe(201)
  })

  test('a page of another site cannot accept with somebody’s cookie', async () => {
    const known = await person()
    const { cookie } = await signIn(known.email)
    const { token } = await invited(known.email)
    const answer = await accept({ token }, { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'http.cross_site'])
  })

  test('a session that is over does not keep anybody from accepting with a password', async () => {
    const { token } = await invited(guest())
    const headers = { cookie: 'signalbox.session_token=over' }
    expect((await accept({ token, name: 'Guest', password: PASSWORD }, headers)).statusCode).toBe(201)
  })

  test('410 when it was used, is too old or was revoked; 404 when there is none', async () => {
    const used = await invited(guest())
    const body = { name: 'Guest', password: PASSWORD }
    await accept({ token: used.token, ...body })
    expect((await accept({ token: used.token, ...body })).json().code).toBe('tenancy.invitation_gone')
    const email = guest()
    const old = await invited(email)
    await sql(`update invitations set expires_at = now() - interval '1 second' where invitation_id = $1`, [
      old.invitation_id,
    ])
    expect((await accept({ token: old.token, ...body })).statusCode).toBe(410)
    expect((await accept({ token: `sbi_${'x'.repeat(43)}`, ...body })).statusCode).toBe(404)
    expect(await sql('select from identity."user" where email = $1', [email])).toEqual([])
  })

  test('accepted twice at the same moment, it makes one member and one account', async () => {
    const email = guest()
    const { token } = await invited(email)
    const attempts = Array.from({ length: 4 }, () => accept({ token, name: 'Guest', password: PASSWORD }))
    const statuses = (await Promise.all(attempts)).map((answer) => answer.statusCode).sort()
    expect(statuses).toEqual([201, 410, 410, 410])
    expect(await sql('select from identity."user" where email = $1', [email])).toHaveLength(1)
  })

  test('of two who accept at the same moment with different passwords, one gets the account', async () => {
    const email = guest()
    const { token } = await invited(email)
    const passwords = ['password of the first', 'password of the second']
    const answers = await Promise.all(passwords.map((password) => accept({ token, name: 'Guest', password })))
    const statuses = answers.map((answer) => answer.statusCode)
    expect(statuses.filter((status) => status === 201)).toHaveLength(1)
    expect([401, 410]).toContain(statuses.find((status) => status !== 201))
    const winner = passwords[statuses.indexOf(201)]
    const signedIn = await call('POST', '/auth/sign-in', { body: { email, password: winner } })
    expect(signedIn.statusCode).toBe(200)
  })

  test.for([
    ['no token', { name: 'A', password: PASSWORD }],
    ['a token of 101 characters', { token: 'x'.repeat(101) }],
    ['an unknown field', { token: 'x', role: 'owner' }],
  ] as const)('422 for %s', async ([, body]) => {
    expect((await accept(body)).statusCode).toBe(422)
  })
})
