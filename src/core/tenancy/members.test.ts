import { beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, type TestMember, testTenancy } from '../../../test/harness/tenancy.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'

const running = testTenancy()
const { call, tenant, member, person, sql } = running

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

const pathOf = (who: { personId: string }) => `/tenants/${ours}/members/${who.personId}`
const roleOf = async (who: { personId: string }) => {
  const rows = await sql<{ role: string }>('select role from memberships where tenant_id = $1 and person_id = $2', [
    ours,
    who.personId,
  ])
  return rows[0]?.role
}

describe('GET /tenants/{tenant_id}/members', () => {
  test('200 with each member of this tenant once, walked page by page', async () => {
    const seen: string[] = []
    let path: string | undefined = `/tenants/${ours}/members?limit=1`
    while (path !== undefined) {
      const page = await call('GET', path, { token: viewer.token })
      const { members, next_cursor } = page.json<{ members: { email: string }[]; next_cursor: string | null }>()
      seen.push(...members.map(({ email }) => email))
      path = next_cursor === null ? undefined : `/tenants/${ours}/members?limit=1&cursor=${next_cursor}`
    }
    expect(seen.sort()).toEqual([owner.email, manager.email, viewer.email].sort())
  })

  test('401 for nobody, 404 for a stranger, 422 for a limit beyond 200', async () => {
    expect((await call('GET', `/tenants/${ours}/members`)).statusCode).toBe(401)
    expect((await call('GET', `/tenants/${ours}/members`, { token: stranger.token })).statusCode).toBe(404)
    const tooMany = await call('GET', `/tenants/${ours}/members?limit=201`, { token: viewer.token })
    expect(tooMany.statusCode).toBe(422)
  })
})

describe('PATCH /tenants/{tenant_id}/members/{person_id}', () => {
  test('200: the new role holds at the next request', async () => {
    const promoted = await member(ours, 'viewer')
    const keys = () => call('GET', `/tenants/${ours}/api-keys`, { token: promoted.token })
    expect((await keys()).statusCode).toBe(403)
    const answer = await call('PATCH', pathOf(promoted), { token: owner.token, body: { role: 'manager' } })
    expect(answer.json()).toMatchObject({ person_id: promoted.personId, email: promoted.email, role: 'manager' })
    expect((await keys()).statusCode).toBe(200)
    await call('DELETE', pathOf(promoted), { token: owner.token })
  })

  test('401, 403 for a manager, 404 for a stranger and for somebody who is no member, 422 for another role', async () => {
    const body = { role: 'agent' }
    expect((await call('PATCH', pathOf(viewer), { body })).statusCode).toBe(401)
    expect((await call('PATCH', pathOf(viewer), { body, token: manager.token })).statusCode).toBe(403)
    expect((await call('PATCH', pathOf(viewer), { body, token: stranger.token })).statusCode).toBe(404)
    const noMember = await call('PATCH', pathOf(stranger), { body, token: owner.token })
    expect([noMember.statusCode, noMember.json().code]).toEqual([404, 'tenancy.member_not_found'])
    const unknown = await call('PATCH', pathOf(viewer), { body: { role: 'admin' }, token: owner.token })
    expect(unknown.statusCode).toBe(422)
    expect(await roleOf(viewer)).toBe('viewer')
  })

  test('a key cannot make anybody more than it is itself', async () => {
    const permissions = ['member.update', 'tenant.read', 'member.read']
    const { secret } = await running.api.createApiKey({ tenantId: ours, name: 'roles', permissions })
    const promote = await call('PATCH', pathOf(viewer), { token: secret, body: { role: 'owner' } })
    expect([promote.statusCode, promote.json().code]).toEqual([403, 'tenancy.beyond_own_permissions'])
    expect(await roleOf(viewer)).toBe('viewer')
  })
})

