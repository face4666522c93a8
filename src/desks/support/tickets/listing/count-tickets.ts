import { sql } from 'kysely'
import { type Database, type SystemTx, type Tx, together } from '../../../../platform/database/index.ts'
import { anyOf, conditions, equal, type TicketFilter } from './filter.ts'

export type Total = { total: number; total_is_estimate: boolean }

/** How many tickets to expect, before any is looked at. */
export type Expectation = {
  /** What the planner guesses from its statistics. */
  planned: number
  /** From the counters, for what those know of the filter; infinite where they do not. */
  counted: number
  /** The counters know all that the filter asks for. */
  isExact: boolean
  /** Of how many tickets. */
  among: number
  /** An index leads to all that match, wherever they stand in the order. */
  isIndexed: boolean
}

type Counters = Pick<Expectation, 'counted' | 'isExact' | 'among'>

/** Asks the counters, and the planner where those do not know. */
export async function expectTickets(tx: Tx, filter: TicketFilter): Promise<Expectation> {
  if (isKnownToCounters(filter)) {
    const counters = readCounters(filter, (await sumOfCounters(filter).execute(tx)).rows[0])
    return { planned: counters.counted, ...counters, isIndexed: false }
  }
  const [[sums], [plan]] = await together(tx, [sumOfCounters(filter), planOf(filter)])
  return { planned: plannedRows(plan), ...readCounters(filter, sums), isIndexed: false }
}

function readCounters(filter: TicketFilter, { total, among } = { total: 0, among: 0 }): Counters {
  const counted = filter.include_deleted ? Number.POSITIVE_INFINITY : total
  return { counted, isExact: isKnownToCounters(filter), among }
}

/** What the counters say of a keyword, in a transaction of the tenant's own: they are not open to the system role. */
export async function countKeyword(database: Database, filter: TicketFilter): Promise<Counters | undefined> {
  if (filter.keyword === undefined) return undefined
  return database.readTenant(filter.tenant_id, async (tx) => {
    const { rows } = await sumOfCounters(filter).execute(tx)
    return readCounters(filter, rows[0])
  })
}

/** Asks the planner alone, but for what is known of a keyword. */
export async function expectMatches(
  tx: SystemTx,
  filter: TicketFilter,
  keyword: Counters | undefined,
): Promise<Expectation> {
  const [[plan], [table]] = await together(tx, [planOf(filter), SIZE])
  const unknown = { counted: Number.POSITIVE_INFINITY, isExact: false, among: table?.among ?? 0 }
  return { planned: plannedRows(plan), ...(keyword ?? unknown), isIndexed: true }
}

const SIZE = sql<{ among: number }>`select reltuples::float8 as among from pg_class where oid = 'tickets'::regclass`

export const expected = ({ planned, counted, isExact }: Expectation): number =>
  isExact ? counted : Math.min(planned, counted)

/** Live tickets only; filters beyond the counters are left out. */
export const sumOfCounters = (filter: TicketFilter) => sql<{ total: number; among: number }>`
  select coalesce(sum(tickets), 0)::int8 as among, least(coalesce(sum(tickets) filter (where ${sql.join(
    [
      sql`true`,
      ...(filter.status === undefined ? [] : [anyOf('status', filter.status)]),
      ...equal(filter, 'urgency', 'sentiment', 'requires_action', 'source'),
    ],
    sql` and `,
  )}), 0), ${sumOfKeyword(filter)})::int8 as total
  from ticket_counts where tenant_id = ${filter.tenant_id}`

const sumOfKeyword = ({ tenant_id, keyword }: TicketFilter) =>
  keyword === undefined
    ? sql`null`
    : sql`(select coalesce(sum(tickets), 0) from ticket_facet_counts
        where tenant_id = ${tenant_id} and facet = 'keyword' and grain = 'year' and value = ${keyword})`

const IN_CUBE = ['status', 'urgency', 'sentiment', 'requires_action', 'source'] as const
const BEYOND_COUNTERS = [
  'customer_id',
  'origin',
  'created_from',
  'created_to',
  'updated_from',
  'updated_to',
  'q',
] as const

/** A keyword is counted by itself, not together with anything else. */
const isKnownToCounters = (filter: TicketFilter) =>
  !filter.include_deleted &&
  BEYOND_COUNTERS.every((field) => filter[field] === undefined) &&
  (filter.keyword === undefined || IN_CUBE.every((field) => filter[field] === undefined))

type Plan = { 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }

const planOf = (filter: TicketFilter) => sql<Plan>`
  explain (format json) select from tickets where ${conditions(filter)}`

const plannedRows = (plan: Plan | undefined) => plan?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0
