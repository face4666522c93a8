import type { DeliveredTicket, TicketStatus } from '../tickets/index.ts'
import type { FailedTicket } from './port.ts'
import { fieldsOf, idText, readTicket } from './read-ticket.ts'

const SOURCES: Readonly<Record<number, string>> = {
  1: 'email',
  2: 'web',
  3: 'phone',
  7: 'chat',
  9: 'feedback_widget',
  10: 'outbound_email',
}

/** Statuses of the account's own count from here; those that every account begins with, 6 and 7, wait for somebody. */
const CUSTOM_STATUS_MIN = 6
const STATUSES: Readonly<Record<number, TicketStatus>> = { 2: 'open', 3: 'pending', 4: 'closed', 5: 'closed' }

/** In the bin or marked as spam: no work of the desk's any more. Both can be undone, and then it is listed again. */
export const isGoneAtFreshdesk = (row: unknown): boolean =>
  fieldsOf(row).deleted === true || fieldsOf(row).spam === true

/**
 * A ticket as Freshdesk writes it. `description` is HTML in what API v2 answers today and stands in only where
 * `description_text` is missing.
 *
 * @see https://developers.freshdesk.com/api/#ticket_attributes
 */
export function readFreshdeskTicket(row: unknown): DeliveredTicket | FailedTicket {
  const ticket = fieldsOf(row)
  const message = ticket.description_text ?? ticket.description
  return readTicket(
    {
      id: idText(ticket.id),
      source: sourceOf(ticket.source),
      customer_id: idText(ticket.requester_id),
      subject: ticket.subject ?? '',
      message: message === null ? '' : message,
      status: statusOf(ticket.status),
      created_at: ticket.created_at,
      updated_at: ticket.updated_at,
    },
    row,
  )
}

/** A source without a documented name keeps its number, e.g. `source_15`; undefined when it is no number. */
function sourceOf(source: unknown): string | undefined {
  return typeof source === 'number' ? (SOURCES[source] ?? `source_${source}`) : undefined
}

/**
 * A status of the account's own is `pending`: the list does not say what it stands for, and what is done goes to
 * resolved or closed, which lead out of the queue by reports and automations.
 */
function statusOf(status: unknown): unknown {
  if (typeof status !== 'number') return status
  return STATUSES[status] ?? (status >= CUSTOM_STATUS_MIN ? 'pending' : status)
}
