import { describe, expect, it } from 'vitest'
import { call } from '../../../../test/harness/call.ts'
import { silent } from '../../../../test/harness/database.ts'
import { administer } from '../../../../test/harness/server.ts'
import { OPERATOR_TOKEN, testSystem } from '../../../../test/harness/system.ts'
import { tenantId } from '../../../kernel/tenant-id.ts'
import { openDatabase } from '../../../platform/database/index.ts'
import { readStats } from './store.ts'

type Bounds = { from: string; to: string; count: number }
type Stats = {
  total_tickets: number
  by_status: Record<string, number>
  by_urgency: Record<string, number>
  by_sentiment: Record<string, number>
  urgency_high_ratio: number
  negative_sentiment_ratio: number
  requires_action: number
  hourly_trend: (Bounds & { hour: string })[]
  daily_trend: (Bounds & { day: string })[]
  top_keywords: { keyword: string; count: number; current: number; before: number; growth: number | null }[]
  keyword_periods: Record<'current' | 'before', { from: string; to: string }>
  at_risk_customers: { customer_id: string; points: number; reasons: string[]; tickets_last_30_days: number }[]
  busiest_sources: { source: string; count: number }[]
  time_zone: string
}

/** Without workers, which would classify what is stored here. */
const system = testSystem({ SIGNALBOX_ROLES: 'api' })
const get = <Body>(path: string) => call<Body>(system.url + path, { token: OPERATOR_TOKEN })
const statsOf = async (tenant: string, query = '') => {
  const answer = await get<Stats>(`/tenants/${tenant}/stats${query}`)
  expect(answer, answer.text).toMatchObject({ status: 200 })
  return answer.body
}
const rows = async <Row>(statement: string, values: unknown[] = []) =>
  (await administer(system.databaseUrl, (client) => client.query(statement, values))).rows as Row[]
const makeTenant = (tenant: string, time_zone = 'UTC') =>
  call(`${system.url}/tenants`, {
    ...{ method: 'POST', token: OPERATOR_TOKEN, body: { tenant_id: tenant, name: tenant, time_zone } },
  })

type Made = {
  at: string
  customer?: string
  status?: string
  urgency?: string
  sentiment?: string
  keywords?: string[]
}

/** Tickets as they are stored after classification. */
const insert = (tenant: string, tickets: readonly Made[]) =>
  rows(
    `insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at,
       urgency, sentiment, requires_action, keywords)
     select $1, 'ext-' || row_number() over (), 'email', coalesce(customer, 'cust_1'), 's', 'm', coalesce(status, 'open'), at, at,
       coalesce(urgency, 'low'), coalesce(sentiment, 'neutral'), coalesce(urgency = 'high', false), coalesce(keywords, '{}')
     from jsonb_to_recordset($2) as made (at timestamptz, customer text, status text, urgency text, sentiment text, keywords text[])`,
    [tenant, JSON.stringify(tickets)],
  )

/** So many tickets of all kinds, `everySeconds` apart up to `until`; each ninth is deleted. */
const insertMany = (tenant: string, count: number, everySeconds: number, until: string) =>
  rows(
    `insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at,
       urgency, sentiment, requires_action, keywords, deleted_at)
     select $1, 'ext-' || n, (array['email', 'chat', 'web', 'api'])[1 + n % 4], 'cust_' || n % 7, 's', 'm',
       (array['open', 'pending', 'closed'])[1 + n % 3], $4::timestamptz - n * $3 * interval '1 second', now(),
       (array['high', 'medium', 'low', 'low', 'low'])[1 + n % 5], (array['negative', 'neutral', 'positive'])[1 + n / 3 % 3], n % 5 < 2,
       array['word ' || n % 6], case when n % 9 = 0 then now() end
     from generate_series(1, $2::int) as n`,
    [tenant, count, everySeconds, until],
  )

/** What the list of tickets shows, followed to its end. */
async function listed(tenant: string, filter: Record<string, string>): Promise<number> {
  let found = 0
  let next: string | null = `/tickets?${new URLSearchParams({ tenant_id: tenant, limit: '200', ...filter })}`
  while (next !== null) {
    const answer: Awaited<ReturnType<typeof get<{ tickets: unknown[] }>>> = await get<{ tickets: unknown[] }>(next)
    expect(answer.status, answer.text).toBe(200)
    found += answer.body.tickets.length
    next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1] ?? null
  }
  return found
}

const sum = (list: readonly { count: number }[]) => list.reduce((total, { count }) => total + count, 0)

