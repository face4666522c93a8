import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { call } from '../../../../test/harness/call.ts'
import { silent } from '../../../../test/harness/database.ts'
import { factories } from '../../../../test/harness/factories.ts'
import { administer } from '../../../../test/harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../../test/harness/system.ts'
import { tenantId } from '../../../kernel/tenant-id.ts'
import { openDatabase } from '../../../platform/database/index.ts'
import { openedCalendars } from './opened-calendars.ts'
import { forgetOldVersions } from './store.ts'

const system = testSystem()
const make = factories(system)
const ALDER = tenantId('alder')
const hours = (start: string, end: string) => ({ start, end })
const office = (days: string[], zone = 'Europe/Berlin') => ({
  zone,
  weekly: Object.fromEntries(days.map((day) => [day, [hours('09:00', '17:30')]])),
})

type View = {
  calendar_id: string
  name: string
  version: number
  document: { zone: string; weekly: Record<string, unknown[]> }
  code: string
  errors: { field: string; message: string }[]
}
const request = <Body = View>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => {
  const [address, query = ''] = path.split('?')
  const url = `${system.url}/api/v1/calendars${address}?tenant_id=${ALDER}&${query}`
  return call<Body>(url, { method, token: OPERATOR_TOKEN, ...(body === undefined ? {} : { body }) })
}
let count = 0
const add = async (document: object = office(['mon'])) =>
  (await request('POST', '', { name: `calendar ${++count}`, document })).body

beforeAll(() => make.makeTenant(ALDER))

describe('a calendar', () => {
  test('is stored as it was checked, with all its defaults', async () => {
    const made = await request('POST', '', { name: 'Support hours', document: office(['mon', 'tue'], 'europe/berlin') })
    expect(made.status).toBe(201)
    const shown = await request('GET', `/${made.body.calendar_id}`)
    expect(shown.body).toEqual(made.body)
    expect(shown.body).toMatchObject({
      ...{ name: 'Support hours', version: 1, created_by: 'operator' },
      document: { zone: 'Europe/Berlin', weekly: { mon: [hours('09:00', '17:30')], wed: [] }, holidays: [] },
    })
  })

  test('that cannot be is refused with the path of every mistake, and nothing is stored', async () => {
    const before = await request<{ calendars: unknown[] }>('GET', '')
    const refused = await request('POST', '', {
      name: 'Wrong',
      document: {
        ...{ zone: 'Mars/Olympus', weekly: { mon: [hours('09:00', '25:00')] } },
        holidays: [{ kind: 'date', date: '2026-02-30' }],
      },
    })
    expect([refused.status, refused.body.code]).toEqual([422, 'http.invalid'])
    const fields = refused.body.errors.map(({ field }) => field).sort()
    expect(fields).toEqual(['document.holidays.0.date', 'document.weekly.mon.0.end', 'document.zone'])
    expect((await request<{ calendars: unknown[] }>('GET', '')).body).toEqual(before.body)
  })

  test('has a name that no other has, and is not called always', async () => {
    const { name } = await add()
    for (const taken of [name, 'always']) {
      const refused = await request('POST', '', { name: taken, document: office(['mon']) })
      expect([refused.status, refused.body.code]).toEqual([409, 'clocks.calendar_name_taken'])
    }
  })

  test('is listed by name, page after page', async () => {
    const names: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { calendars: View[]; next_cursor: string | null } = (
        await request<{ calendars: View[]; next_cursor: string | null }>(
          'GET',
          `?limit=2${cursor && `&cursor=${cursor}`}`,
        )
      ).body
      names.push(...page.calendars.map(({ name }) => name))
      cursor = page.next_cursor
    }
    expect(names.length).toBeGreaterThan(1)
    expect(names).toEqual([...new Set(names)].sort())
  })

  test('that was removed is gone, and its name is free', async () => {
    const { calendar_id, name } = await add()
    expect((await request('DELETE', `/${calendar_id}`)).status).toBe(204)
    expect((await request('GET', `/${calendar_id}`)).body.code).toBe('clocks.calendar_not_found')
    expect((await request('DELETE', `/${calendar_id}`)).status).toBe(404)
    expect((await request('POST', '', { name, document: office(['mon']) })).status).toBe(201)
  })

  test('is one of a hundred at most', async () => {
    const birch = tenantId('birch')
    await make.makeTenant(birch)
    await administer(system.databaseUrl, (superuser) =>
      superuser.query(
        `insert into calendars (tenant_id, calendar_id, name, created_by) select $1, gen_random_uuid(), 'calendar ' || n, 'test' from generate_series(1, 99) n`,
        [birch],
      ),
    )
    const addTo = (name: string) =>
      call<View>(`${system.url}/api/v1/calendars?tenant_id=${birch}`, {
        ...{ method: 'POST', token: OPERATOR_TOKEN, body: { name, document: office(['mon']) } },
      })
    expect((await addTo('the hundredth')).status).toBe(201)
    expect((await addTo('one too many')).body.code).toBe('clocks.too_many_calendars')
  })
})

