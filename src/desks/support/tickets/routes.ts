import { z } from 'zod'
import { moment } from '../../../kernel/moment.ts'
import type { Tx } from '../../../platform/database/index.ts'
import {
  decodeCursor,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  TenantQuery,
  tenantRoute,
  toPage,
} from '../../../platform/http/index.ts'
import { ticketNotFound } from './faults.ts'
import { findTicket, listChanges, listTickets } from './store.ts'
import { ChangeView, presentChange, presentTicket, TICKET_STATUSES, type Ticket, TicketView } from './ticket.ts'

const TicketParams = z.strictObject({ ticket_id: z.string().min(1).max(200) })

export const ticketRoutes: Route[] = [
  tenantRoute({
    method: 'GET',
    path: '/tickets',
    tag: 'Tickets',
    summary: 'List tickets, newest first',
    access: 'ticket.read',
    tenant: 'query',
    query: z.strictObject({
      ...TenantQuery,
      ...PageQuery,
      status: z.enum(TICKET_STATUSES).optional(),
      source: z.string().min(1).max(100).optional(),
      customer_id: z.string().min(1).max(200).optional(),
      created_from: moment.optional().meta({ description: 'Created at or after' }),
      created_to: moment.optional().meta({ description: 'Created before' }),
      include_deleted: z
        .enum(['true', 'false'])
        .optional()
        .meta({ description: 'Also those the provider no longer has' }),
    }),
    responses: { 200: z.object({ tickets: z.array(TicketView), next_cursor: z.string().nullable() }) },
    handle: async ({ tx, query: { tenant_id: _, limit, cursor, include_deleted, ...fields }, request }) => {
      const filter = { ...fields, include_deleted: include_deleted === 'true' }
      const after = decodeCursor(cursor, z.tuple([moment, z.uuid()]))
      const found = await listTickets(tx, filter, { after, limit: limit + 1 })
      const { rows, nextCursor } = toPage(found, limit, (ticket) => [ticket.created_at.toISOString(), ticket.ticket_id])
      const body = { tickets: rows.map(presentTicket), next_cursor: nextCursor }
      return reply(200, body, linkHeader(request.originalUrl, nextCursor))
    },
  }),
  tenantRoute({
    method: 'GET',
    path: '/tickets/:ticket_id',
    tag: 'Tickets',
    summary: 'Show a ticket by its id here or at the provider',
    access: 'ticket.read',
    tenant: 'query',
    params: TicketParams,
    query: z.strictObject(TenantQuery),
    responses: { 200: TicketView },
    handle: async ({ tx, params: { ticket_id } }) => reply(200, presentTicket(await requireTicket(tx, ticket_id))),
  }),
  tenantRoute({
    method: 'GET',
    path: '/tickets/:ticket_id/history',
    tag: 'Tickets',
    summary: 'Show what changed in a ticket, newest first',
    access: 'ticket.read',
    tenant: 'query',
    params: TicketParams,
    query: z.strictObject({ ...TenantQuery, limit: z.coerce.number().int().min(1).max(200).default(50) }),
    responses: { 200: z.object({ ticket_id: z.uuid(), history: z.array(ChangeView) }) },
    handle: async ({ tx, params: { ticket_id }, query: { limit } }) => {
      const ticket = await requireTicket(tx, ticket_id)
      const changes = await listChanges(tx, ticket.ticket_id, limit)
      return reply(200, { ticket_id: ticket.ticket_id, history: changes.map(presentChange) })
    },
  }),
]

async function requireTicket(tx: Tx, id: string): Promise<Ticket> {
  const ticket = await findTicket(tx, id)
  if (ticket) return ticket
  throw ticketNotFound()
}
