import type { ChangePage, ChangeSource } from '../../src/desks/support/connectors/index.ts'

type Ticket = ChangePage['tickets'][number]

/** What a store holds that took in every page in order, as the ingestion does: the newest of each ticket, or nothing. */
export type Mirror = {
  tickets: Map<string, Ticket>
  deleted: Set<string>
  failed: Map<string, string>
  pages: number
  cursor: string | null
}

export const emptyMirror = (): Mirror => ({
  tickets: new Map(),
  deleted: new Set(),
  failed: new Map(),
  pages: 0,
  cursor: null,
})

/** A walk that needs more pages goes round in a circle. */
const PAGES_MAX = 1_000

/** Takes in everything up to the last page; `afterPage` happens between two pages. */
export async function follow(
  mirror: Mirror,
  source: () => ChangeSource,
  afterPage: (pages: number) => void = () => {},
): Promise<Mirror> {
  for (let pages = 1; pages <= PAGES_MAX; pages += 1) {
    const page = await source().listChanges(mirror.cursor, new AbortController().signal)
    takeIn(mirror, page)
    if (page.isLast) return mirror
    afterPage(pages)
  }
  throw new Error(`the walk is not over after ${PAGES_MAX} pages`)
}

export function takeIn(mirror: Mirror, page: ChangePage): void {
  for (const ticket of page.tickets) {
    const known = mirror.tickets.get(ticket.external_id)
    if (known === undefined || known.updated_at <= ticket.updated_at) mirror.tickets.set(ticket.external_id, ticket)
    mirror.deleted.delete(ticket.external_id)
  }
  for (const { id, reason } of page.failed) mirror.failed.set(id, reason)
  for (const id of page.deleted) mirror.deleted.add(id)
  mirror.pages += 1
  // Kept as a store keeps it.
  mirror.cursor = JSON.parse(JSON.stringify(page.cursor))
}