describe('a change', () => {
  test('makes a version and leaves the ones before it as they were', async () => {
    const { calendar_id, name } = await add(office(['mon']))
    const changed = await request('PUT', `/${calendar_id}`, { document: office(['tue']), version: 1 })
    expect([changed.status, changed.body.version, changed.body.name]).toEqual([200, 2, name])
    const first = await request('GET', `/${calendar_id}?version=1`)
    expect([first.body.document.weekly.mon?.length, first.body.document.weekly.tue?.length]).toEqual([1, 0])
    const { body } = await request<{ versions: { version: number }[] }>('GET', `/${calendar_id}/versions`)
    expect(body.versions.map(({ version }) => version)).toEqual([2, 1])
  })

  test('of the name alone, or to what it says already, makes no version', async () => {
    const { calendar_id } = await add(office(['mon']))
    const renamed = await request('PUT', `/${calendar_id}`, { name: `renamed ${++count}`, document: office(['mon']) })
    expect([renamed.status, renamed.body.version, renamed.body.name]).toEqual([200, 1, `renamed ${count}`])
  })

  test('made from an old version is refused, also when two are made at once', async () => {
    const { calendar_id } = await add()
    const both = await Promise.all(
      ['tue', 'wed'].map((day) => request('PUT', `/${calendar_id}`, { document: office([day]), version: 1 })),
    )
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
    expect(both.find(({ status }) => status === 409)?.body).toMatchObject({
      code: 'clocks.calendar_changed',
      version: 2,
    })
  })

  test('of a version that exists is impossible, whoever tries', async () => {
    const { calendar_id } = await add()
    const database = openDatabase({ url: system.databaseUrl, max: 1, logger: silent })
    for (const statement of [
      sql`update calendar_versions set document = '{}' where calendar_id = ${calendar_id}`,
      sql`delete from calendar_versions where calendar_id = ${calendar_id}`,
    ]) {
      await expect(database.withTenant(ALDER, (tx) => statement.execute(tx))).rejects.toThrow(/permission denied/)
    }
    await database.close()
  })
})

