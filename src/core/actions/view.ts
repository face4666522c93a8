import { z } from 'zod'
import { type AnyAction, RISKS } from './action.ts'
import { changedColumns, type Outcome } from './outcome.ts'
import type { ReceiptRow } from './store.ts'

const timestamp = z.iso.datetime()
const text = z.string()

export const ActionView = z
  .object({
    action: text,
    summary: text,
    risk: z.enum(RISKS).meta({
      description:
        '`safe` is applied at once, `confirm` and `never` with the token of a preview; `never` not by an assistant',
    }),
    permission: text,
    places: z.array(text),
    limit_per_day: z.int().nullable(),
    undo_within_minutes: z.int().nullable(),
    parameters: z.record(z.string(), z.unknown()).meta({ description: 'JSON Schema of its parameters' }),
  })
  .meta({ id: 'Action' })

export function presentAction(action: AnyAction): z.input<typeof ActionView> {
  return {
    ...{ action: action.name, summary: action.summary, risk: action.risk, permission: action.permission },
    ...{ places: [...action.places], limit_per_day: action.limitPerDay ?? null },
    undo_within_minutes: action.undoWithinMinutes ?? null,
    parameters: z.toJSONSchema(action.parameters, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>,
  }
}

const columns = z.record(z.string(), z.unknown()).nullable()

/** What comes, or came, of a plan. */
const consequences = {
  steps: z.array(z.object({ action: text, subject: text, summary: text, result: z.record(z.string(), z.unknown()) })),
  rows: z
    .array(
      z.object({
        table: text,
        id: text,
        operation: z.enum(['insert', 'update', 'delete']),
        before: columns,
        after: columns,
      }),
    )
    .meta({
      description:
        'Of an update the columns that change. In a preview new ids are `new:1`, `new:2`, … and the time of the change is `now`',
    }),
  people: z.array(z.object({ kind: text, id: text, name: text, effect: text })),
  money: z.array(z.object({ what: text, cents: z.int() })),
  clocks: z.array(z.object({ what: text, was: text.nullable(), becomes: text.nullable() })),
  warnings: z.array(text),
}

export function presentOutcome({ steps, rows, people, money, clocks, warnings }: Outcome) {
  return {
    ...{ steps, people, money, clocks, warnings },
    rows: rows.map((row) => ({ table: row.table, id: row.id, operation: row.operation, ...changedColumns(row) })),
  }
}

export const PlanView = z
  .object({
    ...consequences,
    risk: z.enum(RISKS),
    token: text.meta({ description: 'Lets exactly this happen, once, by whoever previewed it' }),
    expires_at: timestamp,
  })
  .meta({ id: 'ActionPlan' })

export const AppliedView = z.object({ receipt_id: z.uuid(), ...consequences }).meta({ id: 'AppliedActions' })

export const ReceiptView = z
  .object({
    receipt_id: z.uuid(),
    actor: text,
    on_behalf_of: text.nullable(),
    request_id: text,
    risk: z.enum(RISKS),
    was_previewed: z.boolean(),
    requested: z.array(z.object({ action: text, parameters: z.record(z.string(), z.unknown()) })),
    ...consequences,
    undo_until: timestamp.nullable(),
    undoes: z.uuid().nullable(),
    undone_by: z.uuid().nullable(),
    applied_at: timestamp,
  })
  .meta({ id: 'ActionReceipt' })

export function presentReceipt(receipt: ReceiptRow) {
  const { steps, outcome, plan_id, undo_until, applied_at, ...row } = receipt
  return {
    ...{ receipt_id: row.receipt_id, actor: row.actor, on_behalf_of: row.on_behalf_of, request_id: row.request_id },
    ...{ risk: row.risk, was_previewed: plan_id !== null, requested: steps, ...presentOutcome(outcome) },
    ...{ undo_until: undo_until?.toISOString() ?? null, undoes: row.undoes, undone_by: row.undone_by },
    applied_at: applied_at.toISOString(),
  }
}
