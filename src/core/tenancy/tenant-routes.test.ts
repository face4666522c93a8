import { beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_TOKEN, type TestMember, testTenancy } from '../../../test/harness/tenancy.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'

const { call, tenant, member, sql } = testTenancy()

let ours: TenantId
let owner: TestMember
let viewer: TestMember
let stranger: TestMember

beforeAll(async () => {
  ours = await tenant()
  owner = await member(ours, 'owner')
  viewer = await member(ours, 'viewer')
  stranger = await member(await tenant(), 'owner')
})

const make = (body: unknown, headers: Record<string, string> = {}) =>
  call('POST', '/tenants', { token: ADMIN_TOKEN, body, headers })

describe('POST /tenants', () => {
  test('201: makes a tenant that the operator can read, with UTC when no time zone is named', async () => {
    const made = await make({ tenant_id: 'acme', name: '  Acme Support ' })
    expect(made.statusCode).toBe(201)
    expect(made.headers.location).toBe('/api/v1/tenants/acme')
    expect(made.json()).toMatchObject({ tenant_id: 'acme', name: 'Acme Support', time_zone: 'UTC' })
    const shown = await call('GET', '/tenants/acme', { token: ADMIN_TOKEN })
    expect(shown.json()).toEqual(made.json())
  })

  test('401 for nobody and 403 for an owner: only the operator makes tenants', async () => {
    const body = { tenant_id: 'mine', name: 'Mine' }
    expect((await call('POST', '/tenants', { body })).statusCode).toBe(401)
    expect((await call('POST', '/tenants', { body, token: owner.token })).statusCode).toBe(403)
  })

  test('409 when the id is taken, and the first tenant stays as it was', async () => {
    await make({ tenant_id: 'taken', name: 'First' })
    const second = await make({ tenant_id: 'taken', name: 'Second' })
    expect([second.statusCode, second.json().code]).toEqual([409, 'tenancy.tenant_exists'])
    const shown = await call('GET', '/tenants/taken', { token: ADMIN_TOKEN })
    expect(shown.json().name).toBe('First')
  })

  test('a repeated Idempotency-Key gets the first answer again, and another body 422', async () => {
    const headers = { 'idempotency-key': 'make-once' }
    const first = await make({ tenant_id: 'once', name: 'Once' }, headers)
    const again = await make({ tenant_id: 'once', name: 'Once' }, headers)
    expect([again.statusCode, again.json(), again.headers.location]).toEqual([
      201,
      first.json(),
      first.headers.location,
    ])
    const other = await make({ tenant_id: 'twice', name: 'Twice' }, headers)
    expect([other.statusCode, other.json().code]).toEqual([422, 'idempotency.key_reused'])
  })

  test('a request that failed leaves its Idempotency-Key free', async () => {
    const headers = { 'idempotency-key': 'fails-first' }
    expect((await make({ tenant_id: 'taken', name: 'Again' }, headers)).statusCode).toBe(409)
    expect((await make({ tenant_id: 'free', name: 'Free' }, headers)).statusCode).toBe(201)
  })

  test.for([
    ['an upper-case id', { tenant_id: 'Acme', name: 'A' }, 'tenant_id'],
    ['an id of 64 characters', { tenant_id: 'a'.repeat(64), name: 'A' }, 'tenant_id'],
    ['a blank name', { tenant_id: 'blank', name: '  ' }, 'name'],
    ['a name with a NUL', { tenant_id: 'nul', name: 'a\u0000b' }, 'name'],
    ['half a surrogate pair', { tenant_id: 'half', name: 'a\ud800' }, 'name'],
    ['a name of 201 characters', { tenant_id: 'long', name: 'x'.repeat(201) }, 'name'],
    ['an unknown time zone', { tenant_id: 'mars', name: 'A', time_zone: 'Mars/Olympus' }, 'time_zone'],
    [
      'a time zone that PostgreSQL does not know',
      { tenant_id: 'sask', name: 'A', time_zone: 'Canada/East-Saskatchewan' },
      'time_zone',
    ],
    ['an offset for a time zone', { tenant_id: 'off', name: 'A', time_zone: '+01:00' }, 'time_zone'],
    ['an unknown field', { tenant_id: 'extra', name: 'A', plan: 'gold' }, 'plan'],
  ] as const)('422 that names the field, and no tenant, for %s', async ([, body, field]) => {
    const answer = await make(body)
    expect(answer.statusCode).toBe(422)
    expect(answer.json().errors).toMatchObject([{ in: 'body', field }])
    expect(await sql('select from tenants where tenant_id = $1', [body.tenant_id])).toEqual([])
  })
})