describe('DELETE /tenants/{tenant_id}/members/{person_id}', () => {
  test('204, and the keys and open invitations of the member end with the membership', async () => {
    const leaving = await member(ours, 'manager')
    const made = await call('POST', `/tenants/${ours}/api-keys`, {
      token: leaving.token,
      body: { name: 'theirs', permissions: ['key.create', 'tenant.read'] },
    })
    const { secret } = made.json<{ secret: string }>()
    const ofTheirKey = await call('POST', `/tenants/${ours}/api-keys`, {
      token: secret,
      body: { name: 'made by their key', permissions: ['tenant.read'] },
    })
    const invited = await call('POST', `/tenants/${ours}/invitations`, {
      token: leaving.token,
      body: { email: 'accomplice@example.com', role: 'manager' },
    })
    expect((await call('DELETE', pathOf(leaving), { token: owner.token })).statusCode).toBe(204)
    expect((await call('GET', `/tenants/${ours}`, { token: secret })).statusCode).toBe(401)
    const second = ofTheirKey.json<{ secret: string }>().secret
    expect((await call('GET', `/tenants/${ours}`, { token: second })).statusCode).toBe(401)
    const accepted = await call('POST', '/invitations/accept', {
      body: { token: invited.json().token, name: 'Accomplice', password: 'a long enough one' },
    })
    expect(accepted.statusCode).toBe(410)
  })

  test('401, 403 for a manager, 404 for a stranger and for somebody who is no member', async () => {
    expect((await call('DELETE', pathOf(viewer))).statusCode).toBe(401)
    expect((await call('DELETE', pathOf(viewer), { token: manager.token })).statusCode).toBe(403)
    expect((await call('DELETE', pathOf(viewer), { token: stranger.token })).statusCode).toBe(404)
    expect((await call('DELETE', pathOf(stranger), { token: owner.token })).statusCode).toBe(404)
    expect((await call('DELETE', `/tenants/${ours}/members/me`, { token: owner.token })).statusCode).toBe(422)
  })

  test('a repeated Idempotency-Key is answered 204 again, though the member is gone', async () => {
    const leaving = await person()
    await running.api.addMember({ tenantId: ours, personId: leaving.personId, role: 'viewer' })
    const remove = () =>
      call('DELETE', pathOf(leaving), { token: owner.token, headers: { 'idempotency-key': 'remove-once' } })
    expect((await remove()).statusCode).toBe(204)
    expect((await remove()).statusCode).toBe(204)
    expect((await call('DELETE', pathOf(leaving), { token: owner.token })).statusCode).toBe(404)
  })
})

describe('the last owner', () => {
  test('409: can be neither demoted nor removed, not even by the operator', async () => {
    const demoted = await call('PATCH', pathOf(owner), { token: ADMIN_TOKEN, body: { role: 'viewer' } })
    const removed = await call('DELETE', pathOf(owner), { token: ADMIN_TOKEN })
    expect([demoted.statusCode, demoted.json().code]).toEqual([409, 'tenancy.last_owner'])
    expect([removed.statusCode, removed.json().code]).toEqual([409, 'tenancy.last_owner'])
    expect(await roleOf(owner)).toBe('owner')
  })

  test('two owners who take each other away at the same moment leave one', async () => {
    const outcomes: number[][] = []
    for (let round = 0; round < 10; round += 1) {
      const shared = await tenant()
      const [one, other] = [await person(), await person()]
      for (const { personId } of [one, other])
        await running.api.addMember({ tenantId: shared, personId, role: 'owner' })
      const path = (who: { personId: string }) => `/tenants/${shared}/members/${who.personId}`
      const answers = await Promise.all([
        call('PATCH', path(one), { token: ADMIN_TOKEN, body: { role: 'viewer' } }),
        call('DELETE', path(other), { token: ADMIN_TOKEN }),
      ])
      outcomes.push(answers.map((answer) => answer.statusCode).sort())
      const left = await sql(`select from memberships where tenant_id = $1 and role = 'owner'`, [shared])
      expect(left).toHaveLength(1)
    }
    for (const [success, refusal] of outcomes) {
      expect([200, 204]).toContain(success)
      expect(refusal).toBe(409)
    }
  })
})
