import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type TestMember, testTenancy } from '../../../test/harness/tenancy.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'
import { ACCESS_CHANNEL } from './index.ts'

const running = testTenancy()
const { call, tenant, member, signIn, sql } = running

let ours: TenantId
let owner: TestMember
let listener: Client
let heard: string[] = []

beforeAll(async () => {
  ours = await tenant()
  owner = await member(ours, 'owner')
  listener = new Client({ connectionString: running.databaseUrl })
  await listener.connect()
  await listener.query(`listen ${ACCESS_CHANNEL}`)
  listener.on('notification', ({ payload = '' }) => heard.push(payload))
})
afterAll(() => listener?.end())

/** What is told of later arrives later: after this mark everything before it was heard. */
const everythingHeard = async (): Promise<string[]> => {
  const mark = `mark:${Math.random()}`
  await sql('select pg_notify($1, $2)', [ACCESS_CHANNEL, mark])
  await waitFor('the mark was never heard', () => heard.includes(mark))
  return heard.filter((payload) => !payload.startsWith('mark:')).sort()
}
beforeEach(async () => {
  await everythingHeard()
  heard = []
})

const makeKey = async (token: string) => {
  const body = { name: 'k', permissions: ['tenant.read', 'key.create'] }
  const made = await call('POST', `/tenants/${ours}/api-keys`, { token, body })
  return made.json<{ api_key_id: string; secret: string }>()
}

describe('whoever serves streams is told, with the commit,', () => {
  test('of a revoked key, once', async () => {
    const { api_key_id } = await makeKey(owner.token)
    const path = `/tenants/${ours}/api-keys/${api_key_id}`
    await call('DELETE', path, { token: owner.token })
    await call('DELETE', path, { token: owner.token })
    expect(await everythingHeard()).toEqual([`key:${api_key_id}`])
  })

  test('of a member who has another role, and of the keys they answer for', async () => {
    const manager = await member(ours, 'manager')
    const { api_key_id } = await makeKey(manager.token)
    const path = `/tenants/${ours}/members/${manager.personId}`
    await call('PATCH', path, { token: owner.token, body: { role: 'viewer' } })
    expect(await everythingHeard()).toEqual([`key:${api_key_id}`, `person:${manager.personId}`])
    heard = []
    await call('PATCH', path, { token: owner.token, body: { role: 'viewer' } })
    expect(await everythingHeard()).toEqual([])
  })

  test('of a removed member, and of the keys they answered for', async () => {
    const manager = await member(ours, 'manager')
    const { api_key_id } = await makeKey(manager.token)
    await call('DELETE', `/tenants/${ours}/members/${manager.personId}`, { token: owner.token })
    expect(await everythingHeard()).toEqual([`key:${api_key_id}`, `person:${manager.personId}`])
  })

  test('of a session that was ended', async () => {
    const { token } = await signIn(owner.email)
    await call('POST', '/auth/sign-out', { token })
    expect(await everythingHeard()).toEqual([`person:${owner.personId}`])
  })

  test('but not of sessions that were over, nor of a use of a key', async () => {
    const { token } = await signIn(owner.email)
    await sql(`update identity.session set expires_at = now() - interval '1 second' where $1 like token || '.%'`, [
      token,
    ])
    expect(await running.forgetSessions(10)).toBe(1)
    const { secret } = await makeKey(owner.token)
    await call('GET', `/tenants/${ours}`, { token: secret })
    expect(await everythingHeard()).toEqual([])
  })

  test('but not of what was rolled back', async () => {
    const { api_key_id } = await makeKey(owner.token)
    const revoke = () => sql('update api_keys set revoked_at = now() where api_key_id = $1', [api_key_id])
    await sql('begin')
    await revoke()
    await sql('rollback')
    expect(await everythingHeard()).toEqual([])
    await revoke()
    expect(await everythingHeard()).toEqual([`key:${api_key_id}`])
  })

  test('of a person who is deleted, with the keys they answered for', async () => {
    const manager = await member(ours, 'manager')
    const { api_key_id } = await makeKey(manager.token)
    await sql('delete from identity."user" where id = $1', [manager.personId])
    expect(await everythingHeard()).toEqual([`key:${api_key_id}`, `person:${manager.personId}`])
  })
})
