import { type RawBuilder, sql } from 'kysely'
import { conclude, prepared, settings, type Tx } from '../../../platform/database/index.ts'
import { coverRange, type Range } from './cover-range.ts'
import { growthPeriods, lastInstant, type Requested, requestedRange } from './periods.ts'
import { AT_RISK, WITH_REASONS } from './statement/customers.ts'
import { FACETS } from './statement/facets.ts'
import { TOTALS_OF_RANGE, type Totals } from './statement/totals.ts'
import { TRENDS } from './statement/trends.ts'

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

export const SOURCES_MAX = 10

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
    ), ${TOTALS_OF_RANGE}, ${TRENDS}, ${FACETS}, ${AT_RISK}
    select given.time_zone, (select to_json(totals) from totals) as totals,
      ${trendOf('hour')} as hours,
      ${trendOf('day')} as days,
      (select coalesce(json_agg(top order by count desc, keyword), '[]') from (
        select value as keyword, count, coalesce(current, 0) as current, coalesce(before, 0) as before
        from top_keywords left join growth using (value)) as top) as keywords,
      (select coalesce(json_agg(top order by count desc, source), '[]') from (
        select value as source, count from facets where facet = 'source' and count > 0
        order by count desc, value limit ${sql.lit(SOURCES_MAX)}) as top) as sources,
      ${WITH_REASONS} as customers
    from given`
}

const trendOf = (span: 'hour' | 'day') =>
  sql`(select json_agg(json_build_object('clock', clock, 'starts_at', starts_at, 'from', "from", 'to', "to", 'count', count) order by starts_at)
    from trends where span = ${sql.lit(span)})`
