import { Readable } from 'node:stream'
import type { ClocksApi } from '../../../../core/clocks/index.ts'
import type { Database } from '../../../../platform/database/index.ts'
import { decodeCursor } from '../../../../platform/http/index.ts'
import { csvCell } from '../../tickets/index.ts'
import { presentTicketSla, type SlaTicket } from '../clock-view.ts'
import { TICKET } from '../record-changes.ts'
import type { DashboardFilter } from './filter.ts'
import { listDashboard, Position } from './list.ts'

const BATCH_TICKETS = 200

export const HEADERS = (name: string): Record<string, string> => ({
  'content-type': 'text/csv; charset=utf-8; header=present',
  'cache-control': 'no-store',
  'content-disposition': `attachment; filename="${name}"`,
})

const OF_TICKET = [
  ...(['ticket_id', 'external_id', 'subject', 'customer_id', 'priority', 'customer_tier', 'status', 'group'] as const),
  ...(['assignee', 'tags', 'created_at', 'updated_at', 'overall_state', 'next_deadline'] as const),
]
const OF_CLOCK = [
  ...(['state', 'deadline', 'remaining_seconds', 'percentage_remaining', 'met_at', 'breached_at'] as const),
  ...(['target_seconds', 'elapsed_seconds', 'paused_seconds', 'overdue_seconds'] as const),
]
const CLOCKS = [
  ['response', 'response_sla'],
  ['next_response', 'next_response_sla'],
  ['resolution', 'resolution_sla'],
] as const

const HEAD = [...OF_TICKET, ...CLOCKS.flatMap(([name]) => OF_CLOCK.map((column) => `${name}_${column}`))].join(',')

type Sources = { database: Database; clocks: Pick<ClocksApi, 'read'> }

/**
 * The tickets of a filter with their clocks, in the order of the dashboard; each as it is when its batch is read. A ticket whose deadline
 * moves meanwhile may stand there twice or not at all, as on pages that are turned.
 */
export const exportDashboard = (sources: Sources, filter: DashboardFilter, signal: AbortSignal): Readable =>
  Readable.from(lines(sources, filter, signal), { objectMode: false })

async function* lines({ database, clocks }: Sources, filter: DashboardFilter, signal: AbortSignal) {
  // Without the byte order mark, Excel reads UTF-8 as the code page of its country.
  yield `\uFEFF${HEAD}\r\n`
  let cursor: string | null | undefined
  while (cursor !== null && !signal.aborted) {
    const behind = decodeCursor(cursor, Position)
    const batch = await database.withTenant(filter.tenant_id, async (tx) => {
      const { tickets, nextCursor } = await listDashboard(tx, filter, { behind, limit: BATCH_TICKETS })
      const ids = tickets.map(({ ticket_id }) => ticket_id)
      const read = await clocks.read(tx, filter.tenant_id, TICKET, ids)
      return { text: tickets.map((ticket) => line(ticket, read.get(ticket.ticket_id))).join(''), nextCursor }
    })
    if (batch.text !== '') yield batch.text
    cursor = batch.nextCursor
  }
}

function line(ticket: SlaTicket, clocks: Parameters<typeof presentTicketSla>[1]): string {
  const shown = presentTicketSla(ticket, clocks)
  const cells = [
    ...OF_TICKET.map((column) => shown[column]),
    ...CLOCKS.flatMap(([, field]) => OF_CLOCK.map((column) => shown[field]?.[column] ?? null)),
  ]
  return `${cells.map(csvCell).join(',')}\r\n`
}
