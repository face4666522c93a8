import { sql } from 'kysely'
import { liveTickets } from './live-tickets.ts'

/**
 * `trends`: the last 24 hours and 30 days as the tenant's clocks show them, each with how many tickets were created in what of it
 * lies in the range.
 */
export const TRENDS = sql`whole_spans as materialized (
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
)`
