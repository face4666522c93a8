import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, type TestMember, testTenancy } from '../../../test/harness/tenancy.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'

const running = testTenancy()
const { call, tenant, member, sql } = running

let ours: TenantId
let owner: TestMember
let manager: TestMember
let agent: TestMember
let stranger: TestMember

beforeAll(async () => {
  ours = await tenant()
  owner = await member(ours, 'owner')
  manager = await member(ours, 'manager')
  agent = await member(ours, 'agent')
  stranger = await member(await tenant(), 'owner')
})

type Made = { api_key_id: string; secret: string }
const make = (token: string, body: unknown, headers: Record<string, string> = {}) =>
  call('POST', `/tenants/${ours}/api-keys`, { token, body, headers })
const show = (token: string) => call('GET', `/tenants/${ours}`, { token })

describe('POST /tenants/{tenant_id}/api-keys', () => {
  test('201 with a secret that works and is kept only as its SHA-256', async () => {
    const answer = await make(manager.token, { name: 'import', permissions: ['tenant.read'] })
    expect(answer.statusCode).toBe(201)
    const { secret, api_key_id } = answer.json<Made>()
    expect(secret).toMatch(/^sbk_[A-Za-z0-9_-]{43}$/)
    expect(answer.json()).toMatchObject({ prefix: secret.slice(0, 12), created_by: `person:${manager.personId}` })
    expect((await show(secret)).statusCode).toBe(200)
    const [row] = await sql<{ hash: Buffer; text: string }>(
      'select secret_hash as hash, api_keys::text as text from api_keys where api_key_id = $1',
      [api_key_id],
    )
    expect(row?.hash).toEqual(createHash('sha256').update(secret).digest())
    expect(row?.text).not.toContain(secret.slice(12))
  })

  test('401, 403 for an agent, 404 for a stranger', async () => {
    const body = { name: 'k', permissions: ['tenant.read'] }
    expect((await call('POST', `/tenants/${ours}/api-keys`, { body })).statusCode).toBe(401)
    expect((await make(agent.token, body)).statusCode).toBe(403)
    expect((await make(stranger.token, body)).statusCode).toBe(404)
  })

  test('403: nobody passes on a permission that they lack', async () => {
    const answer = await make(manager.token, { name: 'k', permissions: ['tenant.read', 'member.remove'] })
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'tenancy.beyond_own_permissions'])
    expect(answer.json().detail).toContain('member.remove')
    expect((await make(owner.token, { name: 'k', permissions: ['member.remove'] })).statusCode).toBe(201)
    expect((await make(ADMIN_TOKEN, { name: 'k', permissions: ['member.remove'] })).statusCode).toBe(201)
  })

  test('403: a key passes on no more than it was given itself', async () => {
    const { secret } = (await make(owner.token, { name: 'k', permissions: ['key.create', 'tenant.read'] })).json<Made>()
    expect((await make(secret, { name: 'more', permissions: ['member.read'] })).statusCode).toBe(403)
    expect((await make(secret, { name: 'same', permissions: ['tenant.read'] })).statusCode).toBe(201)
  })

  test('409 for a repeated Idempotency-Key: the secret is not kept, and there is one key', async () => {
    const headers = { 'idempotency-key': 'key-once' }
    const body = { name: 'once only', permissions: ['tenant.read'] }
    expect((await make(owner.token, body, headers)).statusCode).toBe(201)
    const again = await make(owner.token, body, headers)
    expect([again.statusCode, again.json().code]).toEqual([409, 'idempotency.answer_not_kept'])
    expect(await sql(`select from api_keys where name = 'once only'`)).toHaveLength(1)
  })

  test.for([
    ['an unknown permission', { name: 'k', permissions: ['tenant.read', 'tenant.destroy'] }, 'permissions.1'],
    ['an inherited name for a permission', { name: 'k', permissions: ['constructor'] }, 'permissions.0'],
    ['no permission', { name: 'k', permissions: [] }, 'permissions'],
    [
      'an expiry that is over',
      { name: 'k', permissions: ['tenant.read'], expires_at: '2020-01-01T00:00:00Z' },
      'expires_at',
    ],
    [
      'an expiry without a zone',
      { name: 'k', permissions: ['tenant.read'], expires_at: '2199-01-01T00:00:00' },
      'expires_at',
    ],
    ['an empty name', { name: '', permissions: ['tenant.read'] }, 'name'],
    ['an unknown field', { name: 'k', permissions: ['tenant.read'], secret: 'sbk_mine' }, 'secret'],
  ] as const)('422 that names the field for %s', async ([, body, field]) => {
    const answer = await make(owner.token, body)
    expect([answer.statusCode, answer.json().errors?.[0]?.field]).toEqual([422, field])
  })

  test('a key expires when it was told to', async () => {
    const expires_at = new Date(Date.now() + 3_600_000).toISOString()
    const made = await make(owner.token, { name: 'k', permissions: ['tenant.read'], expires_at })
    const { secret, api_key_id } = made.json<Made>()
    expect(made.json()).toMatchObject({ expires_at })
    expect((await show(secret)).statusCode).toBe(200)
    await sql('update api_keys set expires_at = now() where api_key_id = $1', [api_key_id])
    expect((await show(secret)).statusCode).toBe(401)
  })
})

