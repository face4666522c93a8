import { type RawBuilder, sql } from 'kysely'
import { escapeLiteral } from 'pg'
import { PLANNED_ONCE, statisticsOf } from '../../src/desks/support/analytics/store.ts'
import { RULE_VERSIONS, tenantsToLookAt } from '../../src/desks/support/tickets/classification-store.ts'
import { ticketsOfBatch } from '../../src/desks/support/tickets/export/export-tickets.ts'
import {
  countKeyword,
  expectMatches,
  expectTickets,
  sumOfCounters,
} from '../../src/desks/support/tickets/listing/count-tickets.ts'
import { needsSearch, readFilter } from '../../src/desks/support/tickets/listing/filter.ts'
import { isFew } from '../../src/desks/support/tickets/listing/list-tickets.ts'
import { keysOfPage, ticketsByKey, ticketsOfPage } from '../../src/desks/support/tickets/listing/statements.ts'
import { ListQuery, readListing } from '../../src/desks/support/tickets/routes.ts'
import type { TenantId } from '../../src/kernel/tenant-id.ts'
import type { Database, SystemTx, Tx } from '../../src/platform/database/index.ts'
import { encodeCursor } from '../../src/platform/http/index.ts'

/** A list that has to be fast, as it is asked for, and the indexes that make it so: any of them will do. */
export type ListedQuery = { name: string; path: '/tickets' | '/tickets/urgent'; query: string; indexes: string[] }

const list = (query: string, ...indexes: string[]): ListedQuery => ({
  ...{ name: query === '' ? 'all' : query, path: '/tickets', query, indexes },
})
const [AGE, STATUS, URGENCY] = ['tickets_by_age', 'tickets_by_status', 'tickets_by_urgency']
const [UPDATE, WORDS, KEYWORD] = ['tickets_by_update', 'tickets_by_words', 'tickets_by_keyword']

/** The words and values are those of `seed-tickets.ts`. */
export const LISTED: readonly ListedQuery[] = [
  list('', AGE),
  list('sort=created_at', AGE),
  list('status=open', STATUS),
  list('status=closed', STATUS, AGE),
  list('urgency=high', URGENCY),
  list('urgency=medium', AGE),
  list('sentiment=negative', AGE),
  list('sentiment=positive', AGE),
  list('requires_action=true', AGE),
  list('source=email', 'tickets_by_source'),
  list('source=fax', 'tickets_by_source'),
  list('customer_id=cust_77', 'tickets_by_customer'),
  list('origin=provider', AGE),
  list('origin=019a0000-0000-7000-8000-000000000001', 'tickets_by_origin'),
  list('created_from=2026-01-05T00:00:00Z&created_to=2026-01-06T00:00:00Z', AGE),
  list('updated_from=2026-01-05T00:00:00Z&updated_to=2026-01-05T00:10:00Z', UPDATE),
  list('updated_from=2026-01-05T00:00:00Z&sort=updated_at', UPDATE),
  list('sort=-updated_at', UPDATE),
  list('sort=-updated_at&status=closed', UPDATE),
  list('include_deleted=true', AGE),
  list('status=open&urgency=high&sentiment=negative', URGENCY),
  list('q=basilisk', WORDS),
  list('q=refund', AGE),
  list('q=basilisk&sort=relevance', WORDS),
  list('q=heron&sort=relevance', WORDS, AGE),
  list('q=%22zurück+für%22+-heron', WORDS, AGE),
  list('keyword=basilisk', KEYWORD),
  list('keyword=heron&status=closed', KEYWORD),
  list('keyword=refund', AGE),
  list('keyword=heron&q=%22zurück+für%22', KEYWORD, WORDS),
  { name: 'urgent', path: '/tickets/urgent', query: '', indexes: [URGENCY] },
]

/** The same list from the middle of it. */
export const deep = (listed: ListedQuery, at: { created_at: Date; ticket_id: string }): ListedQuery => ({
  ...listed,
  name: `${listed.name}, from its middle`,
  query: `${listed.query}&cursor=${encodeCursor(['-created_at', at.created_at.toISOString(), at.ticket_id])}`,
})

export type Explain = { database: Database; tenantId: TenantId; options: string }

