import { type RawBuilder, sql } from 'kysely'
import { conclude, prepared, settings, type Tx } from '../../../platform/database/index.ts'
import { coverRange, type Range } from './cover-range.ts'
import { growthPeriods, lastInstant, type Requested, requestedRange } from './periods.ts'

/** The columns of a counter of a period, and what the totals of a range are made of. */
export const TOTALS = [
  'tickets',
  'open',
  'pending',
  'closed',
  'high',
  'medium',
  'low',
  'negative',
  'neutral',
  'positive',
  'requires_action',
] as const

export type Totals = Record<(typeof TOTALS)[number], number>

/** `clock`: what the tenant's clocks show when the span begins, without a zone; `from` and `to`: what of it is counted. */
export type TrendRow = { clock: string; starts_at: string; from: string; to: string; count: number }

export type CustomerAtRisk = {
  customer_id: string
  points: number
  unresolved_high: number
  unresolved_negative: number
  /** An unresolved ticket created that long ago is there. */
  waits_long: boolean
  /** Tickets of the last 30 days and of the 30 days before, counted up to 200. */
  recent: number
  earlier: number
}

export type Stats = {
  time_zone: string
  totals: Totals
  hours: TrendRow[]
  days: TrendRow[]
  keywords: { keyword: string; count: number; current: number; before: number }[]
  sources: { source: string; count: number }[]
  customers: CustomerAtRisk[]
}

/** In their order, or an index with another column before the time would be taken, and read from end to end. */
const liveTickets = (columns: string, from = '"from"', to = '"to"') =>
  sql.raw(`(select ${columns} from tickets where deleted_at is null and created_at >= ${from} and created_at < ${to}
    order by created_at desc offset 0)`)

const each = (make: (column: string) => string) => sql.raw(TOTALS.map(make).join(', '))

export const KEYWORDS_MAX = 10
export const SOURCES_MAX = 10
export const CUSTOMERS_MAX = 10
export const WAITS_LONG_DAYS = 7

/** No ticket is created later, and PostgreSQL does not read what JavaScript makes of later years. */
const LATEST = Date.parse('9999-12-31T23:59:59.999Z')
const instant = (time: number): string => {
  if (time > LATEST) return 'infinity'
  return time === Number.NEGATIVE_INFINITY ? '-infinity' : new Date(time).toISOString()
}
const texts = <Part extends Range>(parts: readonly Part[]) =>
  JSON.stringify(parts.map((part) => ({ ...part, from: instant(part.from), to: instant(part.to) })))

/**
 * The plan is made once for a connection, along the indexes whatever is in the tables: one that was made while they were
 * small, or before anything was known of them, would scan and sort them later. Compiling it would take longer than it runs,
 * and the planner cannot tell.
 */
export const PLANNED_ONCE = settings({
  ...{ plan_cache_mode: 'force_generic_plan', jit: 'off' },
  ...{ enable_seqscan: 'off', enable_bitmapscan: 'off' },
})

/** Concludes the transaction. */
export async function readStats(tx: Tx, requested: Requested, now: Date): Promise<Stats> {
  await PLANNED_ONCE.execute(tx)
  const [[stats]] = await conclude(tx, [statisticsOf(requested, now)])
  if (!stats) throw new Error('a tenant without a row of its own')
  return stats
}

/**
 * Everything in one statement, so that all numbers are about one moment. Whole counters make up a range where they fit;
 * tickets are read only at its ends, at most half a quarter of an hour (for keywords and sources: half a day) at each, or
 * all of a range that lies inside of one.
 */
