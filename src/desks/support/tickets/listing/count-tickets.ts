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
  /** Of how many tickets. */
  among: number
}

/** Asks the counters and the planner. */
export async function expectTickets(tx: Tx, filter: TicketFilter): Promise<Expectation> {
  const [[counters], [plan]] = await together(tx, [sumOfCounters(filter), planOf(filter)])
  const { total = 0, among = 0 } = counters ?? {}
  const counted = filter.include_deleted ? Number.POSITIVE_INFINITY : total
  return { planned: plannedRows(plan), counted, isExact: isKnownToCounters(filter), among }
}

/** Asks the planner alone: the counters are open to the tenant's transaction only. */
export async function expectMatches(tx: SystemTx, filter: TicketFilter): Promise<Expectation> {
  const [[plan], [table]] = await together(tx, [planOf(filter), SIZE])
  return { planned: plannedRows(plan), counted: Number.POSITIVE_INFINITY, isExact: false, among: table?.among ?? 0 }
}

const SIZE = sql<{ among: number }>`select reltuples::float8 as among from pg_class where oid = 'tickets'::regclass`

export const expected = ({ planned, counted, isExact }: Expectation): number =>
  isExact ? counted : Math.min(planned, counted)

/** Live tickets only; filters beyond the counters are left out. */
export const sumOfCounters = (filter: TicketFilter) => sql<{ total: number; among: number }>`
  select coalesce(sum(tickets), 0)::int8 as among, coalesce(sum(tickets) filter (where ${sql.join(
    [
      sql`true`,
      ...(filter.status === undefined ? [] : [anyOf('status', filter.status)]),
      ...equal(filter, 'urgency', 'sentiment', 'requires_action', 'source'),
    ],
    sql` and `,
  )}), 0)::int8 as total
  from ticket_counts where tenant_id = ${filter.tenant_id}`

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
