/** What providers say of a ticket. */
export const TICKET_STATUSES = ['open', 'pending', 'closed'] as const
export type TicketStatus = (typeof TICKET_STATUSES)[number]

/** How far the work on a ticket is: finer than the provider's status, which follows from it. */
export const SLA_STATUSES = [
  ...(['open', 'in_progress', 'pending_customer', 'pending_vendor', 'resolved', 'closed'] as const),
] as const
export type SlaStatus = (typeof SLA_STATUSES)[number]

/** What the provider's three statuses say of each. The table shows none that does not fit. */
export const STATUS_OF: Readonly<Record<SlaStatus, TicketStatus>> = {
  open: 'open',
  in_progress: 'open',
  pending_customer: 'pending',
  pending_vendor: 'pending',
  resolved: 'closed',
  closed: 'closed',
}
