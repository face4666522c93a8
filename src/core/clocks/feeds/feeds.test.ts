import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FakeReceiver, startFakeReceiver } from '../../../../test/fakes/receiver.ts'
import { call } from '../../../../test/harness/call.ts'
import { silent } from '../../../../test/harness/database.ts'
import { factories } from '../../../../test/harness/factories.ts'
import { administer } from '../../../../test/harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../../test/harness/system.ts'
import { openDatabase } from '../../../platform/database/index.ts'
import { sealer } from '../../../platform/sealing/index.ts'
import { openReadFeed } from './read-feed.ts'
import { refreshingFeeds } from './refresh-feeds.ts'

const system = testSystem({ OUTBOUND_PRIVATE_HOSTS: '127.0.0.1' })
const make = factories(system)
const ALDER = 'alder'
const YEAR = new Date().getUTCFullYear()

let served = ''
let publisher: FakeReceiver
beforeAll(async () => {
  publisher = await startFakeReceiver(() => ({ status: 200, body: served }))
  await make.makeTenant(ALDER)
})
afterAll(() => publisher.close())

const event = (...lines: string[]) => ['BEGIN:VEVENT', `UID:${lines.join()}`, ...lines, 'END:VEVENT'].join('\r\n')
const icalendar = (...events: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN', ...events, 'END:VCALENDAR', ''].join('\r\n')
const day = (date: string, name: string, ...more: string[]) =>
  event(`DTSTART;VALUE=DATE:${date.replaceAll('-', '')}`, `SUMMARY:${name}`, ...more)

type Feed = { feed_id: string; days: number; events_left_out: number; failures: number; failure: string | null }
type Calendar = {
  calendar_id: string
  version: number
  document: Record<string, unknown>
  feed_holidays: { from: string; to: string; name: string }[]
}
type Problem = { code: string; detail: string }
const request = <Body>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) => {
  const [address, query = ''] = path.split('?')
  const url = `${system.url}/api/v1${address}?tenant_id=${ALDER}&${query}`
  return call<Body & Problem>(url, { method, token: OPERATOR_TOKEN, ...(body === undefined ? {} : { body }) })
}
let count = 0
const allDay = (days: string[]) => Object.fromEntries(days.map((name) => [name, [{ start: '00:00', end: '24:00' }]]))
const addCalendar = async (document: object = {}) => {
  const weekly = allDay(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])
  const body = { name: `calendar ${++count}`, document: { zone: 'UTC', weekly, ...document } }
  return (await request<Calendar>('POST', '/calendars', body)).body.calendar_id
}
const show = async (calendarId: string) => (await request<Calendar>('GET', `/calendars/${calendarId}`)).body
const addUrl = (calendarId: string, name = 'Company holidays') =>
  request<Feed>('POST', `/calendars/${calendarId}/feeds`, {
    kind: 'url',
    name,
    url: `${publisher.url}/secret-token.ics`,
  })
const upload = (calendarId: string, name: string, file: string) =>
  fetch(`${system.url}/api/v1/calendars/${calendarId}/feeds/file?tenant_id=${ALDER}&name=${name}`, {
    ...{ method: 'POST', body: file },
    headers: { authorization: `Bearer ${OPERATOR_TOKEN}`, 'content-type': 'text/calendar' },
  })
const openSeconds = async (calendarId: string, date: string) => {
  const next = new Date(Date.parse(date) + 86_400_000).toISOString()
  const path = `/calendars/${calendarId}/preview?from=${date}T00:00:00Z&to=${next}`
  return (await request<{ open_seconds: number }>('GET', path)).body.open_seconds
}