describe('GET /tenants/{tenant_id}/api-keys', () => {
  test('200 with this tenant’s keys in pages; 401, 403 for an agent, 404 for a stranger', async () => {
    const path = `/tenants/${ours}/api-keys`
    const first = await call('GET', `${path}?limit=2`, { token: manager.token })
    const { api_keys, next_cursor } = first.json<{ api_keys: Made[]; next_cursor: string }>()
    expect(api_keys).toHaveLength(2)
    const second = await call('GET', `${path}?limit=2&cursor=${next_cursor}`, { token: manager.token })
    const ids = [...api_keys, ...second.json<{ api_keys: Made[] }>().api_keys].map((key) => key.api_key_id)
    expect(new Set(ids).size).toBe(4)
    expect((await call('GET', path)).statusCode).toBe(401)
    expect((await call('GET', path, { token: agent.token })).statusCode).toBe(403)
    expect((await call('GET', path, { token: stranger.token })).statusCode).toBe(404)
  })
})

describe('DELETE /tenants/{tenant_id}/api-keys/{api_key_id}', () => {
  test('204, also twice, and the key is dead; 401, 403, 404 and 422 for others', async () => {
    const { secret, api_key_id } = (await make(owner.token, { name: 'k', permissions: ['tenant.read'] })).json<Made>()
    const path = `/tenants/${ours}/api-keys/${api_key_id}`
    expect((await call('DELETE', path)).statusCode).toBe(401)
    expect((await call('DELETE', path, { token: agent.token })).statusCode).toBe(403)
    expect((await call('DELETE', path, { token: stranger.token })).statusCode).toBe(404)
    expect((await call('DELETE', `/tenants/${ours}/api-keys/1`, { token: owner.token })).statusCode).toBe(422)
    expect((await show(secret)).statusCode).toBe(200)
    expect((await call('DELETE', path, { token: owner.token })).statusCode).toBe(204)
    expect((await show(secret)).statusCode).toBe(401)
    expect((await call('DELETE', path, { token: owner.token })).statusCode).toBe(204)
  })

  test('404 for another tenant’s key, which stays alive', async () => {
    const theirs = await tenant()
    const foreign = await running.api.createApiKey({ tenantId: theirs, name: 'k', permissions: ['tenant.read'] })
    const answer = await call('DELETE', `/tenants/${ours}/api-keys/${foreign.apiKeyId}`, { token: owner.token })
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'tenancy.api_key_not_found'])
    expect((await call('GET', `/tenants/${theirs}`, { token: foreign.secret })).statusCode).toBe(200)
  })
})

describe('a key and the person who answers for it', () => {
  test('the key loses what the person loses, and gets it back with them', async () => {
    const person = await member(ours, 'manager')
    const { secret } = (await make(person.token, { name: 'k', permissions: ['key.read', 'tenant.read'] })).json<Made>()
    const list = () => call('GET', `/tenants/${ours}/api-keys`, { token: secret })
    const become = (role: string) =>
      call('PATCH', `/tenants/${ours}/members/${person.personId}`, { token: owner.token, body: { role } })
    expect((await list()).statusCode).toBe(200)
    await become('viewer')
    expect((await list()).statusCode).toBe(403)
    expect((await show(secret)).statusCode).toBe(200)
    await become('manager')
    expect((await list()).statusCode).toBe(200)
  })

  test('the key of a removed member stays revoked when they come back', async () => {
    const person = await member(ours, 'manager')
    const { secret } = (await make(person.token, { name: 'k', permissions: ['tenant.read'] })).json<Made>()
    await call('DELETE', `/tenants/${ours}/members/${person.personId}`, { token: owner.token })
    expect((await show(secret)).statusCode).toBe(401)
    await running.api.addMember({ tenantId: ours, personId: person.personId, role: 'manager' })
    expect((await show(secret)).statusCode).toBe(401)
  })
})
