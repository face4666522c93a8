import { afterEach, beforeEach } from 'vitest'
import type { ProviderUnderContract, StartProvider } from './under-contract.ts'

export type Ticket = Record<string, string>
export type Page = { tickets: Ticket[]; next_page: number | null; total_count: number }
export type Answer = { status: number; headers: Headers; body: unknown }

export const LIST = '/external/support-tickets'
export const DELETED = '/external/deleted-tickets'
export const FIELDS = [
  'id',
  'tenant_id',
  'source',
  'customer_id',
  'subject',
  'message',
  'created_at',
  'status',
  'updated_at',
]

export const idsOf = (tickets: Ticket[]) => tickets.map((ticket) => ticket.id)

/** Starts a fresh provider for every test of the surrounding block and gives the calls to it. */
export function useProvider(start: StartProvider, setup: { rateLimited: boolean }) {
  let provider: ProviderUnderContract
  beforeEach(async () => {
    provider = await start(setup)
  })
  afterEach(() => provider.close())

  const call = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(provider.url + path, init)
    return { status: response.status, headers: response.headers, body: await response.json() }
  }
  const page = async (query = '') => (await call(`${LIST}${query}`)).body as Page
  const post = async (text: string, contentType = 'application/json') => {
    const init = { method: 'POST', headers: { 'content-type': contentType }, body: text }
    const { status, body } = await call('/notify', init)
    return { status, body }
  }

  return {
    get: (path: string) => call(path),
    page,
    /** Every page there is, 100 tickets at a time. */
    async walk(mode = '') {
      const tickets: Ticket[] = []
      let totalCount = 0
      for (let next: number | null = 1; next !== null; ) {
        const read: Page = await page(`?page_size=100&page=${next}${mode}`)
        tickets.push(...read.tickets)
        totalCount = read.total_count
        next = read.next_page
      }
      return { tickets, totalCount }
    },
    deletedIds: async () => ((await call(DELETED)).body as { deleted_ids: string[] }).deleted_ids,
    /** Sends a body to /notify, right or wrong. */
    post,
    notify: (ticketId: string, tenantId = 'tenant_a') =>
      post(JSON.stringify({ ticket_id: ticketId, tenant_id: tenantId, urgency: 'high', reason: 'lawsuit' })),
    advance: (milliseconds: number) => provider.advance?.(milliseconds),
    needsClock(context: { skip(note: string): void }) {
      if (!provider.advance) context.skip('the clock of this provider cannot be moved')
    },
  }
}