describe('GET /tenants/{tenant_id}/stats', () => {
  it('answers zeros for a tenant without tickets, ratios included', async () => {
    await makeTenant('empty')
    const stats = await statsOf('empty')
    expect(stats).toMatchObject({
      ...{ total_tickets: 0, by_status: { open: 0, pending: 0, closed: 0 }, requires_action: 0 },
      ...{ urgency_high_ratio: 0, negative_sentiment_ratio: 0 },
      ...{ top_keywords: [], at_risk_customers: [], busiest_sources: [], time_zone: 'UTC' },
    })
    expect(stats.hourly_trend.map(({ count }) => count)).toEqual(Array.from({ length: 24 }, () => 0))
    expect(stats.daily_trend).toHaveLength(30)
  })

  it.each([
    ['of all', ''],
    ['of a range', '?from=2026-01-03T04:05:06Z&to=2026-03-02T11:12:13.141Z'],
    ['of a range by the names of the starter', '?from_date=2026-01-03T04:05:06Z&to_date=2026-03-02T11:12:13.141Z'],
    ['since an instant', '?from=2026-02-27T23:59:59.999Z'],
    ['until an instant', '?to=2026-02-01T00:00:00.001Z'],
    ['of four minutes', '?from=2026-03-03T01:11:00Z&to=2026-03-03T01:14:59Z'],
  ])('says as many tickets as the list shows: numbers %s', async (_what, query) => {
    const tenant = `drill_${query.length}`
    await makeTenant(tenant, 'Asia/Kathmandu')
    await makeTenant('neighbour')
    await insertMany(tenant, 900, 6_661, '2026-03-03T03:04:05.678Z')
    await insertMany('neighbour', 50, 6_661, '2026-03-03T03:04:05.678Z').catch(() => {})
    const stats = await statsOf(tenant, query)
    const asked = new URLSearchParams(query)
    const [from, to] = [asked.get('from') ?? asked.get('from_date'), asked.get('to') ?? asked.get('to_date')]
    const range = { ...(from ? { created_from: from } : {}), ...(to ? { created_to: to } : {}) }
    const total = await listed(tenant, range)
    expect(total).toBeGreaterThan(0)
    expect(stats.total_tickets).toBe(total)
    for (const [status, count] of Object.entries(stats.by_status)) {
      expect(await listed(tenant, { ...range, status })).toBe(count)
    }
    for (const { source, count } of stats.busiest_sources)
      expect(await listed(tenant, { ...range, source })).toBe(count)
    expect(sum(stats.busiest_sources)).toBe(total)
    expect(stats.top_keywords.length).toBeGreaterThan(0)
    for (const { keyword, count, current, before } of stats.top_keywords) {
      expect(await listed(tenant, { ...range, keyword })).toBe(count)
      const { keyword_periods } = stats
      const within = ({ from, to }: { from: string; to: string }) => ({ created_from: from, created_to: to })
      expect(await listed(tenant, { ...within(keyword_periods.current), keyword })).toBe(current)
      expect(await listed(tenant, { ...within(keyword_periods.before), keyword })).toBe(before)
    }
    for (const { from, to, count } of [...stats.hourly_trend.slice(-3), ...stats.daily_trend.slice(-3)]) {
      expect(await listed(tenant, { created_from: from, created_to: to })).toBe(count)
    }
    const inRange = `from tickets where tenant_id = $1 and deleted_at is null
      and created_at >= coalesce($2::timestamptz, '-infinity') and created_at < coalesce($3::timestamptz, 'infinity')`
    const counted = async (column: string) =>
      Object.fromEntries(
        (
          await rows<{ value: string; count: number }>(
            `select ${column}::text as value, count(*)::int as count ${inRange} group by 1`,
            [tenant, from, to],
          )
        ).map(({ value, count }) => [value, count]),
      )
    const [urgencies, sentiments] = [await counted('urgency'), await counted('sentiment')]
    expect(stats.by_urgency).toEqual({ high: 0, medium: 0, low: 0, ...urgencies })
    expect(stats.by_sentiment).toEqual({ negative: 0, neutral: 0, positive: 0, ...sentiments })
    expect(stats.requires_action).toBe((await counted('requires_action')).true ?? 0)
    expect(stats.urgency_high_ratio).toBeCloseTo((urgencies.high ?? 0) / total, 3)
    expect(stats.negative_sentiment_ratio).toBeCloseTo((sentiments.negative ?? 0) / total, 3)
    const words = await counted('keywords[1]')
    expect(Object.fromEntries(stats.top_keywords.map(({ keyword, count }) => [keyword, count]))).toEqual(words)
  })

  it('counts live tickets only, also at the ends of a range', async () => {
    await makeTenant('ends')
    await insertMany('ends', 600, 7, '2026-03-03T00:33:00Z')
    const stats = await statsOf('ends', '?from=2026-03-02T23:32:10Z&to=2026-03-03T00:20:03Z')
    const [found] = await rows<{ live: number; deleted: number }>(
      `select count(*) filter (where deleted_at is null)::int as live, count(deleted_at)::int as deleted from tickets
       where tenant_id = 'ends' and created_at >= '2026-03-02T23:32:10Z' and created_at < '2026-03-03T00:20:03Z'`,
    )
    expect(found?.deleted).toBeGreaterThan(40)
    expect(stats.total_tickets).toBe(found?.live)
    expect(sum(stats.busiest_sources)).toBe(found?.live)
    expect(sum(stats.top_keywords)).toBe(found?.live)
    expect(sum(stats.hourly_trend)).toBe(found?.live)
    expect(sum(stats.daily_trend)).toBe(found?.live)
  })

  it('refuses a range that ends before it begins, one without a zone, and an end that is named twice', async () => {
    await makeTenant('refused')
    for (const [query, field] of [
      ['from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z', 'to'],
      ['from=2026-02-01T00:00:00', 'from'],
      ['from=2026-02-01T00:00:00Z&from_date=2026-02-01T00:00:00Z', 'from_date'],
    ]) {
      expect(await get(`/tenants/refused/stats?${query}`)).toMatchObject({ status: 422, body: { errors: [{ field }] } })
    }
  })

  it('answers for the first and the last instants there are', async () => {
    await makeTenant('extremes', 'Australia/Lord_Howe')
    for (const query of [
      '?from=0001-01-02T00:00:00Z&to=9999-12-29T00:00:00Z',
      '?to=0001-01-02T00:00:01Z',
      '?from=9999-12-29T00:00:00Z',
      '?from=1890-01-01T00:00:07Z&to=1890-02-01T00:00:07Z',
    ]) {
      expect((await statsOf('extremes', query)).hourly_trend).toHaveLength(24)
    }
  })

  it('says how keywords grow against the period of equal length before', async () => {
    await makeTenant('growth')
    const words = (at: string, ...keywords: string[]) => ({ at, keywords })
    await insert('growth', [
      words('2026-01-05T00:00:00Z', 'refund', 'gone'),
      words('2026-01-31T23:59:59Z', 'refund'),
      words('2026-02-01T00:00:00Z', 'refund', 'new'),
      words('2026-02-14T12:00:00Z', 'refund'),
      words('2026-02-20T12:00:00Z', 'refund'),
      words('2026-03-01T00:00:00Z', 'refund', 'later'),
    ])
    const stats = await statsOf('growth', '?from=2026-02-01T00:00:00Z&to=2026-03-01T00:00:00Z')
    expect(stats.keyword_periods.before).toEqual({ from: '2026-01-04T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z' })
    expect(stats.top_keywords).toEqual([
      { keyword: 'refund', count: 3, current: 3, before: 2, growth: 0.5 },
      { keyword: 'new', count: 1, current: 1, before: 0, growth: null },
    ])
    expect((await statsOf('growth')).top_keywords[0]).toMatchObject({ keyword: 'refund', count: 6, current: 0 })
  })

  it('names the customers at risk with what put them there, most points first', async () => {
    await makeTenant('risk')
    const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
    const of = (customer: string, count: number, ticket: Partial<Made> = {}) =>
      Array.from({ length: count }, () => ({ customer, at: ago(1), ...ticket }))
    await insert('risk', [
      ...of('two_high', 2, { urgency: 'high', at: ago(40) }),
      ...of('high', 1, { urgency: 'high' }),
      ...of('high_but_closed', 1, { urgency: 'high', status: 'closed' }),
      ...of('negative', 3, { sentiment: 'negative', status: 'pending' }),
      ...of('negative_once', 1, { sentiment: 'negative' }),
      ...of('many_but_harmless', 9, { at: ago(40) }),
      ...of('also_high', 1, { urgency: 'high' }),
      ...of('also_high', 4, { at: ago(35), status: 'closed' }),
    ])
    const { at_risk_customers } = await statsOf('risk')
    expect(at_risk_customers.map(({ customer_id, points, reasons }) => [customer_id, points, reasons])).toEqual([
      ['two_high', 10, ['high_urgency', 'waiting_long']],
      ['negative', 6, ['repeatedly_negative', 'rising']],
      ['also_high', 5, ['high_urgency']],
      ['high', 5, ['high_urgency']],
    ])
    await rows(`update tickets set status = 'closed' where tenant_id = 'risk' and customer_id = 'two_high'`)
    expect((await statsOf('risk')).at_risk_customers.map(({ customer_id }) => customer_id)).toEqual([
      'negative',
      'also_high',
      'high',
    ])
  })
})

