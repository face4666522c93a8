import { sql } from 'kysely'

export const CUSTOMERS_MAX = 10
export const WAITS_LONG_DAYS = 7

/** `at_risk`: the customers with most points. */
export const AT_RISK = sql`at_risk as materialized (
  select customer_id, risk, unresolved_high, unresolved_negative
  from ticket_customer_counts where risk > 0 order by risk desc, customer_id limit ${sql.lit(CUSTOMERS_MAX)}
)`

/** What put each customer at risk there, as JSON. */
export const WITH_REASONS = sql`(select coalesce(json_agg(json_build_object('customer_id', customer_id, 'points', risk,
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
  ) as behaviour)`
