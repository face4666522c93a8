import { z } from 'zod'
import { invalid, linkHeader, PAGE_LIMIT_MAX, PageQuery } from '../../../../platform/http/index.ts'

/** How deep pages by number go: the database walks past everything before them. */
const NUMBERED_TICKETS_MAX = 10_000
const PAGE_MAX = 1_000_000_000

const [LIMIT, PAGE_SIZE, PAGE_SIZE_MAX] = [50, 20, 100]

/** Pages by cursor as in every list, or by number. */
export const PagingQuery = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(PAGE_LIMIT_MAX)
    .optional()
    .meta({ description: `${LIMIT} if not given` }),
  cursor: PageQuery.cursor,
  page: z.coerce
    .number()
    .int()
    .min(1)
    .max(PAGE_MAX)
    .optional()
    .meta({
      description: `Instead of a cursor, within the first ${NUMBERED_TICKETS_MAX} tickets; empty past the last one`,
    }),
  page_size: z.coerce
    .number()
    .int()
    .min(1)
    .max(PAGE_SIZE_MAX)
    .optional()
    .meta({ description: `Of numbered pages; ${PAGE_SIZE} if not given` }),
}

export type Slice = {
  limit: number
  offset: number
  /** Where it would begin, deeper than the database walks. */
  tooDeep?: number
}
type Asked = z.output<z.ZodObject<typeof PagingQuery>>

/** What part of the list a query asks for. The two ways to page do not mix: each would silently override the other. */
export function readSlice({ limit, cursor, page, page_size }: Asked): Slice {
  const numbered = page !== undefined ? 'page' : page_size !== undefined ? 'page_size' : undefined
  if (numbered === undefined) return { limit: limit ?? LIMIT, offset: 0 }
  const other = cursor !== undefined ? 'cursor' : limit !== undefined ? 'limit' : undefined
  if (other !== undefined) {
    throw invalid([{ in: 'query', field: numbered, message: `cannot be combined with ${other}; page by one of them` }])
  }
  const [number, size] = [page ?? 1, page_size ?? PAGE_SIZE]
  const offset = (number - 1) * size
  if (offset < NUMBERED_TICKETS_MAX) return { limit: size, offset }
  // Only to see whether there is anything: where the list ends before, the page is empty.
  return { limit: 1, offset: NUMBERED_TICKETS_MAX, tooDeep: offset }
}

type Found<Row> = { tickets: Row[]; total: number; total_is_estimate: boolean; nextCursor: string | null }

/**
 * What was found, without what only shows that a slice begins too deep: past the end of the list its page is empty.
 *
 * @throws http.invalid when there are tickets where it begins, or may be
 */
export function withinReach<Row>({ tooDeep }: Slice, found: Found<Row>): Found<Row> {
  if (tooDeep === undefined || found.tickets.length === 0) return found
  if (!found.total_is_estimate && tooDeep >= found.total) return { ...found, tickets: [], nextCursor: null }
  const message = `reaches past ticket ${NUMBERED_TICKETS_MAX}; follow next_cursor to go deeper`
  throw invalid([{ in: 'query', field: 'page', message }])
}

/** `Link` to the next page, which goes on by cursor also from a numbered one: it has no end. */
export function nextLink(originalUrl: string, nextCursor: string | null, { limit }: Slice): Record<string, string> {
  const url = new URL(originalUrl, 'http://list.invalid')
  if (url.searchParams.has('page') || url.searchParams.has('page_size')) {
    url.searchParams.delete('page')
    url.searchParams.delete('page_size')
    url.searchParams.set('limit', String(limit))
  }
  return linkHeader(url.pathname + url.search, nextCursor)
}