/** Zones with odd offsets, and instants shortly after their clocks were set. */
const CLOCKS = [
  ['UTC', '2026-03-30T12:34:56Z'],
  ['Asia/Kathmandu', '2026-05-04T12:34:56Z'],
  ['Asia/Kolkata', '2026-05-04T18:30:00Z'],
  ['Europe/Berlin', '2026-03-29T10:00:00Z'],
  ['Europe/Berlin', '2025-10-26T01:30:00Z'],
  ['Australia/Lord_Howe', '2026-04-05T04:00:00Z'],
  ['Australia/Lord_Howe', '2025-10-05T04:00:00Z'],
  ['Pacific/Chatham', '2026-04-05T04:00:00Z'],
  ['America/Havana', '2025-11-02T12:00:00Z'],
  ['America/Havana', '2026-03-08T12:00:00Z'],
  ['America/Santiago', '2025-09-07T12:00:00Z'],
  ['America/St_Johns', '2025-11-02T12:00:00Z'],
  ['Europe/Berlin', '1893-04-10T12:34:56Z'],
] as const

describe('the trends', () => {
  it.each(CLOCKS)('count hours and days as the clocks of %s show them at %s', async (zone, at) => {
    const tenant = `zone_${zone}_${at.slice(0, 10)}`.toLowerCase().replace(/[^a-z0-9_-]/g, '_')
    await makeTenant(tenant, zone)
    // Up to an hour after the last instant: the hour and the day that are under way are whole.
    await insertMany(tenant, 8_000, 331, new Date(Date.parse(at) + 3_600_000).toISOString())
    const database = openDatabase({ url: system.databaseUrl, max: 1, logger: silent })
    const stats = await database.withTenant(tenantId(tenant), (tx) => readStats(tx, {}, new Date(at)))
    await database.close()
    const created = (
      await rows<{ created_at: Date }>('select created_at from tickets where tenant_id = $1 and deleted_at is null', [
        tenant,
      ])
    ).map(({ created_at }) => created_at.getTime())

    const days = Map.groupBy(created, (time) => local(zone, time).slice(0, 10))
    expect(stats.days).toHaveLength(30)
    const shown = stats.days.map(({ clock, count }) => ({ day: clock.slice(0, 10), count }))
    expect(shown).toEqual(shown.map(({ day }) => ({ day, count: days.get(day)?.length ?? 0 })))
    expect(shown.at(-1)?.day).toBe(local(zone, Date.parse(at)).slice(0, 10))
    expect(sum(stats.days)).toBeGreaterThan(6_000)

    expect(stats.hours).toHaveLength(24)
    for (const { clock, from, to, count } of stats.hours) {
      expect(clock).toBe(local(zone, Date.parse(from)))
      expect(Date.parse(to) - Date.parse(from)).toBe(3_600_000)
      expect(count).toBe(created.filter((time) => time >= Date.parse(from) && time < Date.parse(to)).length)
    }
    const [first, last] = [stats.hours[0], stats.hours.at(-1)]
    expect(Date.parse(last?.to ?? '') - Date.parse(first?.from ?? '')).toBe(24 * 3_600_000)
    expect(Date.parse(last?.from ?? '')).toBeLessThanOrEqual(Date.parse(at))
    expect(local(zone, Date.parse(at)).slice(0, 13)).toBe(last?.clock.slice(0, 13))
  })

  it('know every zone that a tenant may choose', async () => {
    const unknown = await rows(
      `select zone from unnest($1::text[]) as zone where not exists (select from pg_timezone_names where lower(name) = lower(zone))`,
      [Intl.supportedValuesOf('timeZone')],
    )
    expect(unknown).toEqual([])
  })
})

/** What a clock of the zone shows, without offset. */
function local(zone: string, time: number): string {
  const options = { hour12: false, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit' } as const
  const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const
  const parts = new Intl.DateTimeFormat('en', { ...options, ...clock, timeZone: zone }).formatToParts(time)
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? ''
  return `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}:${part('second')}`
}
