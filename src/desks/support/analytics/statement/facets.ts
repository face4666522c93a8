import { sql } from 'kysely'
import { liveTickets } from './live-tickets.ts'

export const KEYWORDS_MAX = 10

/**
 * `facets`: how many tickets have a source or a keyword; `top_keywords`: the most frequent; `growth`: how those do in the current
 * period and in the one before.
 */
export const FACETS = sql`facets as (
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
)`
