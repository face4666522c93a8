import type { SignalState } from './state.ts'

/** How much a signal matters, least first. The type `signal_severity` of the database has the same order. */
export const SEVERITIES = ['info', 'warning', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

/** What somebody raises. */
export type NewSignal = {
  /** `<thing>.<what>`, e.g. `ticket.urgent`. */
  kind: string
  /** What it is about, as `<thing>:<id>`. */
  subject: string
  severity: Severity
  /** A sentence for people. */
  title: string
  facts?: Record<string, unknown>
  /** The cause: while its signal is not resolved, there is no second one. */
  dedupeKey: string
}

/** What a signal of a tenant and one of the operators have in common. */
export type RaisedSignal = {
  signal_id: string
  kind: string
  subject: string
  severity: Severity
  title: string
  facts: Record<string, unknown>
  state: SignalState
  raised_at: Date
  acknowledged_at: Date | null
  acknowledged_by: string | null
  resolved_at: Date | null
  /** Null while it is not resolved, and when its cause went away. */
  resolved_by: string | null
}

/** A row of the table. */
export type Signal = RaisedSignal & {
  tenant_id: string
  snoozed_until: Date | null
  change: number
}
