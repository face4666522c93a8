import { z } from 'zod'
import { type RaisedSignal, SEVERITIES, type Signal } from './signal.ts'
import { SIGNAL_STATES } from './state.ts'

const timestamp = z.iso.datetime()

const common = {
  signal_id: z.uuid(),
  kind: z.string().meta({ example: 'ticket.urgent' }),
  subject: z.string().meta({ description: 'What it is about, as `<thing>:<id>`' }),
  severity: z.enum(SEVERITIES),
  title: z.string(),
  facts: z.record(z.string(), z.unknown()),
  state: z.enum(SIGNAL_STATES),
  raised_at: timestamp,
  acknowledged_at: timestamp.nullable(),
  acknowledged_by: z.string().nullable(),
  resolved_at: timestamp.nullable(),
  resolved_by: z.string().nullable().meta({ description: 'Of a resolved one null: its cause went away' }),
}

export const SignalView = z
  .strictObject({
    ...common,
    tenant_id: z.string(),
    snoozed_until: timestamp.nullable().meta({ description: 'While it is not resolved: not listed until then' }),
    change: z
      .int()
      .meta({ description: 'Grows with every change of the tenant’s signals: the larger one is the newer' }),
  })
  .meta({ id: 'Signal' })

export const OperatorSignalView = z.strictObject(common).meta({ id: 'OperatorSignal' })

export function presentSignal({ tenant_id, snoozed_until, change, ...signal }: Signal): z.output<typeof SignalView> {
  return { ...presentOperatorSignal(signal), tenant_id, snoozed_until: snoozed_until?.toISOString() ?? null, change }
}

export function presentOperatorSignal(signal: RaisedSignal): z.output<typeof OperatorSignalView> {
  return {
    ...signal,
    raised_at: signal.raised_at.toISOString(),
    acknowledged_at: signal.acknowledged_at?.toISOString() ?? null,
    resolved_at: signal.resolved_at?.toISOString() ?? null,
  }
}
