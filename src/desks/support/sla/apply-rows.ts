import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import {
  type ClassifiedTicket,
  type ClassifyTickets,
  changeTickets,
  lockTickets,
  upsertTickets,
} from '../tickets/index.ts'
import { type Plan, planRow } from './plan-row.ts'
import type { ReadRow, Refusal } from './ticket-row.ts'

export const ROWS_MAX = 1_000
/** Who delivers a ticket that came by a row. */
export const SLA_ORIGIN = 'sla'

/** A row that was read, with what the ticket would mean if it were new. */
export type ReadyRow = ReadRow & { classified?: ClassifiedTicket | undefined }
export type Batch = { rows: readonly ReadyRow[]; now: Date }

export type RowOutcome = { id: string } & (
  | { outcome: 'created' | 'updated' | 'unchanged' }
  | { outcome: 'refused'; refusal: Refusal }
)

/** Judges what may be new in a batch, before its transaction opens. */
export async function judgeBatch(
  classifyTickets: ClassifyTickets,
  tenantId: TenantId,
  read: readonly ReadRow[],
  now: Date,
): Promise<Batch> {
  const plans = read.map((one) => ('row' in one ? planRow(one, undefined, now) : undefined))
  const fresh = plans.map((plan) => (plan?.outcome === 'created' ? plan.ticket : undefined))
  const judged = (
    await classifyTickets(
      tenantId,
      fresh.filter((ticket) => ticket !== undefined),
    )
  ).values()
  return { rows: read.map((one, index) => ({ ...one, classified: fresh[index] && judged.next().value })), now }
}

/**
 * Applies rows in their order: what is refused changes nothing and harms no other. A few statements for each round; a round has each
 * ticket once, so that of a ticket that stands in a batch twice both versions happen, one after the other.
 */
export async function applyRows(tx: Tx, { rows, now }: Batch, by: string): Promise<RowOutcome[]> {
  const outcomes: RowOutcome[] = rows.map((row) =>
    'refusal' in row ? { id: row.id, outcome: 'refused', refusal: row.refusal } : { id: row.id, outcome: 'unchanged' },
  )
  for (const round of roundsOf(rows)) {
    const ids = round.map((index) => rows[index]?.id ?? '')
    const known = new Map((await lockTickets(tx, ids)).map((ticket) => [ticket.external_id, ticket]))
    const plans = round.map((index) => {
      const row = rows[index]
      if (!row || !('row' in row)) throw new Error('a round has a row that was not read')
      return { row, index, plan: planRow(row, known.get(row.id), now) }
    })
    const created = plans.flatMap(({ plan, row }) => (plan.outcome === 'created' ? (row.classified ?? []) : []))
    await upsertTickets(tx, created, { runId: null, origin: SLA_ORIGIN })
    await changeTickets(
      tx,
      plans.flatMap(({ plan }) => (plan.outcome === 'updated' ? plan.change : [])),
      by,
    )
    for (const { plan, row, index } of plans) outcomes[index] = outcomeOf(row.id, plan)
  }
  return outcomes
}

const outcomeOf = (id: string, plan: Plan): RowOutcome =>
  plan.outcome === 'refused' ? { id, outcome: 'refused', refusal: plan.refusal } : { id, outcome: plan.outcome }

/** The places of readable rows: the first of each ticket, then the second of those that have one, and so on. */
function roundsOf(rows: readonly ReadyRow[]): number[][] {
  const seen = new Map<string, number>()
  const rounds: number[][] = []
  for (const [index, row] of rows.entries()) {
    if (!('row' in row)) continue
    const turn = seen.get(row.id) ?? 0
    seen.set(row.id, turn + 1)
    const round = rounds[turn] ?? []
    rounds[turn] = round
    round.push(index)
  }
  return rounds
}
