import type { Random } from './random.ts'

/** A ticket as the provider keeps it; `updated_at` is made for every answer. Fields stand in the order of the wire. */
export type StoredTicket = {
  id: string
  tenant_id: string
  source: string
  customer_id: string
  subject: string
  message: string
  created_at: string
  status: string
}
export type Ticket = StoredTicket & { updated_at: string }
export type TicketPage = { tickets: Ticket[]; next_page: number | null; total_count: number }
export type TicketCounts = { tickets: number; visible: number; deleted: number; modified: number }

export type TicketStore = {
  page(query: { page: number; pageSize: number; includeDeleted: boolean }): TicketPage
  /** The ticket of the single GET, whose message alone shows that it was modified. */
  find(id: string): Ticket | 'deleted' | 'unknown'
  has(id: string): boolean
  counts(): TicketCounts
  deletedIds(): string[]
  modifiedIds(): string[]
  /** Draws the deleted tickets, and the modified ones among the rest; what was deleted before is back. */
  drawChanges(shares: { deleted: number; modified: number }, random: Random): void
  delete(id: string): void
  restore(id: string): void
  insert(ticket: Ticket): void
  /** Sets fields. A changed ticket counts as modified no longer: its `updated_at` is the one given. */
  change(id: string, fields: Partial<Ticket>): void
  /** A visible ticket drawn at random, or undefined when there is none. */
  drawVisible(random: Random): StoredTicket | undefined
}

type Row = {
  ticket: StoredTicket
  createdAt: number
  /** Set for inserted and changed tickets, and what modified ones show when nothing is drawn anew. */
  updatedAt: string | null
}

/**
 * The tickets in memory, ordered by `created_at` with ties in the order of `tickets`. `redrawUpdatedAt` is asked when
 * the changes are drawn and, while `redraw` is on, for every modified ticket that is served.
 */
export function createTicketStore(
  tickets: StoredTicket[],
  settings: () => { redraw: boolean },
  redrawUpdatedAt: (createdAt: number) => string,
): TicketStore {
  const rows: Row[] = tickets
    .map((ticket) => ({ ticket, createdAt: Date.parse(ticket.created_at), updatedAt: null }))
    .sort((left, right) => left.createdAt - right.createdAt)
  const byId = new Map(rows.map((row) => [row.ticket.id, row]))
  let deleted = new Set<string>()
  let modified = new Set<string>()
  let visibleRows: Row[] | null = null

  const visible = () => {
    visibleRows ??= rows.filter((row) => !deleted.has(row.ticket.id))
    return visibleRows
  }

  const present = ({ ticket, createdAt, updatedAt }: Row): Ticket => ({
    ...ticket,
    updated_at:
      modified.has(ticket.id) && settings().redraw ? redrawUpdatedAt(createdAt) : (updatedAt ?? ticket.created_at),
  })

  const place = (row: Row) => {
    const index = rows.findLastIndex((other) => other.createdAt <= row.createdAt) + 1
    rows.splice(index, 0, row)
    byId.set(row.ticket.id, row)
    visibleRows = null
  }

  return {
    page({ page, pageSize, includeDeleted }) {
      const listed = includeDeleted ? rows : visible()
      const start = (page - 1) * pageSize
      return {
        tickets: listed.slice(start, start + pageSize).map(present),
        next_page: start + pageSize < listed.length ? page + 1 : null,
        total_count: listed.length,
      }
    },
    find(id) {
      const row = byId.get(id)
      if (!row) return 'unknown'
      if (deleted.has(id)) return 'deleted'
      const ticket = present(row)
      return modified.has(id) ? { ...ticket, message: `${ticket.message} [UPDATED]` } : ticket
    },
    has: (id) => byId.has(id),
    counts: () => ({
      tickets: rows.length,
      visible: rows.length - deleted.size,
      deleted: deleted.size,
      modified: modified.size,
    }),
    deletedIds: () => [...deleted],
    modifiedIds: () => [...modified],
    drawChanges(shares, random) {
      for (const id of modified) {
        const row = byId.get(id)
        if (row) row.updatedAt = null
      }
      const ids = rows.map((row) => row.ticket.id)
      deleted = new Set(random.sample(ids, Math.floor(ids.length * shares.deleted)))
      const untouched = rows.filter((row) => !deleted.has(row.ticket.id) && row.updatedAt === null)
      const drawn = random.sample(untouched, Math.floor(ids.length * shares.modified))
      for (const row of drawn) row.updatedAt = redrawUpdatedAt(row.createdAt)
      modified = new Set(drawn.map((row) => row.ticket.id))
      visibleRows = null
    },
    delete(id) {
      if (byId.has(id)) deleted.add(id)
      visibleRows = null
    },
    restore(id) {
      deleted.delete(id)
      visibleRows = null
    },
    insert({ updated_at, ...ticket }) {
      place({ ticket, createdAt: Date.parse(ticket.created_at), updatedAt: updated_at })
    },
    change(id, { updated_at, ...fields }) {
      const row = byId.get(id)
      if (!row) return
      modified.delete(id)
      row.ticket = { ...row.ticket, ...fields }
      if (updated_at !== undefined) row.updatedAt = updated_at
    },
    drawVisible: (random) => (visible().length === 0 ? undefined : random.pick(visible()).ticket),
  }
}
