import type { MockProvider } from '../../mock-provider/index.ts'
import { call } from './call.ts'

/** The route of the provider that lists its tickets, as faults name it. */
export const PAGES = '/external/support-tickets' as const

type ListPage = { tickets: { id: string; tenant_id: string }[]; next_page: number | null }

/** The ids the provider shows for a tenant, from its own pages, sorted. */
export async function idsAtProvider(helpdesk: MockProvider, tenant: string): Promise<string[]> {
  const ids: string[] = []
  let page: number | null = 1
  while (page !== null) {
    const { body }: { body: ListPage } = await call<ListPage>(`${helpdesk.url}${PAGES}?page=${page}&page_size=100`)
    ids.push(...body.tickets.filter(({ tenant_id }) => tenant_id === tenant).map(({ id }) => id))
    page = body.next_page
  }
  return ids.sort()
}