/** The plan of what finds a page, in the role in which it runs. */
export async function explainListed({ database, tenantId, options }: Explain, listed: ListedQuery): Promise<string[]> {
  const query = ListQuery.parse({ tenant_id: tenantId, ...Object.fromEntries(new URLSearchParams(listed.query)) })
  const narrow = listed.path === '/tickets' ? {} : { urgency: 'high', status: ['open', 'pending'] }
  const { filter, ...page } = readListing(query, { ...readFilter(query), ...narrow } as ReturnType<typeof readFilter>)
  const explain = async (tx: Tx | SystemTx, few: boolean) =>
    linesOf(tx, keysOfPage[few ? 'gather' : 'walk'](filter, page), options)
  if (!needsSearch(filter)) {
    return database.withTenant(tenantId, async (tx) => explain(tx, isFew(await expectTickets(tx, filter))))
  }
  const keyword = await countKeyword(database, filter)
  return database.acrossTenants('a search, explained', async (tx) =>
    explain(tx, isFew(await expectMatches(tx, filter, keyword))),
  )
}

const FIRST_PAGE = { sort: '-created_at', slice: { limit: 51, offset: 0 }, position: undefined } as const
const STATISTICS = [
  ...['ticket_period_counts_pkey', 'ticket_facet_counts_pkey', 'ticket_customer_counts_by_risk'],
  ...['tickets_by_customer', AGE],
]
const BY_RULES = 'tickets_by_rule_version'
const COUNTERS = ['ticket_counts', 'ticket_counts_pkey']
/** Of few tickets there are few, which are read faster from end to end. */
const KEYWORD_COUNTERS = ['ticket_facet_counts', 'ticket_facet_counts_pkey']

/** The plans of what stands around the page, its tickets, the total, a batch of an export; and of what the scheduler asks. */
export async function explainOthers({ database, tenantId, options }: Explain, ids: readonly string[]) {
  const filter = { tenant_id: tenantId, include_deleted: false }
  const keys = ids.map((ticket_id) => ({ ticket_id, created_at: new Date(), updated_at: new Date() }))
  const [after = '', last = ''] = ids
  const statements: [string, RawBuilder<unknown>, string[]][] = [
    ['a page of tickets', ticketsOfPage.walk(filter, FIRST_PAGE), [AGE, 'tickets_pkey']],
    ['the tickets of a page that was searched for', ticketsByKey(filter, keys), ['tickets_pkey']],
    // A few hundred rows; it only must not look at tickets.
    ['total', sumOfCounters({ ...filter, urgency: 'high' }), COUNTERS],
    ['total of a keyword', sumOfCounters({ ...filter, keyword: 'heron' }), [...COUNTERS, ...KEYWORD_COUNTERS]],
    ['a batch of an export', ticketsOfBatch(filter, { after, last }), ['tickets_pkey']],
    ['the rules of a tenant’s tickets', RULE_VERSIONS, [BY_RULES]],
  ]
  const statistics = await database.withTenant(tenantId, (tx) => explainStatistics(tx, options))
  const lookedAt = tenantsToLookAt({ baseVersion: '2026.1.1', after: '', limit: 100 })
  const across = await database.acrossTenants('a plan', (tx) => linesOf(tx, lookedAt, options))
  const inTenant = await Promise.all(
    statements.map(async ([name, statement, indexes]) => {
      const lines = await database.withTenant(tenantId, (tx) => linesOf(tx, statement, options))
      return { name, indexes, lines }
    }),
  )
  return [
    ...inTenant,
    { name: 'statistics', indexes: STATISTICS, lines: statistics },
    { name: 'tenants with tickets of other rules', indexes: [BY_RULES], lines: across },
  ]
}

/** Of the plan that is kept for all tenants, not of one that is made for these values. */
async function explainStatistics(tx: Tx, options: string): Promise<string[]> {
  const statement = statisticsOf({}, new Date())
  await PLANNED_ONCE.execute(tx)
  await statement.execute(tx)
  const { sql: text, parameters } = statement.compile(tx)
  const name = /prepared: (\w+)/.exec(text)?.[1]
  const values = parameters.map((value) => escapeLiteral(String(value))).join(', ')
  return linesOf(tx, sql.raw(`execute ${name}(${values})`), options)
}

async function linesOf(tx: Tx | SystemTx, statement: RawBuilder<unknown>, options: string): Promise<string[]> {
  const { rows } = await sql<{ 'QUERY PLAN': string }>`explain (${sql.raw(options)}) ${statement}`.execute(tx)
  return rows.map((row) => row['QUERY PLAN'])
}

/** What is wrong with the plan: tickets that are read otherwise than by one of these indexes. */
export function complaints(lines: readonly string[], indexes: readonly string[]): string[] {
  const scans = lines.filter((line) => /Scan (Backward )?(using|on) (tickets?_|tickets\b)/.test(line))
  const isRight = (line: string) =>
    /Bitmap Heap Scan on tickets/.test(line) || indexes.some((index) => new RegExp(`\\b${index}\\b`).test(line))
  return scans.length === 0 ? ['reads no tickets'] : scans.filter((line) => !isRight(line)).map((line) => line.trim())
}
