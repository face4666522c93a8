import { sql } from 'kysely'
import { readWithinBytes, type Tx } from '../../platform/database/index.ts'
import type { Step } from './action.ts'
import type { Outcome, RowChange } from './outcome.ts'

const TENANT = sql`current_setting('signalbox.tenant_id')`

/** Rows are recorded for this receipt until the transaction ends, or another one or none ('') is set. */
export async function recordFor(tx: Tx, receiptId: string): Promise<void> {
  await sql`select set_config('signalbox.receipt', ${receiptId}, true)`.execute(tx)
}

/** An id for a receipt, the tenant's zone, and the ways in which the time of the transaction is written in rows. */
export async function timesOf(tx: Tx): Promise<{ now: Date; zone: string; times: string[]; receiptId: string }> {
  const { rows } = await sql<{ now: Date; zone: string; receiptId: string; inRows: string; rounded: string }>`
    select now() as now, uuidv7() as "receiptId", (select time_zone from tenants where tenant_id = ${TENANT}) as zone,
      to_jsonb(now()) #>> '{}' as "inRows", to_jsonb(date_trunc('milliseconds', now())) #>> '{}' as rounded`.execute(tx)
  const row = rows[0]
  if (!row) throw new Error('a select without from gives one row')
  return {
    now: row.now,
    receiptId: row.receiptId,
    zone: row.zone ?? 'UTC',
    times: [row.inRows, row.rounded, row.now.toISOString()],
  }
}

/** In the order in which they were made; at most `limit`. */
export async function changesOf(tx: Tx, receiptId: string, limit: number): Promise<RowChange[]> {
  const { rows } = await sql<RowChange>`
    select table_name as "table", row_id as id, operation, before - 'tenant_id' as before, after - 'tenant_id' as after
    from action_changes where receipt_id = ${receiptId} order by position limit ${limit}`.execute(tx)
  return rows
}

/** One more of `action` by `actor` on `day`; false when there were `limit` already. */
export async function countOne(
  tx: Tx,
  { actor, action, zone, limit }: { actor: string; action: string; zone: string; limit: number },
): Promise<boolean> {
  const { rows } = await sql`
    insert into action_counts as c (tenant_id, actor, action, day, times)
    values (${TENANT}, ${actor}, ${action}, (now() at time zone ${zone})::date, 1)
    on conflict (tenant_id, actor, action, day) do update set times = c.times + 1 where c.times < ${limit}
    returning 1`.execute(tx)
  return rows.length === 1
}

export type PlanRow = {
  plan_id: string
  actor: string
  steps_hash: Buffer
  fingerprint: Buffer
  outcome: Outcome
  expires_at: Date
  used_at: Date | null
  is_over: boolean
  /** What came of it. */
  receipt_id: string | null
}

export async function insertPlan(
  tx: Tx,
  plan: Pick<PlanRow, 'actor' | 'steps_hash' | 'fingerprint' | 'outcome'> & { minutes: number },
): Promise<{ plan_id: string; expires_at: Date }> {
  const { rows } = await sql<{ plan_id: string; expires_at: Date }>`
    insert into action_plans (tenant_id, actor, steps_hash, fingerprint, outcome, expires_at)
    values (${TENANT}, ${plan.actor}, ${plan.steps_hash}, ${plan.fingerprint}, ${JSON.stringify(plan.outcome)},
      date_trunc('milliseconds', now()) + make_interval(mins => ${plan.minutes}))
    returning plan_id, expires_at`.execute(tx)
  if (!rows[0]) throw new Error('an insert returns its row')
  return rows[0]
}

/** Nobody else looks at the plan until this transaction ends. */
export async function lockPlan(tx: Tx, planId: string): Promise<PlanRow | undefined> {
  // The lock first, in a statement of its own: what a transaction that was waited for wrote is seen by the next one.
  const { rows } = await sql<Omit<PlanRow, 'receipt_id'>>`
    select plan_id, actor, steps_hash, fingerprint, outcome, expires_at, used_at, expires_at <= clock_timestamp() as is_over
    from action_plans where plan_id = ${planId} for update`.execute(tx)
  if (!rows[0]) return undefined
  const receipt = await sql<{ receipt_id: string }>`
    select receipt_id from action_receipts where plan_id = ${planId}`.execute(tx)
  return { ...rows[0], receipt_id: receipt.rows[0]?.receipt_id ?? null }
}

