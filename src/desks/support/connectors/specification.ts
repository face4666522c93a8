import { z } from 'zod'
import { type PageSource, ProviderError } from './port.ts'
import { addressUnder, type Http, requestJson, requestOrNull } from './request-json.ts'

/** A page as the provider answers it. Tickets are checked one by one later: one bad ticket must not spoil the page. */
const PageBody = z.object({
  tickets: z.array(z.unknown()),
  next_page: z.int().positive().nullable(),
  total_count: z.int().nonnegative(),
})

const DeletedBody = z.object({ deleted_ids: z.array(z.string()) })

/** The largest page the provider serves; fewer calls of its 60 a minute for the same tickets. */
export const PAGE_SIZE = 100

/** The specification's provider over HTTP: `GET /external/support-tickets`, all tenants mixed, no filter. */
export function specificationProvider(baseUrl: string, http: Http): PageSource {
  return {
    listPage: async (page, signal) => {
      const url = addressOf(baseUrl, 'support-tickets')
      url.searchParams.set('page', String(page))
      url.searchParams.set('page_size', String(PAGE_SIZE))
      const { json, bytes } = await requestJson(http, url, signal)
      const body = PageBody.safeParse(json)
      if (!body.success) throw new ProviderError('transient', 'the provider’s answer is not a page of tickets')
      const { tickets, next_page, total_count } = body.data
      if (next_page !== null && next_page <= page) throw new ProviderError('refused', 'its pages go round in a circle')
      return { page, bytes, tickets, nextPage: next_page, totalCount: total_count }
    },

    listDeleted: async (signal) => {
      const { json, bytes } = await requestJson(http, addressOf(baseUrl, 'deleted-tickets'), signal)
      const body = DeletedBody.safeParse(json)
      if (!body.success) throw new ProviderError('transient', 'the provider’s answer is not a list of deleted tickets')
      return { ids: body.data.deleted_ids, bytes }
    },

    findTicket: (id, signal) =>
      requestOrNull(http, addressOf(baseUrl, `support-tickets/${encodeURIComponent(id)}`), signal),
  }
}

const addressOf = (baseUrl: string, path: string): URL => addressUnder(baseUrl, `external/${path}`)
