import { sql } from 'kysely'
import { z } from 'zod'
import { type SubjectState, subjectStateNow } from '../../../../core/clocks/index.ts'
import type { Tx } from '../../../../platform/database/index.ts'
import { encodeCursor } from '../../../../platform/http/index.ts'
import type { SlaTicket } from '../clock-view.ts'
import { conditions, type DashboardFilter, FROM } from './filter.ts'

/** The most urgent come first: what has a deadline, by it; what waits; what is over, newest first. Each part has its own index. */
const PARTS = ['due', 'waiting', 'over'] as const
type Part = (typeof PARTS)[number]

/** Behind which ticket a page begins: its part, its instant in microseconds as text, its id. */
export const Position = z.tuple([z.enum(PARTS), z.string().regex(/^-?\d{1,20}$/), z.uuid()])
export type Position = z.output<typeof Position>

type Row = SlaTicket & { at: string }

const TICKET_COLUMNS =
  sql.raw(`t.ticket_id, t.external_id, left(t.subject, 500) as subject, t.customer_id, t.priority, t.tier, t.sla_status, t.group_name,
  t.assignee, t.tags, t.created_at, t.updated_at`)

const PART_OF: Record<Part, { where: string; at: string; descending: boolean }> = {
  due: { where: 's.settled_at is null and s.next_due_at is not null', at: 's.next_due_at', descending: false },
  waiting: { where: 's.settled_at is null and s.next_due_at is null', at: `'epoch'::timestamptz`, descending: false },
  over: { where: 's.settled_at is not null', at: 's.settled_at', descending: true },
}

export const rowsOfPart = (filter: DashboardFilter, part: Part, behind: Position | undefined, limit: number) => {
  const { where, at, descending } = PART_OF[part]
  const [beyond, direction] = descending ? ['<', 'desc'] : ['>', 'asc']
  const byTime = part !== 'waiting'
  const order = sql.raw(byTime ? `${at} ${direction}, s.subject_id ${direction}` : `s.subject_id ${direction}`)
  const position =
    behind === undefined
      ? sql``
      : byTime
        ? sql`and (${sql.raw(at)}, s.subject_id) ${sql.raw(beyond)} ('epoch'::timestamptz + ${behind[1]}::bigint * interval '1 microsecond', ${behind[2]}::uuid)`
        : sql`and s.subject_id > ${behind[2]}::uuid`
  return sql<Row>`
    select ${TICKET_COLUMNS}, (extract(epoch from ${sql.raw(at)}) * 1000000)::bigint::text as at from ${FROM}
    where ${conditions(filter)} and ${sql.raw(where)} ${position}
    order by ${order} limit ${limit}`
}

/** A page of tickets in the order of their urgency. */
export async function listDashboard(
  tx: Tx,
  filter: DashboardFilter,
  { behind, limit }: { behind: Position | undefined; limit: number },
): Promise<{ tickets: SlaTicket[]; nextCursor: string | null }> {
  const found: { part: Part; row: Row }[] = []
  const first = behind === undefined ? 0 : PARTS.indexOf(behind[0])
  for (const part of PARTS.slice(first)) {
    const wanted = limit + 1 - found.length
    if (wanted <= 0) break
    const start = behind?.[0] === part ? behind : undefined
    const { rows } = await rowsOfPart(filter, part, start, wanted).execute(tx)
    found.push(...rows.map((row) => ({ part, row })))
  }
  const page = found.slice(0, limit)
  const last = page.at(-1)
  const hasMore = found.length > limit && last !== undefined
  const position = hasMore ? ([last.part, last.row.at, last.row.ticket_id] satisfies Position) : undefined
  return { tickets: page.map(({ row }) => row), nextCursor: position ? encodeCursor(position) : null }
}

export type StateCounts = Partial<Record<SubjectState, number>>

/** How many tickets of the filter are in each state now: of all pages, not of one. */
export async function countStates(tx: Tx, filter: DashboardFilter): Promise<StateCounts> {
  const { rows } = await sql<{ state: SubjectState; count: number }>`
    select ${subjectStateNow('s')} as state, count(*) as count from ${FROM}
    where ${conditions(filter)} group by 1`.execute(tx)
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
}

/** One ticket by its id here or at its source, whose id wins. */
export async function findSlaTicket(tx: Tx, id: string): Promise<SlaTicket | undefined> {
  const { rows } = await sql<SlaTicket>`
    select ${TICKET_COLUMNS} from tickets as t
    where external_id = ${id} or ticket_id::text = ${id.toLowerCase()}
    order by external_id = ${id} desc limit 1`.execute(tx)
  return rows[0]
}