export type ReceiptRow = {
  receipt_id: string
  plan_id: string | null
  actor: string
  on_behalf_of: string | null
  request_id: string
  actions: string[]
  risk: string
  steps: Step[]
  outcome: Outcome
  undo_until: Date | null
  undoes: string | null
  undone_by: string | null
  applied_at: Date
}

export async function insertReceipt(
  tx: Tx,
  receipt: Omit<ReceiptRow, 'applied_at' | 'undo_until' | 'undone_by'> & { undoMinutes: number | null },
): Promise<void> {
  await sql`
    insert into action_receipts (tenant_id, receipt_id, plan_id, actor, on_behalf_of, request_id, actions, risk, steps, outcome,
      undo_until, undoes)
    values (${TENANT}, ${receipt.receipt_id}, ${receipt.plan_id}, ${receipt.actor}, ${receipt.on_behalf_of}, ${receipt.request_id},
      ${receipt.actions}, ${receipt.risk}, ${JSON.stringify(receipt.steps)}, ${JSON.stringify(receipt.outcome)},
      now() + make_interval(mins => ${receipt.undoMinutes}), ${receipt.undoes})`.execute(tx)
}

const RECEIPT = sql`
  select r.receipt_id, r.plan_id, r.actor, r.on_behalf_of, r.request_id, r.actions, r.risk, r.steps, r.outcome, r.undo_until, r.undoes,
    u.receipt_id as undone_by, r.applied_at
  from action_receipts r left join action_receipts u on u.tenant_id = r.tenant_id and u.undoes = r.receipt_id`

export async function findReceipt(tx: Tx, receiptId: string): Promise<ReceiptRow | undefined> {
  const { rows } = await sql<ReceiptRow>`${RECEIPT} where r.receipt_id = ${receiptId}`.execute(tx)
  return rows[0]
}

/** Nobody else takes it back until this transaction ends. */
export async function lockReceipt(tx: Tx, receiptId: string): Promise<void> {
  await sql`select from action_receipts where receipt_id = ${receiptId} for update`.execute(tx)
}

export type ReceiptFilter = { actor?: string | undefined; action?: string | undefined; subject?: string | undefined }

/** Newest first, one more than `limit`, and fewer where they are long. */
export function selectReceipts(
  tx: Tx,
  { before, limit, ...filter }: ReceiptFilter & { before: string | undefined; limit: number },
): Promise<{ rows: ReceiptRow[]; found: number }> {
  const conditions = [
    ...(before === undefined ? [] : [sql`r.receipt_id < ${before}`]),
    ...(filter.actor === undefined ? [] : [sql`r.actor = ${filter.actor}`]),
    ...(filter.action === undefined ? [] : [sql`${filter.action} = any(r.actions)`]),
    ...(filter.subject === undefined
      ? []
      : [sql`r.outcome -> 'steps' @> ${JSON.stringify([{ subject: filter.subject }])}::jsonb`]),
  ]
  const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
  return readWithinBytes<ReceiptRow>(tx, {
    ...{ order: sql`receipt_id desc`, bytes: sql`octet_length(steps::text) + octet_length(outcome::text) + 500` },
    rows: sql`${RECEIPT} ${where} order by r.receipt_id desc limit ${limit + 1}`,
  })
}

/** What was changed of a row since it had `version`, by whom, newest first; at most 20 changes. */
export async function changesSince(
  tx: Tx,
  { table, id, version }: { table: string; id: string; version: number },
): Promise<(RowChange & { actor: string; at: Date })[]> {
  const { rows } = await sql<RowChange & { actor: string; at: Date }>`
    select c.table_name as "table", c.row_id as id, c.operation, c.before - 'tenant_id' as before, c.after - 'tenant_id' as after,
      r.actor, r.applied_at as at
    from action_changes c join action_receipts r using (tenant_id, receipt_id)
    where c.table_name = ${table} and c.row_id = ${id} and (c.after ->> 'version')::bigint > ${version}
    order by c.position desc limit 20`.execute(tx)
  return rows
}
