import type { Fault, MockProvider, Ticket } from '../../mock-provider/index.ts'
import { call } from './call.ts'
import type { ExpectedTicket } from './ticket-differences.ts'

/** The route of the provider that lists its tickets, as faults name it. */
export const PAGES = '/external/support-tickets' as const

/** Holds every walk in front of this page until it is taken down: being throttled is no failure, however often. */
export const heldAt = (page: number): Fault => ({
  ...{ route: PAGES, match: { page }, kind: 'status', status: 429, retry_after: 1 },
})

/** The calls that its budget counts, oldest first: tickets, not notifications. */
export const callsForTickets = (helpdesk: MockProvider) =>
  helpdesk.calls().calls.filter(({ path }) => path.startsWith('/external/'))

type ListPage = { tickets: Ticket[]; next_page: number | null }

/** What the provider shows of a tenant, from its own pages, as it has to be stored; whatever fault is up, none is played. */
export async function ticketsAtProvider(helpdesk: MockProvider, tenant: string): Promise<ExpectedTicket[]> {
  const { rateLimit, driftDelete, driftInsert, redraw } = helpdesk.knobs()
  const faults = helpdesk.faults()
  helpdesk.setFaults([])
  helpdesk.set({ rateLimit: 0, driftDelete: 0, driftInsert: 0 })
  const drawnAnew = new Set(redraw ? helpdesk.modifiedIds() : [])
  const tickets: ExpectedTicket[] = []
  let page: number | null = 1
  while (page !== null) {
    const { body }: { body: ListPage } = await call<ListPage>(`${helpdesk.url}${PAGES}?page=${page}&page_size=100`)
    for (const { id, ...ticket } of body.tickets.filter(({ tenant_id }) => tenant_id === tenant)) {
      tickets.push({ ...ticket, external_id: id, updated_at: drawnAnew.has(id) ? null : ticket.updated_at })
    }
    page = body.next_page
  }
  helpdesk.set({ rateLimit, driftDelete, driftInsert })
  helpdesk.setFaults(faults)
  return tickets
}

/** The ids the provider shows for a tenant, sorted. */
export const idsAtProvider = async (helpdesk: MockProvider, tenant: string): Promise<string[]> =>
  (await ticketsAtProvider(helpdesk, tenant)).map(({ external_id }) => external_id).sort()