export function statisticsOf(requested: Requested, now: Date): RawBuilder<Stats> {
  const range = requestedRange(requested)
  const { current, before } = growthPeriods(requested, now)
  const facetPieces = Object.entries({ range, current, before }).flatMap(([window, of]) =>
    coverRange(of, ['year', 'month', 'day'], now.getTime()).map((piece) => ({ window, ...piece })),
  )
  return sql<Stats>`${prepared('ticket_stats')}
    with given as materialized (
      select time_zone, ${instant(range.from)}::timestamptz as lower, ${instant(range.to)}::timestamptz as upper,
        ${instant(lastInstant(requested, now))}::timestamptz as last, ${now.toISOString()}::timestamptz as now
      from tenants
    ), period_pieces as materialized (
      select grain, sign, "from", "to" from jsonb_to_recordset(${texts(coverRange(range, ['month', 'day', 'quarter_hour'], now.getTime()))}::jsonb)
        as piece (grain text, sign int, "from" timestamptz, "to" timestamptz)
    ), facet_pieces as materialized (
      select "window", grain, sign, "from", "to" from jsonb_to_recordset(${texts(facetPieces)}::jsonb)
        as piece ("window" text, grain text, sign int, "from" timestamptz, "to" timestamptz)
    ), totals as (
      select ${each((column) => `coalesce(sum(${column}), 0)::int8 as ${column}`)}
      from (
        select ${each((column) => `sign * ${column} as ${column}`)}
        from period_pieces cross join lateral (
          select ${each((column) => `sum(${column}) as ${column}`)} from ticket_period_counts as counts
          where counts.grain = period_pieces.grain and starts_at >= "from" and starts_at < "to"
        ) as counts
        where grain <> 'tickets'
        union all
        select ${each((column) => `sign * ${column}`)}
        from period_pieces cross join lateral (
          select count(*) as tickets, count(*) filter (where status = 'open') as open,
            count(*) filter (where status = 'pending') as pending, count(*) filter (where status = 'closed') as closed,
            count(*) filter (where urgency = 'high') as high, count(*) filter (where urgency = 'medium') as medium,
            count(*) filter (where urgency = 'low') as low, count(*) filter (where sentiment = 'negative') as negative,
            count(*) filter (where sentiment = 'neutral') as neutral,
            count(*) filter (where sentiment = 'positive') as positive, count(*) filter (where requires_action) as requires_action
          from ${liveTickets('status, urgency, sentiment, requires_action')} as edge
        ) as edge
        where grain = 'tickets'
      ) as parts
    ), whole_spans as materialized (
      -- Hours of sixty minutes, also where a clock is set: no two rows overlap and no minute is missing.
      select 'hour' as span, starts_at at time zone time_zone as clock, starts_at, starts_at + interval '1 hour' as ends_at
      from (
        select time_zone, last_hour - n * interval '1 hour' as starts_at
        from (select time_zone, date_trunc('hour', last, time_zone) as last_hour from given offset 0) as latest,
          generate_series(0, 23) as n
        offset 0
      ) as hours
      union all
      select 'day', day::timestamp, starts_at, coalesce(lead(starts_at) over (order by day), starts_at)
      from (
        select time_zone, last_day - n as day, (last_day - n)::timestamp at time zone time_zone as midnight
        from (select time_zone, (last at time zone time_zone)::date as last_day from given offset 0) as latest,
          generate_series(-1, 29) as n
        offset 0
      ) as midnights
      -- Where clocks go back over midnight, a day begins with the first of its two midnights.
      cross join lateral (
        select case when ((midnight - interval '1 hour') at time zone time_zone)::date = day
          then midnight - interval '1 hour' else midnight end as starts_at
      ) as days
    ), spans as materialized (
      select span, clock, starts_at, "from", greatest("from", "to") as "to",
        date_bin('15 minutes', "from" + interval '899.999 seconds', 'epoch') as first_whole,
        date_bin('15 minutes', "to", 'epoch') as last_whole
      from (
        select *, greatest(starts_at, lower) as "from", least(ends_at, upper) as "to"
        from whole_spans, (select lower, upper from given) as bounds where ends_at > starts_at offset 0
      ) as bounded
    ), trends as (
      select span, clock, starts_at, "from", "to", coalesce(whole.tickets, 0) + edges.tickets as count
      from spans
      cross join lateral (
        select sum(tickets)::int8 as tickets from ticket_period_counts
        where grain = 'quarter_hour' and starts_at >= first_whole and starts_at < last_whole
      ) as whole
      -- Nothing where a span lies on whole quarters, which is everywhere but at the ends of a range and in zones of old.
      cross join lateral (
        select (
            select count(*) from ${liveTickets('', '"from"', 'least(first_whole, "to")')} as edge
            where "from" < least(first_whole, "to")
          ) + (
            select count(*) from ${liveTickets('', 'greatest(last_whole, first_whole)', '"to"')} as edge
            where greatest(last_whole, first_whole) < "to"
          ) as tickets
      ) as edges
    ), facets as (
      select facet, value, sum(tickets)::int8 as count
      from (
        select counts.facet, counts.value, sign * counts.tickets as tickets
        from facet_pieces cross join (values ('keyword'), ('source')) as facets (name)
        cross join lateral (
          -- Grouped here, or the counters of all days would be joined with the pieces.
          select facet, value, sum(tickets) as tickets from ticket_facet_counts as counts
          where counts.facet = name and counts.grain = facet_pieces.grain and starts_on >= "from"::date and starts_on < "to"::date
          group by facet, value
        ) as counts
        where "window" = 'range' and grain <> 'tickets'
        union all
        select facets.facet, facets.value, sign
        from facet_pieces cross join lateral ${liveTickets('source, keywords')} as edge
        cross join lateral (
          select 'source' as facet, source as value
          union all
          select distinct 'keyword', keyword from unnest(keywords) as keyword where keyword is not null
        ) as facets
        where "window" = 'range' and grain = 'tickets'
      ) as parts
      group by facet, value
    ), top_keywords as materialized (
      select value, count from facets where facet = 'keyword' and count > 0
      order by count desc, value limit ${sql.lit(KEYWORDS_MAX)}
    ), growth as (
      select value, coalesce(sum(tickets) filter (where "window" = 'current'), 0)::int8 as current,
        coalesce(sum(tickets) filter (where "window" = 'before'), 0)::int8 as before
      from (
        select counts.value, "window", sign * counts.tickets as tickets
        from facet_pieces cross join lateral (
          -- Only of the keywords that are shown, each of which stands together in the index: a month has many times as many.
          select value, sum(tickets) as tickets from ticket_facet_counts as counts
          where counts.facet = 'keyword' and counts.grain = facet_pieces.grain and starts_on >= "from"::date and starts_on < "to"::date
            and value = any((select array_agg(value) from top_keywords)::text[])
          group by value
        ) as counts
        where "window" <> 'range' and grain <> 'tickets'
        union all
        select top_keywords.value, "window", sign
        from facet_pieces cross join lateral ${liveTickets('keywords')} as edge
        join top_keywords on top_keywords.value = any(edge.keywords)
        where "window" <> 'range' and grain = 'tickets'
      ) as parts
      group by value
    ), at_risk as materialized (
      select customer_id, risk, unresolved_high, unresolved_negative
      from ticket_customer_counts where risk > 0 order by risk desc, customer_id limit ${sql.lit(CUSTOMERS_MAX)}
    )
    select given.time_zone, (select to_json(totals) from totals) as totals,
      (select json_agg(json_build_object('clock', clock, 'starts_at', starts_at, 'from', "from", 'to', "to", 'count', count) order by starts_at)
        from trends where span = 'hour') as hours,
      (select json_agg(json_build_object('clock', clock, 'starts_at', starts_at, 'from', "from", 'to', "to", 'count', count) order by starts_at)
        from trends where span = 'day') as days,
      (select coalesce(json_agg(top order by count desc, keyword), '[]') from (
        select value as keyword, count, coalesce(current, 0) as current, coalesce(before, 0) as before
        from top_keywords left join growth using (value)) as top) as keywords,
      (select coalesce(json_agg(top order by count desc, source), '[]') from (
        select value as source, count from facets where facet = 'source' and count > 0
        order by count desc, value limit ${sql.lit(SOURCES_MAX)}) as top) as sources,
      (select coalesce(json_agg(json_build_object('customer_id', customer_id, 'points', risk,
          'unresolved_high', unresolved_high, 'unresolved_negative', unresolved_negative, 'waits_long', waits_long,
          'recent', recent, 'earlier', earlier) order by risk desc, customer_id), '[]')
        from at_risk cross join lateral (
          select exists (
              select from tickets where customer_id = at_risk.customer_id and deleted_at is null and status <> 'closed'
                and created_at < now - ${sql.lit(WAITS_LONG_DAYS)} * interval '1 day') as waits_long,
            (select count(*) from (
              select from tickets where customer_id = at_risk.customer_id and deleted_at is null
                and created_at >= now - interval '30 days' and created_at < now limit 200) as few) as recent,
            (select count(*) from (
              select from tickets where customer_id = at_risk.customer_id and deleted_at is null
                and created_at >= now - interval '60 days' and created_at < now - interval '30 days' limit 200) as few) as earlier
        ) as behaviour) as customers
    from given`
}
