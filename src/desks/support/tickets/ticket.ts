import { z } from 'zod'

export const TICKET_STATUSES = ['open', 'pending', 'closed'] as const
export type TicketStatus = (typeof TICKET_STATUSES)[number]

/** A ticket as a provider delivers it; whose it is, is the tenant of the transaction that stores it. */
export type DeliveredTicket = {
  external_id: string
  source: string
  customer_id: string
  subject: string
  message: string
  status: TicketStatus
  /** ISO 8601 with zone, the provider's clock. */
  created_at: string
  updated_at: string
}

export type Ticket = Omit<DeliveredTicket, 'created_at' | 'updated_at'> & {
  ticket_id: string
  tenant_id: string
  created_at: Date
  updated_at: Date
  ingested_at: Date
}

const timestamp = z.iso.datetime()

export const TicketView = z
  .object({
    ticket_id: z.uuid(),
    external_id: z.string(),
    tenant_id: z.string(),
    source: z.string(),
    customer_id: z.string(),
    subject: z.string(),
    message: z.string(),
    status: z.enum(TICKET_STATUSES),
    created_at: timestamp,
    updated_at: timestamp,
    ingested_at: timestamp,
  })
  .meta({ id: 'Ticket' })

export function presentTicket(ticket: Ticket): z.output<typeof TicketView> {
  return {
    ticket_id: ticket.ticket_id,
    external_id: ticket.external_id,
    tenant_id: ticket.tenant_id,
    source: ticket.source,
    customer_id: ticket.customer_id,
    subject: ticket.subject,
    message: ticket.message,
    status: ticket.status,
    created_at: ticket.created_at.toISOString(),
    updated_at: ticket.updated_at.toISOString(),
    ingested_at: ticket.ingested_at.toISOString(),
  }
}
