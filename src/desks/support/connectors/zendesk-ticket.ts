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

const WORDS: DefaultWords = {
  statuses: {
    new: 'open',
    open: 'in_progress',
    pending: 'pending_customer',
    hold: 'pending_vendor',
    solved: 'resolved',
    closed: 'closed',
  },
  priorities: { urgent: 'critical', high: 'high', normal: 'medium', low: 'low' },
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
export function readZendeskTicket(row: unknown, mapping: DeskMapping = {}): DeliveredTicket | FailedTicket {
  const ticket = fieldsOf(row)
  const status = statusOf(ticket.status, mapping) ?? statusOf(ticket.status_category, mapping)
  return readTicket(
    {
      id: idText(ticket.id),
      source: fieldsOf(ticket.via).channel,
      customer_id: idText(ticket.requester_id),
      subject: ticket.subject ?? ticket.raw_subject ?? '',
      message: ticket.description === null ? '' : ticket.description,
      status: status === undefined ? ticket.status : STATUS_OF[status],
      created_at: ticket.created_at,
      updated_at: ticket.updated_at,
    },
    row,
    deskOf(ticket, status, mapping),
  )
}

const statusOf = (name: unknown, mapping: DeskMapping): SlaStatus | undefined =>
  typeof name === 'string' ? mappedStatus(name, mapping, WORDS) : undefined

function deskOf(
  ticket: Readonly<Record<string, unknown>>,
  status: SlaStatus | undefined,
  mapping: DeskMapping,
): Partial<DeskFields> {
  const tags = tagsOf(ticket.tags)
  return toldOf({
    ...{ sla_status: status, priority: mappedPriority(ticket.priority, mapping, WORDS) },
    ...{ tags, tier: tierOf(tags, mapping) },
    ...{ group: nameOf(ticket.group_id), assignee: nameOf(ticket.assignee_id) },
    ...metricsOf(ticket),
  })
}

/**
 * What Zendesk has measured of a ticket. The first reply is told in whole minutes since the creation, so it counts to the
 * minute. Later replies of ours have no time there, so those of the customer say nothing either: their clock would never end.
 *
 * @see https://developer.zendesk.com/api-reference/ticketing/tickets/ticket_metrics/
 */
function metricsOf(ticket: Readonly<Record<string, unknown>>): Partial<DeskFields> {
  const metrics = fieldsOf(ticket.metric_set)
  const minutes = fieldsOf(metrics.reply_time_in_minutes).calendar
  const created = timeOf(ticket.created_at)
  const isMeasured = typeof minutes === 'number' && Number.isSafeInteger(minutes) && minutes >= 0 && minutes < 2 ** 31
  return toldOf({
    status_changed_at: timeOf(metrics.status_updated_at),
    resolved_at: timeOf(metrics.solved_at),
    first_response_at:
      isMeasured && created !== undefined ? new Date(Date.parse(created) + minutes * 60_000).toISOString() : undefined,
  })
}

/** Metrics stand in the ticket or, of some pages, beside all tickets. */
export function withMetrics(tickets: readonly unknown[], metricSets: unknown): readonly unknown[] {
  if (!Array.isArray(metricSets)) return tickets
  const byTicket = new Map(metricSets.map((metrics) => [idText(fieldsOf(metrics).ticket_id), metrics]))
  return tickets.map((ticket) => {
    const metrics = byTicket.get(idText(fieldsOf(ticket).id))
    return metrics === undefined ? ticket : { ...fieldsOf(ticket), metric_set: metrics }
  })
}
