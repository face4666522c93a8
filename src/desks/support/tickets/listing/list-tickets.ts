import type { RawBuilder } from 'kysely'
import { conclude, type Database, type SystemTx, type Tx } from '../../../../platform/database/index.ts'
import { encodeCursor, toPage } from '../../../../platform/http/index.ts'
import type { ListedTicket } from '../ticket.ts'
import { countKeyword, type Expectation, expected, expectMatches, expectTickets, type Total } from './count-tickets.ts'
import type { TicketFilter } from './filter.ts'
import { type Key, positionBehind } from './order.ts'
import { type FoundKey, GATHERED_MAX, keysOfPage, type PageOf, ticketsByKey, ticketsOfPage } from './statements.ts'

/** What is asked for of a list. */
type Listing = PageOf & { filter: TicketFilter }
type Page<Row> = Total & { rows: Row[]; nextCursor: string | null }
type ListedTickets = Total & { tickets: ListedTicket[]; nextCursor: string | null }

/**
 * Finds the page of a search, before the tenant's transaction opens: with that open, enough searches at once would each
 * hold a connection and wait for a second one.
 */
export async function findMatches(database: Database, listing: Listing): Promise<Page<Key>> {
  const { filter } = listing
  const keyword = await countKeyword(database, filter)
  const reason = 'PostgreSQL uses no index of words under row-level security; only ids come out of here'
  return database.readAcrossTenants(reason, async (tx) =>
    findPage(tx, listing, await expectMatches(tx, filter, keyword), keysOfPage),
  )
}

/** A page of the tickets of the transaction's tenant, which it concludes; `matches` is what a search has found. */
export async function listTickets(tx: Tx, listing: Listing, matches?: Page<Key>): Promise<ListedTickets> {
  const { filter } = listing
  if (matches === undefined) {
    const { rows, ...page } = await findPage(tx, listing, await expectTickets(tx, filter), ticketsOfPage)
    return { ...page, tickets: rows }
  }
  const { rows: keys, ...page } = matches
  const [tickets] = await conclude(tx, [ticketsByKey(filter, keys)])
  const last = tickets.at(-1)
  if (last === undefined || last.found === tickets.length) return { ...page, tickets }
  // They are too long for one page: the next one begins behind those that are shown.
  const lastKey = keys.find(({ ticket_id }) => ticket_id === last.ticket_id) ?? last
  return { ...page, tickets, nextCursor: encodeCursor(positionBehind(lastKey, listing.sort)) }
}

type Statements<Row> = Record<'gather' | 'walk', (filter: TicketFilter, page: PageOf) => RawBuilder<Row>>

async function findPage<Row extends FoundKey>(
  tx: Tx | SystemTx,
  { filter, ...page }: Listing,
  known: Expectation,
  statements: Statements<Row>,
): Promise<Page<Row>> {
  const number = expected(known)
  // Without this, PostgreSQL would look at every ticket to find that none matches.
  if (known.isExact && number === 0) return { rows: [], nextCursor: null, total: 0, total_is_estimate: false }
  const wanted = { ...page, slice: { ...page.slice, limit: page.slice.limit + 1 } }
  let atLeast = 0
  if (isFew(known)) {
    const { rows } = await statements.gather(filter, wanted).execute(tx)
    const gathered = rows[0]?.gathered ?? 0
    if (gathered <= GATHERED_MAX) return { ...cut(rows, page), total: gathered, total_is_estimate: false }
    // More than was guessed: a guess below them would be known to be wrong.
    if (!known.isExact) atLeast = GATHERED_MAX + 1
  }
  const [rows] = await conclude(tx, [statements.walk(filter, wanted)])
  return { ...cut(rows, page), total: Math.max(number, atLeast), total_is_estimate: !known.isExact }
}

/** What the planner takes any word for that is none of the thousand most frequent ones: DEFAULT_TS_MATCH_SEL. */
const UNKNOWN_WORD = 0.005

/**
 * Whether all that match are gathered; else an index is followed until the page is full. Gathering n of N tickets reads
 * n of them at random, walking to a page of 50 passes 50 × N / n in order, at a tenth of the time each. Where the total is
 * not known, gathering counts too. A word that the planner does not know is mostly a rare one. A keyword has its time: who
 * walks to one that nobody writes any more passes everything since, so as many as can be are gathered.
 */
export function isFew(known: Expectation): boolean {
  const number = expected(known)
  if (known.isExact && !known.isIndexed) return number * number <= 5 * known.among
  return number <= GATHERED_MAX || (known.counted === Number.POSITIVE_INFINITY && number <= UNKNOWN_WORD * known.among)
}

function cut<Row extends FoundKey>(rows: readonly Row[], { sort, slice }: PageOf) {
  // A page behind the last ticket is one row without a ticket, for the number of those gathered.
  const present = rows.filter(({ ticket_id }) => ticket_id !== null)
  return toPage(present, slice.limit, (key) => positionBehind(key, sort), present[0]?.found)
}
