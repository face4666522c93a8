import { z } from 'zod'
import { invalid } from './problem.ts'
import { findUnstorableText } from './unstorable-text.ts'

export const PAGE_LIMIT_MAX = 200

/** The paging parameters of every list. */
export const PageQuery = {
  limit: z.coerce.number().int().min(1).max(PAGE_LIMIT_MAX).default(50),
  cursor: z.string().min(1).max(1_000).optional().meta({ description: '`next_cursor` of the page before' }),
}

/** A page of a list; `next_cursor` is null on the last one. */
export type Page<Row> = { rows: Row[]; nextCursor: string | null }

export function encodeCursor(position: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

/** The position a cursor holds, checked against `shape`; a cursor that we did not make is 422. */
export function decodeCursor<Shape extends z.ZodType>(
  cursor: string | undefined,
  shape: Shape,
): z.output<Shape> | undefined {
  if (cursor === undefined) return undefined
  const refuse = () =>
    invalid([{ in: 'query', field: 'cursor', message: 'is not a cursor of this list; start without one' }])
  let position: unknown
  try {
    position = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    throw refuse()
  }
  const checked = shape.safeParse(position)
  if (!checked.success || findUnstorableText(position) !== null) throw refuse()
  return checked.data
}

/**
 * Cuts one row more than `limit` down to a page; the row beyond proves that there is a next one. So does one that was
 * found and left out, because those before it are long enough for a page.
 */
export function toPage<Row>(
  rows: readonly Row[],
  limit: number,
  position: (row: Row) => readonly unknown[],
  found = rows.length,
): Page<Row> {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { rows: page, nextCursor: found > page.length && last !== undefined ? encodeCursor(position(last)) : null }
}

/** RFC 8288 `Link` header to the next page of the list at `url` (path and query as requested). */
export function linkHeader(url: string, nextCursor: string | null): Record<string, string> {
  if (nextCursor === null) return {}
  const next = new URL(url, 'http://list.invalid')
  next.searchParams.set('cursor', nextCursor)
  return { link: `<${next.pathname}${next.search}>; rel="next"` }
}

/** RFC 8288 `Link` header with the first, the next and the previous page of the list at `url`, as far as there are such. */
export function pageLinks(
  url: string,
  { next, previous }: { next: string | null; previous: string | null },
): Record<string, string> {
  const to = (cursor: string | null, relation: string) => {
    const page = new URL(url, 'http://list.invalid')
    if (cursor === null) page.searchParams.delete('cursor')
    else page.searchParams.set('cursor', cursor)
    return `<${page.pathname}${page.search}>; rel="${relation}"`
  }
  const links = [to(null, 'first')]
  if (previous !== null) links.push(to(previous, 'prev'))
  if (next !== null) links.push(to(next, 'next'))
  return { link: links.join(', ') }
}
