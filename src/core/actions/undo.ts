import { sql } from 'kysely'
import { z } from 'zod'
import type { Tx } from '../../platform/database/index.ts'
import { type AnyAction, defineAction } from './action.ts'
import { UNDO } from './apply.ts'
import { actionFault } from './faults.ts'
import type { RowChange } from './outcome.ts'
import { type Catalogue, ROWS_MAX } from './run-steps.ts'
import { changesOf, findReceipt, lockReceipt, type ReceiptRow } from './store.ts'

/**
 * Takes a receipt back, row by row, while every row is as the receipt left it. What the database would refuse anybody (a seat
 * that is sold by now, a driver who has other work) it refuses here too.
 */
export function undoAction(catalogue: Catalogue): AnyAction {
  return defineAction<{ receipt_id: string }>({
    name: UNDO,
    summary: 'Take back what a receipt did, while nothing else has changed it',
    permission: 'action.undo',
    parameters: z.strictObject({ receipt_id: z.uuid() }),
    risk: 'confirm',
    places: ['receipt'],
    alsoNeeds: async (tx, { receipt_id }) => {
      const receipt = await requireReceipt(tx, receipt_id)
      return receipt.actions.flatMap((name) => catalogue.get(name)?.permission ?? [])
    },
    change: async (tx, { now }, { receipt_id }) => {
      await lockReceipt(tx, receipt_id)
      const receipt = await requireReceipt(tx, receipt_id)
      refuseOver(receipt, now)
      const rows = await changesOf(tx, receipt_id, ROWS_MAX)
      for (const row of reversed(rows)) await takeBack(tx, row)
      const { steps, people, money, clocks } = receipt.outcome
      return {
        subject: `receipt:${receipt_id}`,
        summary: `Take back: ${steps.map(({ summary }) => summary).join(' ')}`.slice(0, 2_000),
        people: people.map((person) => ({ ...person, effect: `no longer: ${person.effect}` })),
        money: money.map(({ what, cents }) => ({ what, cents: -cents })),
        clocks: clocks.map(({ what, was, becomes }) => ({ what, was: becomes, becomes: was })),
      }
    },
  })
}

/** @throws actions.receipt_not_found */
export async function requireReceipt(tx: Tx, receiptId: string): Promise<ReceiptRow> {
  const receipt = await findReceipt(tx, receiptId)
  if (receipt) return receipt
  throw actionFault('actions.receipt_not_found', {
    public: 'This tenant has no receipt with this id.',
    internal: 'no such receipt in the tenant',
  })
}

const cannot = (why: string) =>
  actionFault('actions.not_undoable', { public: why, internal: 'a receipt that cannot be taken back' })

function refuseOver({ undo_until, undone_by }: ReceiptRow, now: Date): void {
  if (undone_by) throw cannot('This was taken back before.')
  if (!undo_until) throw cannot('This cannot be taken back. Make the opposite change by hand.')
  if (undo_until < now) throw cannot('The time to take this back is over. Make the opposite change by hand.')
}

/** Each row once: as it was before all, as it was left. The last that was made is the first to go. */
function reversed(rows: readonly RowChange[]): RowChange[] {
  const whole = new Map<string, RowChange>()
  for (const row of rows) {
    const key = `${row.table} ${row.id}`
    const first = whole.get(key)
    const before = first ? first.before : row.before
    whole.set(key, { ...row, before })
  }
  return [...whole.values()].reverse()
}

async function takeBack(tx: Tx, { table, before, after }: RowChange): Promise<void> {
  if (before === null && after === null) return
  const { columns, key } = await shapeOf(tx, table)
  const [name, own] = [sql.table(table), sql`jsonb_build_object('tenant_id', current_setting('signalbox.tenant_id'))`]
  const list = sql.join(columns.map((column) => sql.ref(column)))
  const rowOf = (row: unknown) => sql`jsonb_populate_record(null::${name}, ${JSON.stringify(row)}::jsonb || ${own})`
  const isAsLeft = sql`(${sql.join(key.map((column) => sql`t.${sql.ref(column)}`))}) =
    (select ${sql.join(key.map((column) => sql`r.${sql.ref(column)}`))} from ${rowOf(after)} as r)
    and to_jsonb(t) - 'tenant_id' = ${JSON.stringify(after)}::jsonb`
  const insert = sql`insert into ${name} (${list}) select ${list} from ${rowOf(before)} as r returning 1`
  const remove = sql`delete from ${name} as t where ${isAsLeft} returning 1`
  const update = sql`update ${name} as t set (${list}) = (select ${list} from ${rowOf(onward(before, after))} as r)
    where ${isAsLeft} returning 1`
  const statement = after === null ? insert : before === null ? remove : update
  const { rows } = await statement.execute(tx).catch((error: unknown) => {
    throw isRefusal(error) ? cannot('What this would bring back is taken by something else now.') : error
  })
  if (rows.length === 0) throw cannot('Something else has changed this since. Make the opposite change by hand.')
}

/** A version only ever grows: who holds an old one must not find it valid again. */
function onward(before: RowChange['before'], after: RowChange['after']) {
  const version = after?.version
  return typeof version === 'number' ? { ...before, version: version + 1 } : before
}

/** Unique, foreign key, check and exclusion constraints, and refusals of triggers of ours. */
const REFUSALS = new Set(['23505', '23503', '23514', '23P01', 'SB003'])
const isRefusal = (error: unknown) => REFUSALS.has(String((error as { code?: unknown }).code))

async function shapeOf(tx: Tx, table: string): Promise<{ columns: string[]; key: string[] }> {
  const { rows } = await sql<{ name: string; isKey: boolean }>`
    select a.attname as name, a.attnum = any(i.indkey) as "isKey"
    from pg_attribute a join pg_index i on i.indrelid = a.attrelid and i.indisprimary
    where a.attrelid = ${table}::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    order by a.attnum`.execute(tx)
  return { columns: rows.map(({ name }) => name), key: rows.flatMap(({ name, isKey }) => (isKey ? [name] : [])) }
}
