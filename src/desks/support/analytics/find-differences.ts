import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import { TOTALS } from './statement/totals.ts'

/** A counter that is not what counting its tickets gives. */
export type CounterDifference = {
  counter: string
  /** Which of them, e.g. `["day", "2026-03-01T00:00:00+00:00"]`. */
  key: unknown[]
  /** What the counter says, and what there is; null: no counter, no tickets. */
  counted: unknown
  found: unknown
}

const SHOWN_MAX = 20

/**
 * Counts all tickets of the tenant anew and compares: the counters that differ, twenty at the most, and how many there are.
 * In one statement, so that it sees one moment while others write. A counter of zero is the same as none.
 */
export async function findDifferences(tx: Tx): Promise<{ total: number; differences: CounterDifference[] }> {
  // All tickets of a large tenant take longer than a request may.
  await sql`set local statement_timeout = 0`.execute(tx)
  const { rows } = await sql<CounterDifference & { total: number }>`
    with live as (
      select status, urgency, sentiment, requires_action, source, customer_id, created_at, keywords,
        created_at at time zone 'UTC' as created
      from tickets where deleted_at is null
    ), recounted as (
      select 'ticket_counts' as counter,
        jsonb_build_array(status, urgency, sentiment, requires_action, source) as key, to_jsonb(count(*)) as value
      from live group by status, urgency, sentiment, requires_action, source
      union all
      select 'ticket_period_counts', jsonb_build_array(grain, starts_at), jsonb_build_array(
        count(*), count(*) filter (where status = 'open'), count(*) filter (where status = 'pending'),
        count(*) filter (where status = 'closed'), count(*) filter (where urgency = 'high'),
        count(*) filter (where urgency = 'medium'), count(*) filter (where urgency = 'low'),
        count(*) filter (where sentiment = 'negative'), count(*) filter (where sentiment = 'neutral'),
        count(*) filter (where sentiment = 'positive'), count(*) filter (where requires_action))
      from live cross join lateral (values
        ('month', date_trunc('month', created) at time zone 'UTC'),
        ('day', date_trunc('day', created) at time zone 'UTC'),
        ('quarter_hour', to_timestamp(floor(extract(epoch from created_at) / 900) * 900))
      ) as grains (grain, starts_at)
      group by grain, starts_at
      union all
      select 'ticket_facet_counts', jsonb_build_array(facet, grain, date_trunc(grain, created)::date, value), to_jsonb(count(*))
      from live cross join (values ('day'), ('month'), ('year')) as grains (grain)
      cross join lateral (
        select 'source' as facet, source as value
        union select 'keyword', keyword from unnest(keywords) as keyword where keyword is not null
      ) as facets
      group by facet, grain, date_trunc(grain, created)::date, value
      union all
      select 'ticket_customer_counts', jsonb_build_array(customer_id), jsonb_build_array(
        count(*) filter (where urgency = 'high'), count(*) filter (where sentiment = 'negative'))
      from live where status <> 'closed' and (urgency = 'high' or sentiment = 'negative') group by customer_id
    ), counters as (
      select 'ticket_counts' as counter,
        jsonb_build_array(status, urgency, sentiment, requires_action, source) as key, to_jsonb(tickets) as value
      from ticket_counts where tickets <> 0
      union all
      select 'ticket_period_counts', jsonb_build_array(grain, starts_at), jsonb_build_array(${sql.raw(TOTALS.join(', '))})
      from ticket_period_counts where ${sql.raw(TOTALS.map((column) => `${column} <> 0`).join(' or '))}
      union all
      select 'ticket_facet_counts', jsonb_build_array(facet, grain, starts_on, value), to_jsonb(tickets)
      from ticket_facet_counts where tickets <> 0
      union all
      select 'ticket_customer_counts', jsonb_build_array(customer_id),
        jsonb_build_array(unresolved_high, unresolved_negative)
      from ticket_customer_counts where unresolved_high <> 0 or unresolved_negative <> 0
    )
    select counter, key, counters.value as counted, recounted.value as found, count(*) over () as total
    from counters full join recounted using (counter, key)
    where counters.value is distinct from recounted.value
    order by counter, key limit ${SHOWN_MAX}`.execute(tx)
  return {
    total: rows[0]?.total ?? 0,
    differences: rows.map(({ counter, key, counted, found }) => ({ counter, key, counted, found })),
  }
}
