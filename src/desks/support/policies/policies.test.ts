import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { call } from '../../../../test/harness/call.ts'
import { factories } from '../../../../test/harness/factories.ts'
import { administer } from '../../../../test/harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../../test/harness/system.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { DEFAULT_POLICY_TEXT } from './document/default-policy.ts'
import { ORIGINAL } from './document/policies.fixture.ts'

const system = testSystem()
const make = factories(system)

type Target = { seconds: number; rule: string; calendar: string } | null
type View = {
  version: number
  follows: string
  source: string
  source_version: number
  hash: string
  form: string
  loaded_at: string | null
  note: string | null
  written: string
  matrix: { priority: string; tier: string; targets: Record<string, Target> }[]
  calendars: { name: string; calendar_id: string; is_removed: boolean }[]
  code: string
  errors: { field: string; message: string }[]
}
type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'
const request = <Body = View>(tenant: string, method: Method, path = '', body?: unknown) => {
  const [address, query = ''] = path.split('?')
  const url = `${system.url}/api/v1/sla/policy${address}?tenant_id=${tenant}&${query}`
  return call<Body>(url, { method, token: OPERATOR_TOKEN, ...(body === undefined ? {} : { body }) })
}
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
let tenants = 0
async function someTenant(): Promise<string> {
  const tenant = `policies_${++tenants}`
  await make.makeTenant(tenant)
  return tenant
}
const policy = (minutes: number, more: object = {}) => ({
  rules: [{ name: 'all', targets: { resolution: { within: minutes, ...more } } }],
})
const resolutionOf = ({ matrix }: View) =>
  matrix.find(({ priority, tier }) => priority === 'low' && tier === 'free')?.targets.resolution

beforeAll(async () => {
  await waitFor('no scheduler has written down the shipped policy', async () => {
    const answer = await call<View>(`${system.url}/api/v1/operator/sla/policy`, { token: OPERATOR_TOKEN })
    return answer.body.version === 1
  })
})

describe('a tenant without a policy of its own', () => {
  test('has the shipped one, with its hash, its source and its matrix', async () => {
    const shown = await request(await someTenant(), 'GET')
    expect(shown.body).toMatchObject({
      ...{ version: 0, follows: 'operator', source: 'built_in', source_version: 1, form: 'signalbox', calendars: [] },
      ...{ hash: sha256(DEFAULT_POLICY_TEXT), written: DEFAULT_POLICY_TEXT, loaded_at: expect.any(String) },
    })
    expect(shown.body.matrix).toHaveLength(16)
    expect(resolutionOf(shown.body)).toMatchObject({ seconds: 259_200, rule: 'low', calendar: 'always' })
  })
})

describe('a policy', () => {
  test('that is published holds from then on, with who did it and why in the versions and in the audit log', async () => {
    const tenant = await someTenant()
    const published = await request(tenant, 'PUT', '', { document: ORIGINAL, note: 'as before' })
    expect(published.body).toMatchObject({
      ...{ version: 1, follows: 'own', source: 'tenant', form: 'original', note: 'as before', written: ORIGINAL },
      ...{ hash: sha256(ORIGINAL) },
    })
    expect((await request(tenant, 'GET')).body).toEqual(published.body)
    const { body: log } = await call<{ entries: { action: string; details: object }[] }>(
      `${system.url}/api/v1/tenants/${tenant}/audit`,
      { token: OPERATOR_TOKEN },
    )
    expect(JSON.stringify(log)).toContain('sla.publish_policy')
  })

  test('that is written as the one in force makes no version', async () => {
    const tenant = await someTenant()
    await request(tenant, 'PUT', '', { document: policy(60) })
    const again = await request(tenant, 'PUT', '', { document: policy(60) })
    expect(again.body.version).toBe(1)
  })

  test('that cannot be is refused with the path of every mistake, and nothing is changed', async () => {
    const tenant = await someTenant()
    const document = { rules: [{ name: 'all', targets: { resolution: -5, first_response: { within: 5, colour: 1 } } }] }
    const refused = await request(tenant, 'PUT', '', { document })
    expect([refused.status, refused.body.code]).toEqual([422, 'policies.invalid'])
    expect(refused.body.errors.map(({ field }) => field).sort()).toEqual([
      'document.rules.0.targets.first_response.colour',
      'document.rules.0.targets.resolution',
    ])
    expect((await request(tenant, 'GET')).body.version).toBe(0)
  })

  test.each([
    ['aliases that would make gigabytes', `a: &a [1, 2]\nb: &b [*a, *a]\nrules: [*b]`],
    ['more than 64 kB', `rules: []\n# ${'ü'.repeat(40_000)}`],
  ])('with %s is refused', async (_, document) => {
    const refused = await request(await someTenant(), 'PUT', '', { document })
    expect([refused.status, refused.body.code]).toEqual([422, 'policies.invalid'])
  })

  test('made from an old version is refused while another one is in force', async () => {
    const tenant = await someTenant()
    expect((await request(tenant, 'PUT', '', { document: policy(60), version: 0 })).status).toBe(200)
    const refused = await request(tenant, 'PUT', '', { document: policy(70), version: 0 })
    expect([refused.status, refused.body.code, refused.body.version]).toEqual([409, 'policies.changed', 1])
  })

  test('published by many at once has a version for each, none twice and none in the past of another', async () => {
    const tenant = await someTenant()
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, place) => request(tenant, 'PUT', '', { document: policy(place + 1) })),
    )
    expect(all.map(({ status }) => status)).toEqual(all.map(() => 200))
    const { body } = await request<{ versions: View[] }>(tenant, 'GET', '/versions')
    expect(body.versions.map(({ version }) => version)).toEqual([8, 7, 6, 5, 4, 3, 2, 1])
    const times = body.versions.map(({ loaded_at }) => loaded_at ?? '')
    expect(times).toEqual([...new Set(times)].sort().reverse())
  })

  test('of another tenant is not shown', async () => {
    const [one, other] = [await someTenant(), await someTenant()]
    await request(one, 'PUT', '', { document: policy(60) })
    expect((await request(other, 'GET')).body).toMatchObject({ version: 0, follows: 'operator' })
    expect((await request(other, 'GET', '?version=1')).body.code).toBe('policies.version_not_found')
  })
})

