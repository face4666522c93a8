import { type DeliveredTicket, type DeskFields, type SlaStatus, STATUS_OF } from '../tickets/index.ts'
import {
  type DefaultWords,
  type DeskMapping,
  mappedPriority,
  mappedStatus,
  nameOf,
  tagsOf,
  tierOf,
  timeOf,
  toldOf,
} from './desk-mapping.ts'
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
const WORDS: DefaultWords = {
  statuses: {
    2: 'open',
    3: 'pending_customer',
    4: 'resolved',
    5: 'closed',
    6: 'pending_customer',
    7: 'pending_vendor',
  },
  priorities: { 1: 'low', 2: 'medium', 3: 'high', 4: 'critical' },
}

/** In the bin or marked as spam: no work of the desk's any more. Both can be undone, and then it is listed again. */
export const isGoneAtFreshdesk = (row: unknown): boolean =>
  fieldsOf(row).deleted === true || fieldsOf(row).spam === true

/**
 * A ticket as Freshdesk writes it. `description` is HTML in what API v2 answers today and stands in only where
 * `description_text` is missing.
 *
 * @see https://developers.freshdesk.com/api/#ticket_attributes
 */
export function readFreshdeskTicket(row: unknown, mapping: DeskMapping = {}): DeliveredTicket | FailedTicket {
  const ticket = fieldsOf(row)
  const message = ticket.description_text ?? ticket.description
  const status = statusOf(ticket.status, mapping)
  return readTicket(
    {
      id: idText(ticket.id),
      source: sourceOf(ticket.source),
      customer_id: idText(ticket.requester_id),
      subject: ticket.subject ?? '',
      message: message === null ? '' : message,
      status: status === undefined ? ticket.status : STATUS_OF[status],
      created_at: ticket.created_at,
      updated_at: ticket.updated_at,
    },
    row,
    deskOf(ticket, status, mapping),
  )
}

/** A source without a documented name keeps its number, e.g. `source_15`; undefined when it is no number. */
function sourceOf(source: unknown): string | undefined {
  return typeof source === 'number' ? (SOURCES[source] ?? `source_${source}`) : undefined
}

/**
 * A status of the account's own is pending unless its mapping says otherwise: the list does not say what it stands for, and
 * what is done goes to resolved or closed, which lead out of the queue by reports and automations.
 */
function statusOf(status: unknown, mapping: DeskMapping): SlaStatus | undefined {
  if (typeof status !== 'number') return undefined
  const mapped = mappedStatus(String(status), mapping, WORDS)
  return mapped ?? (status >= CUSTOM_STATUS_MIN ? 'pending_customer' : undefined)
}

/**
 * With the times that Freshdesk keeps of each ticket, where the list was asked for them.
 *
 * @see https://developers.freshdesk.com/api/#list_all_tickets `include=stats`
 */
function deskOf(
  ticket: Readonly<Record<string, unknown>>,
  status: SlaStatus | undefined,
  mapping: DeskMapping,
): Partial<DeskFields> {
  const tags = tagsOf(ticket.tags)
  const stats = fieldsOf(ticket.stats)
  return toldOf({
    ...{ sla_status: status, priority: mappedPriority(ticket.priority, mapping, WORDS) },
    ...{ tags, tier: tierOf(tags, mapping) },
    ...{ group: nameOf(ticket.group_id), assignee: nameOf(ticket.responder_id) },
    ...{ status_changed_at: timeOf(stats.status_updated_at), first_response_at: timeOf(stats.first_responded_at) },
    ...{ resolved_at: timeOf(stats.resolved_at), closed_at: timeOf(stats.closed_at) },
    ...{ answered_at: timeOf(stats.agent_responded_at), customer_wrote_at: timeOf(stats.requester_responded_at) },
  })
}
