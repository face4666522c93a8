import { type RawBuilder, sql } from 'kysely'
import { type WithBytes, withinBytes } from '../../../../platform/database/index.ts'
import { LISTED_BYTES, LISTED_COLUMNS } from '../store.ts'
import type { ListedTicket } from '../ticket.ts'
import { conditions, keywordInIndex, type TicketFilter } from './filter.ts'
import { type ByTime, behind, type Key, ordering, type Position, type Sort } from './order.ts'
import type { Slice } from './paging.ts'

/** Relevance is counted among so many of the newest tickets that match: to rank them all would take seconds. */
const RANKED_MAX = 200

/** Where no more match, all of them are gathered and then put in order: at most some 15 ms. */
export const GATHERED_MAX = 2_500

/** Which page of a list; `slice.limit` is one more than the page has, which proves that there is a next one. */
export type PageOf = { sort: Sort; slice: Slice; position: Position | undefined }
/** How many were gathered, whatever the page has of them; null when they were not. */
export type FoundKey = Key & { gathered: number | null } & Partial<WithBytes>
type FoundTicket = ListedTicket & FoundKey

/** A page ends where its tickets are longer than this together; a hundred of the longest are not, so that pages by number never do. */
const PAGE_BYTES_MAX = 1_200_000

/**
 * A page of keys in the order of an index, looking at one ticket after the other until the page is full: fast where many
 * match. Where one in ten thousand does, PostgreSQL takes this way all the same, and a second for it.
 */
const walkKeys = (filter: TicketFilter, page: PageOf) => sql<FoundKey>`
  with found as not materialized (select ${columns(page)} from tickets where ${conditions(filter)})
  select page.*, null as gathered from (${pageOfFound(filter, page)}) as page`

/**
 * A page of keys out of all that match: fast where few do. A left join, because a page behind the last ticket still says
 * how many there are; one more than ${GATHERED_MAX} proves that there were too many.
 */
const gatherKeys = (filter: TicketFilter, page: PageOf) => sql<FoundKey>`
  with found as materialized (
    select ${columns(page)} from tickets where ${conditions(filter)} and ${keywordInIndex(filter)}
    limit ${GATHERED_MAX + 1}
  )
  select page.*, gathered from (select count(*) as gathered from found) as all_of_them
  left join (${pageOfFound(filter, page)}) as page on true`

/** The tickets themselves, of a list that is no search and so goes by time; null where a page behind the last has none. */
const withTickets = ({ tenant_id }: TicketFilter, { sort }: PageOf, keys: RawBuilder<FoundKey>) =>
  withinBytes<FoundTicket>({
    ...{ order: ordering(sort as ByTime), bytes: LISTED_BYTES, max: PAGE_BYTES_MAX },
    rows: sql`
      with page as materialized (${keys})
      select gathered, ticket.* from page left join lateral (
        select ${LISTED_COLUMNS} from tickets where tenant_id = ${tenant_id} and tickets.ticket_id = page.ticket_id
      ) as ticket on true`,
  })

/** How a page is found: of a search by its keys alone, else with its tickets in the same statement. */
export const keysOfPage = { gather: gatherKeys, walk: walkKeys }
export const ticketsOfPage = {
  gather: (filter: TicketFilter, page: PageOf) => withTickets(filter, page, gatherKeys(filter, page)),
  walk: (filter: TicketFilter, page: PageOf) => withTickets(filter, page, walkKeys(filter, page)),
}

const columns = ({ sort }: PageOf) =>
  sql.raw(`ticket_id, created_at, updated_at${sort === 'relevance' ? ', words' : ''}`)

function pageOfFound(filter: TicketFilter, { sort, slice, position }: PageOf) {
  const part = sql`limit ${slice.limit} offset ${slice.offset}`
  if (sort === 'relevance') return sql`${byRelevance(filter, position)} ${part}`
  return sql`
    select ticket_id, created_at, updated_at from found
    ${position && position.sort !== 'relevance' ? sql`where ${behind(position)}` : sql``}
    order by ${ordering(sort)} ${part}`
}

/** Words of the subject count most, and those that stand often. */
function byRelevance({ q = '' }: TicketFilter, position: Position | undefined) {
  const start = position?.sort === 'relevance' ? position : undefined
  return sql`
    select * from (
      select ticket_id, created_at, updated_at, max(created_at) over () as newest,
        ts_rank(words, websearch_to_tsquery('simple', folded(${q})))::float8 as relevance
      from (
        select * from found ${start ? sql`where created_at <= ${start.newest}::timestamptz` : sql``}
        order by created_at desc, ticket_id desc limit ${RANKED_MAX}
      ) as newest
    ) as ranked
    ${start ? sql`where (relevance, ticket_id) < (${start.relevance}::float8, ${start.ticket_id}::uuid)` : sql``}
    order by relevance desc, ticket_id desc`
}

/** These tickets in this order, those of them that (still) match. */
export const ticketsByKey = (filter: TicketFilter, keys: readonly Key[]) => {
  const ids = keys.map(({ ticket_id }) => ticket_id)
  return withinBytes<ListedTicket>({
    ...{ order: sql`at`, bytes: LISTED_BYTES, max: PAGE_BYTES_MAX },
    rows: sql`
      select ${LISTED_COLUMNS}, array_position(${ids}::uuid[], ticket_id) as at from tickets
      where ${conditions(filter)} and ticket_id = any(${ids}::uuid[])`,
  })
}
