/** How much a signal matters, least first. The type `signal_severity` of the database has the same order. */
export const SEVERITIES = ['info', 'warning', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

export const SIGNAL_STATES = ['open', 'acknowledged', 'resolved'] as const
export type SignalState = (typeof SIGNAL_STATES)[number]

/** A row of the table. */
export type Signal = {
  tenant_id: string
  signal_id: string
  kind: string
  subject: string
  severity: Severity
  title: string
  facts: Record<string, unknown>
  dedupe_key: string
  state: SignalState
  snoozed_until: Date | null
  raised_at: Date
  acknowledged_at: Date | null
  acknowledged_by: string | null
  resolved_at: Date | null
  /** Null while it is not resolved, and when its cause went away. */
  resolved_by: string | null
  change: number
}
