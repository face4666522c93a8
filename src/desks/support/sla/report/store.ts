import { sql } from 'kysely'
import { z } from 'zod'
import type { Tx } from '../../../../platform/database/index.ts'
import { encodeCursor } from '../../../../platform/http/index.ts'
import { decidedClocks, type ReportFilter } from './decided.ts'

/** What a report can be divided by; of `day`, `week` and `month` by the tenant's own calendar. */
export const DIVISIONS = ['day', 'week', 'month', 'customer_tier', 'priority', 'group', 'assignee', 'sla_type'] as const
export type Division = (typeof DIVISIONS)[number]

/** More are not one answer. */
export const PARTS_MAX = 1_000

const PARTED_BY: Record<Exclude<Division, Period>, string> = {
  customer_tier: 'd.tier',
  priority: 'd.priority',
  group: 'd.group_name',
  assignee: 'd.assignee',
  sla_type: `case d.target when 'first_response' then 'response' else d.target end`,
}
type Period = 'day' | 'week' | 'month'
export const isPeriod = (by: Division): by is Period => by === 'day' || by === 'week' || by === 'month'

export type Part = {
  part: string | null
  /** Of a period: where it begins and ends in the range of the report. */
  from_at: Date | null
  to_at: Date | null
  met: number
  missed: number
  average_seconds: number
  p90_seconds: number
  average_overdue_seconds: number | null
}

/** The numbers of each part, and of all together where it is not divided. */
export async function readParts(tx: Tx, filter: ReportFilter, by: Division | undefined): Promise<Part[]> {
  const isByPeriod = by !== undefined && isPeriod(by)
  const zone = sql`(select time_zone from tenants where tenant_id = ${filter.tenant_id})`
  const start = isByPeriod ? sql`date_trunc(${by}, d.decided_at at time zone ${zone})` : sql`null::timestamp`
  const part =
    by === undefined ? sql`null::text` : isPeriod(by) ? sql`to_char(start, 'YYYY-MM-DD')` : sql.raw(PARTED_BY[by])
  const { rows } = await sql<Part>`
    select ${part} as part,
      greatest(min(start) at time zone ${zone}, ${filter.from}::timestamptz) as from_at,
      least((min(start) + ${`1 ${isByPeriod ? by : 'day'}`}::interval) at time zone ${zone}, ${filter.to}::timestamptz) as to_at,
      count(*) filter (where outcome = 'met') as met, count(*) filter (where outcome = 'missed') as missed,
      coalesce(avg(elapsed_ms), 0)::float8 / 1000 as average_seconds,
      coalesce(percentile_disc(0.9) within group (order by elapsed_ms), 0)::float8 / 1000 as p90_seconds,
      avg(overdue_ms) filter (where outcome = 'missed')::float8 / 1000 as average_overdue_seconds
    from (select d.*, ${start} as start from (${decidedClocks(filter)}) as d) as d group by 1 order by 1 limit ${PARTS_MAX}`.execute(
    tx,
  )
  return rows
}

export type Decided = {
  ticket_id: string
  external_id: string
  subject: string
  tier: string
  priority: string
  group_name: string | null
  assignee: string | null
  target: string
  round: number
  outcome: 'met' | 'missed'
  decided_at: Date
  ended_at: Date | null
  target_seconds: number
  elapsed_seconds: number
  paused_seconds: number
  overdue_seconds: number
  policy_key: string | null
}
type Row = Decided & { at: string }

/** Behind which clock a page begins: when it was decided, in microseconds as text, its ticket, target and round. */
export const DecidedPosition = z.tuple([z.string().regex(/^-?\d{1,20}$/), z.uuid(), z.string().max(20), z.int()])
export type DecidedPosition = z.output<typeof DecidedPosition>

/** The clocks behind the numbers, in the order in which they were decided. */
export async function listDecided(
  tx: Tx,
  filter: ReportFilter,
  { behind, limit }: { behind: DecidedPosition | undefined; limit: number },
): Promise<{ rows: Decided[]; nextCursor: string | null }> {
  const { rows } = await sql<Row>`
    select ticket_id, external_id, left(subject, 500) as subject, tier, priority, group_name, assignee, target, round, outcome, decided_at,
      ended_at, target_ms::float8 / 1000 as target_seconds, elapsed_ms::float8 / 1000 as elapsed_seconds,
      paused_ms::float8 / 1000 as paused_seconds, overdue_ms::float8 / 1000 as overdue_seconds, policy_key,
      (extract(epoch from decided_at) * 1000000)::bigint::text as at
    from (${decidedClocks(filter)}) as d
    where ${
      behind === undefined
        ? sql`true`
        : sql`(decided_at, ticket_id, target, round)
          > ('epoch'::timestamptz + ${behind[0]}::bigint * interval '1 microsecond', ${behind[1]}::uuid, ${behind[2]}, ${behind[3]}::integer)`
    }
    order by decided_at, ticket_id, target, round limit ${limit + 1}`.execute(tx)
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const hasMore = rows.length > limit && last !== undefined
  const nextCursor = hasMore ? encodeCursor([last.at, last.ticket_id, last.target, last.round]) : null
  return { rows: page, nextCursor }
}
