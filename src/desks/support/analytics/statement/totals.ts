import { sql } from 'kysely'
import { liveTickets } from './live-tickets.ts'

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

const each = (make: (column: string) => string) => sql.raw(TOTALS.map(make).join(', '))

/** `totals`: one row, from the counters of `period_pieces` and the tickets at the ends of the range. */
export const TOTALS_OF_RANGE = sql`totals as (
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
)`
