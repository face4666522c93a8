import { presentTicket, type Ticket } from '../ticket.ts'
import { guard, guardGuards } from './guarded-text.ts'

export const EXPORT_FORMATS = ['csv', 'ndjson'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

type Exported = ReturnType<typeof presentTicket>

const COLUMNS = [
  ...['ticket_id', 'external_id', 'tenant_id', 'origin', 'source', 'customer_id', 'subject', 'message', 'status'],
  ...[
    'urgency',
    'sentiment',
    'requires_action',
    'language',
    'keywords',
    'rule_version',
    'is_corrected',
    'message_is_cut',
  ],
  ...['sla_status', 'priority', 'tier', 'group', 'assignee', 'tags', 'first_response_at', 'resolved_at', 'closed_at'],
  ...['created_at', 'updated_at', 'ingested_at', 'deleted_at'],
] as (keyof Exported)[]

/** How a format spells a file: what stands before the first ticket, and a ticket with the end of its line. */
export const SPELLINGS: Record<ExportFormat, { type: string; head: string; line: (ticket: Ticket) => string }> = {
  csv: {
    type: 'text/csv; charset=utf-8; header=present',
    // Without the byte order mark, Excel reads UTF-8 as the code page of its country.
    head: `\uFEFF${COLUMNS.join(',')}\r\n`,
    line: (ticket) => {
      const exported = presentTicket(ticket)
      return `${COLUMNS.map((column) => csvCell(exported[column])).join(',')}\r\n`
    },
  },
  ndjson: {
    type: 'application/x-ndjson; charset=utf-8',
    head: '',
    line: (ticket) => `${JSON.stringify(presentTicket(ticket), (_key, value) => guardedValue(value))}\n`,
  },
}

/** RFC 4180. Every text is quoted: a reader that splits at another sign then still keeps it together. */
export function csvCell(value: string | readonly string[] | boolean | number | null): string {
  if (value === null) return ''
  if (typeof value === 'boolean' || typeof value === 'number') return String(value)
  const text = typeof value === 'string' ? value : value.join('|')
  return `"${guard(text).replaceAll('"', '""')}"`
}

const guardedValue = (value: unknown) => (typeof value === 'string' ? guardGuards(value) : value)
