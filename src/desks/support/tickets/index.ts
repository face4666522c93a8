export { ticketRoutes } from './routes.ts'
export { type Delivery, markDeleted, storingTickets, type UpsertCounts, upsertTickets } from './store.ts'
export { type DeliveredTicket, TICKET_STATUSES, type TicketStatus } from './ticket.ts'

export const ticketsMigrations = {
  module: 'desks/support/tickets',
  directory: new URL('./migrations/', import.meta.url),
}

export const ticketPermissions = { 'ticket.read': 'viewer' } as const