describe('the preview', () => {
  type Preview = {
    open_seconds: number
    intervals: { start: string; end: string; seconds: number }[]
    next_from: string | null
    zone: string
  }
  const preview = (calendarId: string, query: string) =>
    request<Preview & View>('GET', `/${calendarId}/preview?${query}`)

  test('shows open intervals with their local offsets, over a change of clocks', async () => {
    const { calendar_id } = await add({
      zone: 'Europe/Berlin',
      weekly: { sat: [hours('22:00', '04:00')], mon: [hours('09:00', '12:00'), hours('13:00', '17:00')] },
      holidays: [{ kind: 'date', date: '2026-04-06' }],
    })
    const { body } = await preview(calendar_id, 'from=2026-03-28T00:00:00Z&to=2026-04-07T00:00:00Z')
    expect(body.intervals).toEqual([
      { start: '2026-03-28T22:00:00+01:00', end: '2026-03-29T04:00:00+02:00', seconds: 5 * 3_600 },
      { start: '2026-03-30T09:00:00+02:00', end: '2026-03-30T12:00:00+02:00', seconds: 3 * 3_600 },
      { start: '2026-03-30T13:00:00+02:00', end: '2026-03-30T17:00:00+02:00', seconds: 4 * 3_600 },
      { start: '2026-04-04T22:00:00+02:00', end: '2026-04-05T04:00:00+02:00', seconds: 6 * 3_600 },
    ])
    expect([body.open_seconds, body.next_from]).toEqual([18 * 3_600, null])
  })

  test('goes on where it stopped, without gap or repeat', async () => {
    const quarters = Array.from({ length: 6 }, (_, n) => hours(`0${n}:00`, `0${n}:15`))
    const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
    const { calendar_id } = await add({ zone: 'UTC', weekly: Object.fromEntries(days.map((day) => [day, quarters])) })
    const starts: string[] = []
    for (let from: string | null = '2026-01-01T00:00:00.000Z'; from !== null; ) {
      const page: Preview = (await preview(calendar_id, `from=${from}&to=2026-12-31T00:00:00Z`)).body
      starts.push(...page.intervals.map(({ start }) => start))
      from = page.next_from
    }
    expect([starts.length, new Set(starts).size]).toEqual([364 * 6, 364 * 6])
  })

  test('of always is all of it; it cannot be changed or removed', async () => {
    const { body } = await preview('always', 'from=2026-03-29T00:00:00Z&to=2026-03-30T00:00:00Z')
    expect(body).toMatchObject({ open_seconds: 86_400, zone: 'UTC', intervals: [{ seconds: 86_400 }] })
    expect((await request('PUT', '/always', { name: 'mine' })).body.code).toBe('clocks.built_in_calendar')
    expect((await request('DELETE', '/always')).body.code).toBe('clocks.built_in_calendar')
  })

  test.for([
    ['from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z', 422],
    ['from=2026-01-01T00:00:00Z&to=2027-01-02T00:00:00Z', 200],
    ['from=2026-01-01T00:00:00Z&to=2027-01-02T00:00:01Z', 422],
    ['from=1972-12-31T00:00:00Z&to=1973-01-02T00:00:00Z', 422],
    ['from=2026-01-01T00:00:00&to=2026-01-02T00:00:00Z', 422],
  ] as const)('%s is %i', async ([query, status]) => {
    expect((await preview('always', query)).status).toBe(status)
  })
})

describe('versions that were replaced', () => {
  test('are kept for what was measured with them, also when the calendar is removed, and forgotten when they are old', async () => {
    const { calendar_id } = await add(office(['mon']))
    await request('PUT', `/${calendar_id}`, { document: office(['tue']) })
    await request('DELETE', `/${calendar_id}`)
    const database = openDatabase({ url: system.databaseUrl, max: 2, logger: silent })
    const forget = (before: Date) => database.acrossTenants('test', (tx) => forgetOldVersions(tx, before))
    const openVersion = (version: number) =>
      database.withTenant(ALDER, (tx) =>
        openedCalendars()
          .open(tx, { tenantId: ALDER, calendarId: calendar_id, version })
          .then(
            ({ document }) => document.weekly.mon.length,
            (error: { code: string }) => error.code,
          ),
      )
    await forget(new Date(Date.now() - 86_400_000))
    expect([await openVersion(1), await openVersion(2)]).toEqual([1, 0])
    await forget(new Date(Date.now() + 1_000))
    expect([await openVersion(1), await openVersion(2)]).toEqual([
      'clocks.calendar_not_found',
      'clocks.calendar_not_found',
    ])
    await database.close()
  })
})