describe('an earlier version', () => {
  test('is restored by one call, and the operator’s policy is followed again by another', async () => {
    const tenant = await someTenant()
    for (const minutes of [60, 90]) await request(tenant, 'PUT', '', { document: policy(minutes) })
    const restored = await request(tenant, 'POST', '/restore', { version: 1 })
    expect([restored.body.version, restored.body.note]).toEqual([3, 'as version 1'])
    expect(resolutionOf(restored.body)?.seconds).toBe(3_600)
    const following = await request(tenant, 'DELETE')
    expect(following.body).toMatchObject({ version: 4, follows: 'operator', source: 'built_in' })
    expect((await request(tenant, 'DELETE')).body.version).toBe(4)
    const { body } = await request<{ versions: View[]; next_cursor: string }>(tenant, 'GET', '/versions?limit=3')
    expect(body.versions.map(({ version, follows }) => [version, follows])).toEqual([
      [4, 'operator'],
      [3, 'own'],
      [2, 'own'],
    ])
    const rest = await request<{ versions: View[] }>(tenant, 'GET', `/versions?limit=3&cursor=${body.next_cursor}`)
    expect(rest.body.versions.map(({ version }) => version)).toEqual([1])
    expect(resolutionOf((await request(tenant, 'GET', '?version=2')).body)?.seconds).toBe(5_400)
    expect((await request(tenant, 'POST', '/restore', { version: 9 })).body.code).toBe('policies.version_not_found')
  })

  test('cannot be edited or removed by the role that serves', async () => {
    const { rows } = await administer(system.databaseUrl, (superuser) =>
      superuser.query<{ may: boolean }>(
        `select has_any_column_privilege('signalbox_serving', 'sla_policies', 'update')
           or has_table_privilege('signalbox_serving', 'sla_policies', 'delete')
           or has_table_privilege('signalbox_serving', 'sla.default_policies', 'insert') as may`,
      ),
    )
    expect(rows).toEqual([{ may: false }])
  })
})

describe('a calendar that a policy names', () => {
  test('has to be there when it is published, and stays the same one when it is renamed or removed', async () => {
    const tenant = await someTenant()
    const document = policy(60, { calendar: 'Support hours' })
    const refused = await request(tenant, 'PUT', '', { document })
    expect(refused.body.errors).toMatchObject([{ field: 'document.rules.0.targets.resolution.calendar' }])
    const { body: calendar } = await call<{ calendar_id: string }>(
      `${system.url}/api/v1/calendars?tenant_id=${tenant}`,
      {
        ...{ method: 'POST', token: OPERATOR_TOKEN },
        body: { name: 'Support hours', document: { zone: 'UTC', weekly: { mon: [{ start: '09:00', end: '17:00' }] } } },
      },
    )
    const url = `${system.url}/api/v1/calendars/${calendar.calendar_id}?tenant_id=${tenant}`
    const named = { name: 'Support hours', calendar_id: calendar.calendar_id }
    expect((await request(tenant, 'PUT', '', { document })).body.calendars).toEqual([{ ...named, is_removed: false }])
    await call(url, { method: 'PUT', token: OPERATOR_TOKEN, body: { name: 'Renamed' } })
    expect((await request(tenant, 'GET')).body.calendars).toEqual([{ ...named, is_removed: false }])
    await call(url, { method: 'DELETE', token: OPERATOR_TOKEN })
    expect((await request(tenant, 'GET')).body.calendars).toEqual([{ ...named, is_removed: true }])
  })
})

describe('checking a policy', () => {
  test('shows what would follow from it, or every problem, and changes nothing', async () => {
    const tenant = await someTenant()
    const good = await request(tenant, 'POST', '/validate', { document: ORIGINAL })
    expect([good.status, good.body.form, good.body.matrix.length]).toEqual([200, 'original', 16])
    const bad = await request(tenant, 'POST', '/validate', { document: 'rules: 5\nx: 1' })
    expect([bad.status, bad.body.errors.map(({ field }) => field).sort()]).toEqual([
      422,
      ['document.rules', 'document.x'],
    ])
    expect((await request(tenant, 'GET')).body.version).toBe(0)
  })
})
