import { beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, PASSWORD, type TestMember, testTenancy } from '../../../test/harness/tenancy.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'
import { createApiKeyFor } from './create-api-key.ts'
import { tenancyPermissions } from './permissions.ts'

const running = testTenancy()
const { call, tenant, member, sql } = running

let ours: TenantId
let owner: TestMember
beforeAll(async () => {
  ours = await tenant()
  owner = await member(ours, 'owner')
})

type Key = { api_key_id: string; secret: string; expires_at: string | null }
const PERMISSIONS = ['key.create', 'key.revoke', 'tenant.read', 'member.read', 'member.invite']
const inAnHour = () => new Date(Date.now() + 3_600_000)
const tryMake = (token: string, more: Record<string, unknown> = {}) =>
  call('POST', `/tenants/${ours}/api-keys`, { token, body: { name: 'k', permissions: PERMISSIONS, ...more } })
const make = async (token: string, more: Record<string, unknown> = {}) => (await tryMake(token, more)).json<Key>()
const revoke = (key: Key, token = owner.token) =>
  call('DELETE', `/tenants/${ours}/api-keys/${key.api_key_id}`, { token })
const works = async (...keys: Key[]) => {
  const answers = keys.map(({ secret }) => call('GET', `/tenants/${ours}`, { token: secret }))
  return (await Promise.all(answers)).map((answer) => answer.statusCode === 200)
}

describe('revoking a key', () => {
  test('revokes the keys that it made, and those that they made, and no others', async () => {
    const first = await make(owner.token)
    const second = await make(first.secret)
    const third = await make(second.secret)
    const other = await make(owner.token)
    expect(await works(first, second, third, other)).toEqual([true, true, true, true])
    expect((await revoke(first)).statusCode).toBe(204)
    expect(await works(first, second, third, other)).toEqual([false, false, false, true])
  })

  test('in the middle leaves the one that made it', async () => {
    const first = await make(owner.token)
    const second = await make(first.secret)
    const third = await make(second.secret)
    expect((await revoke(second)).statusCode).toBe(204)
    expect(await works(first, second, third)).toEqual([true, false, false])
  })

  test('that was revoked before reaches what it made and was left then', async () => {
    const first = await make(ADMIN_TOKEN)
    const second = await make(first.secret)
    await sql('update api_keys set revoked_at = now() where api_key_id = $1', [first.api_key_id])
    expect(await works(second)).toEqual([true])
    expect((await revoke(first)).statusCode).toBe(204)
    expect(await works(second)).toEqual([false])
  })

  test('is told in the audit log with every key that ended with it, once', async () => {
    const first = await make(owner.token)
    const second = await make(first.secret)
    await revoke(first)
    await revoke(first)
    const lines = await sql<{ details: { revoked_keys: string[] } }>(
      `select details from audit_log where action = 'key.revoke' and subject = $1`,
      [`key:${first.api_key_id}`],
    )
    expect(lines.map(({ details }) => details.revoked_keys.toSorted())).toEqual([
      [first.api_key_id, second.api_key_id].toSorted(),
    ])
  })

  test('also revokes the key that it is making at that moment', async () => {
    const first = await make(owner.token)
    const caller = {
      ...{ id: `key:${first.api_key_id}`, tenants: [ours], isOperator: false },
      decide: async () => 'allowed' as const,
    }
    const isMade = Promise.withResolvers<Key>()
    const mayCommit = Promise.withResolvers<void>()
    const making = running.database.withTenant(ours, async (tx) => {
      const key = { name: 'k', permissions: ['tenant.read'], expiresAt: null }
      const made = await createApiKeyFor(tx, { caller, tenantId: ours, key, now: new Date() }, tenancyPermissions)
      isMade.resolve({ api_key_id: made.key.apiKeyId, secret: made.secret, expires_at: null })
      await mayCommit.promise
    })
    const second = await isMade.promise
    const revoking = revoke(first)
    await waitFor('the revocation never waited for the key that is being made', async () => {
      const waiting = await sql(
        `select from pg_locks where locktype = 'advisory' and not granted and database = (
           select oid from pg_database where datname = current_database())`,
      )
      return waiting.length > 0
    })
    mayCommit.resolve()
    await making
    expect((await revoking).statusCode).toBe(204)
    expect(await works(second)).toEqual([false])
  })
})

describe('a key that expires', () => {
  test('gives its expiry to what it makes', async () => {
    const expires_at = inAnHour().toISOString()
    const first = await make(owner.token, { expires_at })
    const second = await make(first.secret)
    const third = await make(second.secret)
    expect([second.expires_at, third.expires_at]).toEqual([expires_at, expires_at])
  })

  test('makes none that lives longer than it does: 422 that names the field and the bound', async () => {
    const expires = inAnHour()
    const { secret } = await make(owner.token, { expires_at: expires.toISOString() })
    const later = await tryMake(secret, { expires_at: new Date(expires.getTime() + 1).toISOString() })
    expect([later.statusCode, later.json().errors]).toEqual([
      ...[422, [{ in: 'body', field: 'expires_at', message: expect.stringContaining(expires.toISOString()) }]],
    ])
    expect((await tryMake(secret, { expires_at: expires.toISOString() })).statusCode).toBe(201)
    const sooner = new Date(expires.getTime() - 1_000).toISOString()
    expect((await make(secret, { expires_at: sooner })).expires_at).toBe(sooner)
  })

  test('invites for no longer than it lives', async () => {
    const expires_at = inAnHour().toISOString()
    const { secret } = await make(owner.token, { expires_at })
    const invite = (token: string, email: string) =>
      call('POST', `/tenants/${ours}/invitations`, { token, body: { email, role: 'viewer' } })
    const invited = await invite(secret, 'brief@example.com')
    expect(invited.json().expires_at).toBe(expires_at)
    expect(Date.parse((await invite(owner.token, 'long@example.com')).json().expires_at)).toBeGreaterThan(
      Date.parse(expires_at),
    )
    await sql(`update invitations set expires_at = now() where email = 'brief@example.com'`)
    const body = { token: invited.json().token, name: 'Guest', password: PASSWORD }
    expect((await call('POST', '/invitations/accept', { body })).statusCode).toBe(410)
  })
})