describe('GET /tenants', () => {
  test('walks all tenants page by page, each once, while new ones are made', async () => {
    const seen: string[] = []
    let path: string | undefined = '/tenants?limit=2'
    while (path !== undefined) {
      const page = await call('GET', path, { token: ADMIN_TOKEN })
      seen.push(...page.json<{ tenants: { tenant_id: string }[] }>().tenants.map((row) => row.tenant_id))
      if (seen.length === 2) await make({ tenant_id: '0-made-meanwhile', name: 'Before the page' })
      path = /<\/api\/v1([^>]+)>; rel="next"/.exec(String(page.headers.link ?? ''))?.[1]
    }
    const all = await sql<{ tenant_id: string }>('select tenant_id from tenants order by tenant_id')
    expect(seen).toEqual(all.map((row) => row.tenant_id).filter((id) => id !== '0-made-meanwhile'))
  })

  test('403 for an owner, 401 for nobody, 422 for a cursor that we did not make', async () => {
    expect((await call('GET', '/tenants', { token: owner.token })).statusCode).toBe(403)
    expect((await call('GET', '/tenants')).statusCode).toBe(401)
    expect((await call('GET', '/tenants?cursor=bm9uc2Vuc2U', { token: ADMIN_TOKEN })).statusCode).toBe(422)
  })
})

describe('GET /tenants/{tenant_id}', () => {
  test('200 for every member', async () => {
    const answer = await call('GET', `/tenants/${ours}`, { token: viewer.token })
    expect([answer.statusCode, answer.json().tenant_id]).toEqual([200, ours])
  })

  test('404 for a stranger, the same as for a tenant that does not exist', async () => {
    const masked = await call('GET', `/tenants/${ours}`, { token: stranger.token })
    const absent = await call('GET', '/tenants/nobody_has_this', { token: stranger.token })
    const facts = (answer: typeof masked) => ({ ...answer.json(), status: answer.statusCode, request_id: '' })
    expect(masked.statusCode).toBe(404)
    expect(facts(masked)).toEqual(facts(absent))
  })

  test('404 for the operator when the tenant does not exist', async () => {
    const answer = await call('GET', '/tenants/nobody_has_this', { token: ADMIN_TOKEN })
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'http.tenant_not_found'])
  })
})

describe('PATCH /tenants/{tenant_id}', () => {
  test('200: an owner renames the tenant and moves its time zone, and other tenants stay as they were', async () => {
    const others = () => sql('select * from tenants where tenant_id <> $1 order by tenant_id', [ours])
    const before = await others()
    const body = { name: 'Renamed', time_zone: 'europe/berlin' }
    const answer = await call('PATCH', `/tenants/${ours}`, { token: owner.token, body })
    expect(answer.json()).toMatchObject({ name: 'Renamed', time_zone: 'Europe/Berlin' })
    expect(await others()).toEqual(before)
  })

  test('401, 403 for a viewer, 404 for a stranger, 422 for nothing to change', async () => {
    const path = `/tenants/${ours}`
    expect((await call('PATCH', path, { body: { name: 'No' } })).statusCode).toBe(401)
    expect((await call('PATCH', path, { body: { name: 'No' }, token: viewer.token })).statusCode).toBe(403)
    expect((await call('PATCH', path, { body: { name: 'No' }, token: stranger.token })).statusCode).toBe(404)
    expect((await call('PATCH', path, { body: {}, token: owner.token })).statusCode).toBe(422)
    expect((await call('PATCH', path, { body: { tenant_id: 'other' }, token: owner.token })).statusCode).toBe(422)
  })
})