describe('an iCalendar address', () => {
  test('gives a calendar its whole days, repeated ones too, without those taken away; times of day are left out', async () => {
    served = icalendar(
      day(`${YEAR}-12-24`, 'Closing', `DTEND;VALUE=DATE:${YEAR}1227`),
      day('2020-05-01', 'May Day', 'RRULE:FREQ=YEARLY', `EXDATE;VALUE=DATE:${YEAR + 1}0501`),
      day(`${YEAR}-06-06`, 'Called off', 'STATUS:CANCELLED'),
      event(`DTSTART:${YEAR}0304T090000Z`, `DTEND:${YEAR}0304T100000Z`, 'SUMMARY:Meeting'),
    )
    const calendarId = await addCalendar({ feed_removals: [`${YEAR}-12-26`] })
    const added = await addUrl(calendarId)
    expect([added.status, added.body.events_left_out]).toEqual([201, 1])
    expect(JSON.stringify(added.body)).not.toContain('secret-token')
    expect(await show(calendarId)).toMatchObject({ version: 2 })
    const openOn = await Promise.all(
      [
        `${YEAR}-12-24`,
        `${YEAR}-12-25`,
        `${YEAR}-12-26`,
        `${YEAR}-12-27`,
        `${YEAR}-05-01`,
        `${YEAR + 1}-05-01`,
        `${YEAR + 2}-05-01`,
        `${YEAR}-06-06`,
      ].map((date) => openSeconds(calendarId, date)),
    )
    expect(openOn).toEqual([0, 0, 86_400, 86_400, 0, 86_400, 0, 86_400])
  })

  test('that is read again makes a version only when it says something else', async () => {
    served = icalendar(day(`${YEAR}-05-01`, 'May Day'))
    const calendarId = await addCalendar()
    const { feed_id } = (await addUrl(calendarId)).body
    expect((await request<Feed>('POST', `/calendars/${calendarId}/feeds/${feed_id}/refresh`)).status).toBe(200)
    expect((await show(calendarId)).version).toBe(2)
    served = icalendar(day(`${YEAR}-05-01`, 'May Day'), day(`${YEAR}-10-31`, 'Reformation Day'))
    await request<Feed>('POST', `/calendars/${calendarId}/feeds/${feed_id}/refresh`)
    const calendar = await show(calendarId)
    expect(calendar.version).toBe(3)
    expect(calendar.feed_holidays.map(({ from }) => from)).toEqual([`${YEAR}-05-01`, `${YEAR}-10-31`])
  })

  test('that fails keeps what it said, says why, and tells somebody the third time; well again, the signal is over', async () => {
    served = icalendar(day(`${YEAR}-05-01`, 'May Day'))
    const calendarId = await addCalendar()
    const { feed_id } = (await addUrl(calendarId)).body
    const refresh = async () => (await request<Feed>('POST', `/calendars/${calendarId}/feeds/${feed_id}/refresh`)).body
    const signals = async () => {
      const path = `/signals?state=all&subject=calendar:${calendarId}`
      return (await request<{ signals: { state: string }[] }>('GET', path)).body.signals.map(({ state }) => state)
    }
    publisher.setFault({ kind: 'status', status: 500 })
    await refresh()
    expect([await refresh(), await signals()]).toMatchObject([
      { failures: 2, failure: 'its address answered 500', days: 1 },
      [],
    ])
    await refresh()
    expect(await signals()).toEqual(['open'])
    publisher.setFault(null)
    served = icalendar()
    expect((await refresh()).failure).toContain('it has no whole days')
    expect((await show(calendarId)).feed_holidays).toHaveLength(1)
    served = icalendar(day(`${YEAR}-05-01`, 'May Day'))
    expect(await refresh()).toMatchObject({ failures: 0, failure: null })
    expect([await signals(), (await show(calendarId)).version]).toEqual([['resolved'], 2])
  })

  test.for<[string, object, string]>([
    ['the metadata service', { url: 'http://169.254.169.254/latest' }, 'may not be called'],
    ['a private address', { url: 'https://10.0.0.1/holidays.ics' }, 'may not be called'],
    ['a file', { url: 'file:///etc/passwd' }, 'may not be called'],
  ])('is not %s', async ([, feed, reason]) => {
    const calendarId = await addCalendar()
    const refused = await request('POST', `/calendars/${calendarId}/feeds`, { kind: 'url', name: 'x', ...feed })
    expect([refused.status, refused.body.code]).toEqual([422, 'clocks.feed_unreadable'])
    expect(refused.body.detail).toContain(reason)
    expect((await show(calendarId)).version).toBe(1)
  })

  test.for<[string, string, string]>([
    ['a page', '<html>not a calendar</html>', 'it is no iCalendar file'],
    ['nothing', '', 'it is no iCalendar file'],
    ['times of day', icalendar(event(`DTSTART:${YEAR}0304T090000Z`, 'SUMMARY:Meeting')), 'it has no whole days'],
    ['every day of seven years', icalendar(day('2020-01-01', 'Daily', 'RRULE:FREQ=DAILY')), 'it has more than'],
    ['too much', `BEGIN:VCALENDAR\r\n${'X'.repeat(2_097_200)}`, 'it is larger than 2 MB'],
    [
      'a day that never comes',
      icalendar(day('2020-01-01', 'Never', 'RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31')),
      'it has no whole days',
    ],
    [
      'every second for two centuries, many times',
      icalendar(...Array.from({ length: 50 }, (_, n) => day('1900-01-01', `${n}`, 'RRULE:FREQ=SECONDLY'))),
      'cannot be read',
    ],
  ])('that says %s is refused', async ([, body, reason]) => {
    served = body
    const calendarId = await addCalendar()
    const refused = await addUrl(calendarId)
    expect(refused.body).toMatchObject({ code: 'clocks.feed_unreadable', detail: expect.stringMatching(reason) })
  })
})

describe('an iCalendar file', () => {
  test('gives its days, and a file of the same name takes its place', async () => {
    const calendarId = await addCalendar()
    const first = await upload(calendarId, 'holidays', icalendar(day(`${YEAR}-05-01`, 'May Day')))
    expect(first.status).toBe(201)
    await upload(calendarId, 'holidays', icalendar(day(`${YEAR}-05-02`, 'The day after')))
    expect((await show(calendarId)).feed_holidays.map(({ name }) => name)).toEqual(['The day after'])
    const { feed_id } = (await first.json()) as Feed
    const refused = await request('POST', `/calendars/${calendarId}/feeds/${feed_id}/refresh`)
    expect([refused.status, refused.body.code]).toEqual([409, 'clocks.feed_is_a_file'])
  })
})

