import { z } from 'zod'
import type { Database, Tx } from '../../../platform/database/index.ts'
import {
  decodeCursor,
  invalid,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  TenantQuery,
  tenantRoute,
  toPage,
} from '../../../platform/http/index.ts'
import { EXPORT_FORMATS, SPELLINGS } from './export/columns.ts'
import { exportTickets, lastTicket } from './export/export-tickets.ts'
import { ticketNotFound } from './faults.ts'
import { listChanges } from './list-changes.ts'
import { FilterQuery, needsSearch, readFilter, type TicketFilter } from './listing/filter.ts'
import { findMatches, listTickets } from './listing/list-tickets.ts'
import { readPosition, SORTS } from './listing/order.ts'
import { nextLink, PagingQuery, readSlice, withinReach } from './listing/paging.ts'
import { findTicket } from './store.ts'
import {
  ChangeView,
  type ExplainedTicket,
  ExplainedTicketView,
  ListedTicketView,
  presentChange,
  presentExplained,
  presentListed,
} from './ticket.ts'

const TicketParams = z.strictObject({ ticket_id: z.string().min(1).max(200) })

export const ListQuery = z.strictObject({
  ...TenantQuery,
  ...PagingQuery,
  ...FilterQuery,
  sort: z
    .enum(SORTS)
    .default('-created_at')
    .meta({ description: '`-` is descending; `relevance` needs `q` and ranks the 200 newest tickets that match' }),
})
type Asked = z.output<typeof ListQuery>

/** `status` and `urgency` are what the list is about. */
const UrgentQuery = ListQuery.omit({ status: true, urgency: true })

const ListView = z.object({
  tickets: z.array(ListedTicketView),
  total: z.int().meta({ description: 'How many tickets there are on all pages' }),
  total_is_estimate: z.boolean().meta({ description: 'Exact for few tickets, and without filters beyond the counted' }),
  next_cursor: z.string().nullable(),
})

/** Reading tickets. `/tickets/urgent` and `/tickets/export` win over a ticket of that id, which our own id still finds. */
export function ticketRoutes(database: Database): Route[] {
  return [
    listRoute(database, {
      operationId: 'listTickets',
      path: '/tickets',
      query: ListQuery,
      summary: 'List and search tickets',
      narrow: readFilter,
    }),
    listRoute(database, {
      operationId: 'listUrgentTickets',
      path: '/tickets/urgent',
      query: UrgentQuery as unknown as typeof ListQuery,
      summary: 'List tickets of high urgency that are not closed',
      narrow: (query) => ({ ...readFilter(query), urgency: 'high', status: ['open', 'pending'] }),
    }),
    tenantRoute({
      operationId: 'exportTickets',
      method: 'GET',
      path: '/tickets/export',
      tag: 'Tickets',
      summary: 'Download tickets as a file that an import reads',
      access: 'ticket.read',
      tenant: 'query',
      query: z.strictObject({ ...TenantQuery, ...FilterQuery, format: z.enum(EXPORT_FORMATS).default('csv') }),
      live: 'download',
      responses: { 200: z.unknown() },
      handle: async ({ tx, tenantId, query: { format, ...query }, signal }) => {
        const name = `tickets-${tenantId}-${new Date().toISOString().slice(0, 10)}.${format}`
        const headers = {
          ...{ 'content-type': SPELLINGS[format].type, 'cache-control': 'no-store' },
          'content-disposition': `attachment; filename="${name}"`,
        }
        const file = { tenantId, filter: readFilter(query), format, last: await lastTicket(tx, tenantId) }
        return reply(200, exportTickets(database, file, signal), headers)
      },
    }),
    tenantRoute({
      operationId: 'showTicket',
      method: 'GET',
      path: '/tickets/:ticket_id',
      tag: 'Tickets',
      summary: 'Show a ticket by its id here or at the provider',
      access: 'ticket.read',
      tenant: 'query',
      params: TicketParams,
      query: z.strictObject(TenantQuery),
      responses: { 200: ExplainedTicketView },
      handle: async ({ tx, params: { ticket_id } }) => reply(200, presentExplained(await requireTicket(tx, ticket_id))),
    }),
    tenantRoute({
      operationId: 'listTicketHistory',
      method: 'GET',
      path: '/tickets/:ticket_id/history',
      tag: 'Tickets',
      summary: 'Show what changed in a ticket, newest first; a page ends early where texts are long',
      access: 'ticket.read',
      tenant: 'query',
      params: TicketParams,
      query: z.strictObject({ ...TenantQuery, ...PageQuery }),
      responses: {
        200: z.object({ ticket_id: z.uuid(), history: z.array(ChangeView), next_cursor: z.string().nullable() }),
      },
      handle: async ({ tx, params: { ticket_id }, query: { limit, cursor }, request }) => {
        const ticket = await requireTicket(tx, ticket_id)
        const [at, id] = decodeCursor(cursor, z.tuple([z.int(), z.uuid()])) ?? []
        const behind = at !== undefined && id !== undefined ? { at, id } : undefined
        const changes = await listChanges(tx, ticket.ticket_id, { behind, limit })
        const { rows, nextCursor } = toPage(changes, limit, (change) => [change.at, change.last_id], changes[0]?.found)
        const body = { ticket_id: ticket.ticket_id, history: rows.map(presentChange), next_cursor: nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, nextCursor))
      },
    }),
  ]
}

type ListOf = {
  operationId: string
  path: `/${string}`
  summary: string
  query: typeof ListQuery
  narrow: (query: Asked) => TicketFilter
}

function listRoute(database: Database, { operationId, path, summary, query: schema, narrow }: ListOf): Route {
  return tenantRoute({
    ...{
      operationId,
      method: 'GET',
      path,
      tag: 'Tickets',
      summary,
      access: 'ticket.read',
      tenant: 'query',
      query: schema,
    },
    responses: { 200: ListView },
    prepare: async ({ query }) => {
      const listing = readListing(query, narrow(query))
      return { listing, matches: needsSearch(listing.filter) ? await findMatches(database, listing) : undefined }
    },
    handle: async ({ tx, prepared: { listing, matches }, request }) => {
      const found = withinReach(listing.slice, await listTickets(tx, listing, matches))
      const { tickets, total, total_is_estimate, nextCursor } = found
      const body = { tickets: tickets.map(presentListed), total, total_is_estimate, next_cursor: nextCursor }
      return reply(200, body, nextLink(request.originalUrl, nextCursor, listing.slice))
    },
  })
}

export function readListing(query: Asked, filter: TicketFilter) {
  const { sort, cursor, q } = query
  if (sort === 'relevance' && q === undefined) {
    throw invalid([{ in: 'query', field: 'sort', message: 'relevance needs words to search for in q' }])
  }
  return { filter, sort, slice: readSlice(query), position: readPosition(cursor, sort) }
}

async function requireTicket(tx: Tx, id: string): Promise<ExplainedTicket> {
  const ticket = await findTicket(tx, id)
  if (ticket) return ticket
  throw ticketNotFound()
}
