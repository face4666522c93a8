import { sql } from 'kysely'
import { type SystemTx, type Tx, together } from '../../../../platform/database/index.ts'
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
}

/** Asks the counters and the planner. */
export async function expectTickets(tx: Tx, filter: TicketFilter): Promise<Expectation> {
  const [[counters], [plan]] = await together(tx, [sumOfCounters(filter), planOf(filter)])
  const counted = filter.include_deleted ? Number.POSITIVE_INFINITY : (counters?.total ?? 0)
  return { counted, isExact: isKnownToCounters(filter), planned: plannedRows(plan) }
}

/** Asks the planner alone: the counters are open to the tenant's transaction only. */
export async function expectMatches(tx: SystemTx, filter: TicketFilter): Promise<Expectation> {
  const { rows } = await planOf(filter).execute(tx)
  return { counted: Number.POSITIVE_INFINITY, isExact: false, planned: plannedRows(rows[0]) }
}

export const expected = ({ planned, counted, isExact }: Expectation): number =>
  isExact ? counted : Math.min(planned, counted)

/** Live tickets only; filters beyond the counters are left out. */
export const sumOfCounters = (filter: TicketFilter) => sql<{ total: number }>`
  select coalesce(sum(tickets), 0)::int8 as total from ticket_counts
  where ${sql.join(
    [
      sql`tenant_id = ${filter.tenant_id}`,
      ...(filter.status === undefined ? [] : [anyOf('status', filter.status)]),
      ...equal(filter, 'urgency', 'sentiment', 'requires_action', 'source'),
    ],
    sql` and `,
  )}`

const BEYOND_COUNTERS = [
  'customer_id',
  'origin',
  'created_from',
  'created_to',
  'updated_from',
  'updated_to',
  'q',
] as const

const isKnownToCounters = (filter: TicketFilter) =>
  !filter.include_deleted && BEYOND_COUNTERS.every((field) => filter[field] === undefined)

type Plan = { 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }

const planOf = (filter: TicketFilter) => sql<Plan>`
  explain (format json) select from tickets where ${conditions(filter)}`

const plannedRows = (plan: Plan | undefined) => plan?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0
