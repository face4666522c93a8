import { z } from 'zod'
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
import { ticketFault } from './faults.ts'
import { findTicket, listTickets } from './store.ts'
import { presentTicket, TICKET_STATUSES, TicketView } from './ticket.ts'

const moment = z.iso.datetime({ offset: true })

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
    }),
    responses: { 200: z.object({ tickets: z.array(TicketView), next_cursor: z.string().nullable() }) },
    handle: async ({ tx, query: { tenant_id: _, limit, cursor, ...filter }, request }) => {
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
    params: z.strictObject({ ticket_id: z.string().min(1).max(200) }),
    query: z.strictObject(TenantQuery),
    responses: { 200: TicketView },
    handle: async ({ tx, params: { ticket_id } }) => {
      const ticket = await findTicket(tx, ticket_id)
      if (ticket) return reply(200, presentTicket(ticket))
      throw ticketFault('tickets.not_found', {
        public: 'There is no such ticket in this tenant.',
        internal: `no ticket ${ticket_id}`,
      })
    },
  }),
]
