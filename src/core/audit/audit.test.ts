import { beforeAll, describe, expect, test } from 'vitest'
import { type TestMember, testTenancy } from '../../../test/harness/tenancy.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'
import { recordAudit } from './index.ts'

const running = testTenancy()
const { call, tenant, member, sql } = running

let ours: TenantId
let theirs: TenantId
let owner: TestMember
let viewer: TestMember
let stranger: TestMember

beforeAll(async () => {
  ours = await tenant()
  theirs = await tenant()
  owner = await member(ours, 'owner')
  viewer = await member(ours, 'viewer')
  stranger = await member(theirs, 'owner')
})

type Entries = {
  entries: { audit_id: string; actor: string; action: string; subject: string }[]
  next_cursor: string | null
}
const list = (token: string, query = '') => call('GET', `/tenants/${ours}/audit${query}`, { token })

describe('GET /tenants/{tenant_id}/audit', () => {
  test('200 with what was changed, by whom, newest first', async () => {
    await call('PATCH', `/tenants/${ours}`, { token: owner.token, body: { name: 'Renamed' } })
    await call('PATCH', `/tenants/${ours}/members/${viewer.personId}`, { token: owner.token, body: { role: 'agent' } })
    const { entries } = (await list(owner.token)).json<Entries>()
    const actor = `person:${owner.personId}`
    expect(entries.slice(0, 2)).toMatchObject([
      { actor, action: 'member.update', subject: `person:${viewer.personId}`, details: { role: 'agent' } },
      { actor, action: 'tenant.update', subject: `tenant:${ours}`, details: { changed: ['name'] } },
    ])
    expect(entries.at(-1)).toMatchObject({ actor: 'operator', action: 'tenant.create' })
  })

  test('pages follow one another without gap or repeat while new entries come in', async () => {
    const all = (await list(owner.token, '?limit=200')).json<Entries>().entries.map((entry) => entry.audit_id)
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: Entries = (await list(owner.token, `?limit=2${cursor && `&cursor=${cursor}`}`)).json<Entries>()
      seen.push(...page.entries.map((entry) => entry.audit_id))
      if (seen.length === 2)
        await call('PATCH', `/tenants/${ours}`, { token: owner.token, body: { name: 'Meanwhile' } })
      cursor = page.next_cursor
    }
    expect(seen).toEqual(all)
  })

  test('401 for nobody, 403 below a manager, 404 for a stranger, 422 for a cursor that we did not make', async () => {
    expect((await call('GET', `/tenants/${ours}/audit`)).statusCode).toBe(401)
    expect((await list(viewer.token)).statusCode).toBe(403)
    expect((await list(stranger.token)).statusCode).toBe(404)
    expect((await list(owner.token, '?cursor=WyJ4Il0')).statusCode).toBe(422)
  })
})

describe('the log', () => {
  test('has no line of a change that did not happen', async () => {
    const count = async () => (await sql('select from audit_log where tenant_id = $1', [ours])).length
    const before = await count()
    const answer = await call('DELETE', `/tenants/${ours}/members/${owner.personId}`, { token: owner.token })
    expect(answer.statusCode).toBe(409)
    expect(await count()).toBe(before)
  })

  test('cannot be changed or shortened by the serving role', async () => {
    const { database } = running
    const change = database.withTenant(ours, (tx) => tx.updateTable('audit_log').set({ actor: 'nobody' }).execute())
    await expect(change).rejects.toThrow('permission denied')
    const removal = database.withTenant(ours, (tx) => tx.deleteFrom('audit_log').execute())
    await expect(removal).rejects.toThrow('permission denied')
  })

  test('cannot be written for another tenant', async () => {
    const forged = { tenantId: theirs, actor: 'operator', action: 'tenant.update', subject: `tenant:${theirs}` }
    const attempt = running.database.withTenant(ours, (tx) => recordAudit(tx, forged))
    await expect(attempt).rejects.toThrow('row-level security')
  })
})
