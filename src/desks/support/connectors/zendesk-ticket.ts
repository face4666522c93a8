import type { DeliveredTicket, TicketStatus } from '../tickets/index.ts'
import type { FailedTicket } from './port.ts'
import { fieldsOf, idText, readTicket } from './read-ticket.ts'

const STATUSES: Readonly<Record<string, TicketStatus>> = {
  new: 'open',
  open: 'open',
  pending: 'pending',
  hold: 'pending',
  solved: 'closed',
  closed: 'closed',
}

/** The export and single reads keep deleted tickets, with this status, until they are deleted for good. */
export const isDeletedAtZendesk = (row: unknown): boolean =>
  fieldsOf(row).status === 'deleted' && idText(fieldsOf(row).id) !== undefined

/**
 * A ticket as Zendesk writes it. With custom statuses `status` still is the category of the status; should a name of
 * the account's own stand there, `status_category` decides, and without one the ticket is set aside.
 *
 * @see https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#json-format
 * @see https://developer.zendesk.com/api-reference/ticketing/tickets/custom_ticket_statuses/#status-categories
 */
export function readZendeskTicket(row: unknown): DeliveredTicket | FailedTicket {
  const ticket = fieldsOf(row)
  return readTicket(
    {
      id: idText(ticket.id),
      source: fieldsOf(ticket.via).channel,
      customer_id: idText(ticket.requester_id),
      subject: ticket.subject ?? ticket.raw_subject ?? '',
      message: ticket.description === null ? '' : ticket.description,
      status: statusOf(ticket.status) ?? statusOf(ticket.status_category) ?? ticket.status,
      created_at: ticket.created_at,
      updated_at: ticket.updated_at,
    },
    row,
  )
}

const statusOf = (name: unknown): TicketStatus | undefined =>
  typeof name === 'string' && Object.hasOwn(STATUSES, name) ? STATUSES[name] : undefined