describe('a country', () => {
  test('gives its public holidays for years ahead, and takes them along when it is removed', async () => {
    const calendarId = await addCalendar()
    const feed = await request<Feed & { name: string }>('POST', `/calendars/${calendarId}/feeds`, {
      ...{ kind: 'country', country: 'DE', region: 'BY' },
    })
    expect([feed.status, feed.body.name]).toEqual([201, 'Germany, Bayern'])
    const on = (date: string) => openSeconds(calendarId, date)
    // All Saints' Day is one in Bavaria and not in Berlin.
    expect([await on(`${YEAR + 3}-11-01`), await on(`${YEAR}-10-03`), await on(`${YEAR}-10-04`)]).toEqual([
      0, 0, 86_400,
    ])
    const again = await request('POST', `/calendars/${calendarId}/feeds`, {
      kind: 'country',
      country: 'DE',
      region: 'BY',
    })
    expect(again.body.code).toBe('clocks.feed_name_taken')
    expect((await request('DELETE', `/calendars/${calendarId}/feeds/${feed.body.feed_id}`)).status).toBe(204)
    expect(await show(calendarId)).toMatchObject({ version: 3, feed_holidays: [] })
  })

  test.for<[string, string, number, string[]]>([
    // As published by the Bavarian state, service-public.fr, the Cabinet Office and OPM.
    [
      'DE',
      'BY',
      2026,
      [
        '2026-01-01',
        '2026-01-06',
        '2026-04-03',
        '2026-04-06',
        '2026-05-01',
        '2026-05-14',
        '2026-05-25',
        '2026-06-04',
        '2026-08-15',
        '2026-10-03',
        '2026-11-01',
        '2026-12-25',
        '2026-12-26',
      ],
    ],
    [
      'FR',
      '',
      2026,
      [
        '2026-01-01',
        '2026-04-06',
        '2026-05-01',
        '2026-05-08',
        '2026-05-14',
        '2026-05-25',
        '2026-07-14',
        '2026-08-15',
        '2026-11-01',
        '2026-11-11',
        '2026-12-25',
      ],
    ],
    [
      'US',
      '',
      2026,
      [
        '2026-01-01',
        '2026-01-19',
        '2026-02-16',
        '2026-05-25',
        '2026-06-19',
        '2026-07-03',
        '2026-09-07',
        '2026-10-12',
        '2026-11-11',
        '2026-11-26',
        '2026-12-25',
      ],
    ],
  ])('%s %s has in %i the holidays that its government publishes', async ([country, region, year, dates]) => {
    const path = `/public-holidays?country=${country}&year=${year}${region && `&region=${region}`}`
    const { body } = await request<{ holidays: { date: string }[] }>('GET', path)
    expect(body.holidays.map(({ date }) => date)).toEqual(dates)
  })

  test('is read again by whichever process finds it due first, once', async () => {
    const calendarId = await addCalendar()
    await request('POST', `/calendars/${calendarId}/feeds`, { kind: 'country', country: 'FR' })
    // As if the package had known no holidays when it was read.
    await administer(system.databaseUrl, (superuser) =>
      superuser.query(`update calendar_feeds set holidays = '[]', next_read_at = now() where calendar_id = $1`, [
        calendarId,
      ]),
    )
    const database = openDatabase({ url: system.databaseUrl, max: 2, logger: silent })
    const feeds = {
      ...{ database, logger: silent, sealer: sealer({ keys: ['s'.repeat(32)] }) },
      onChanged: async () => {},
      readFeed: openReadFeed({ fetch: () => Promise.reject(new Error('not asked')), check: async () => {} }),
    }
    const { work } = refreshingFeeds(feeds)
    await Promise.all([work(new AbortController().signal), work(new AbortController().signal)])
    const { rows } = await administer(system.databaseUrl, (superuser) =>
      superuser.query(
        `select jsonb_array_length(holidays) as days, next_read_at > now() + interval '6 days' as is_later from calendar_feeds where calendar_id = $1`,
        [calendarId],
      ),
    )
    expect(rows).toEqual([{ days: 77, is_later: true }])
    await database.close()
  })

  test('has no region of another one', async () => {
    expect((await request('GET', '/public-holidays?country=US&year=2026&region=BY')).status).toBe(422)
    const calendarId = await addCalendar()
    const feed = { kind: 'country', country: 'FR', region: 'BY' }
    expect((await request('POST', `/calendars/${calendarId}/feeds`, feed)).status).toBe(422)
  })
})

test('a calendar has at most ten feeds', async () => {
  const calendarId = await addCalendar()
  const statuses: number[] = []
  for (let n = 0; n <= 10; n++) {
    statuses.push((await upload(calendarId, `feed-${n}`, icalendar(day(`${YEAR}-05-01`, 'May Day')))).status)
  }
  expect(statuses).toEqual([...Array.from({ length: 10 }, () => 201), 409])
})
