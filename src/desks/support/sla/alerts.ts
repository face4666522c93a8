import { sql } from 'kysely'
import { z } from 'zod'
import { SEVERITIES, SIGNAL_STATES, SIGNALS, type Signal } from '../../../core/signals/index.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { SLA_TYPES, typeOf } from './report/decided.ts'

/** What is told of clocks of tickets: signals, seen from the ticket. */
export const SLA_KINDS = ['sla.warning', 'sla.breached', 'sla.escalated'] as const
export type SlaKind = (typeof SLA_KINDS)[number]

export const ALERT_TYPES = ['warning', 'breach', 'escalation'] as const
const TYPE_OF: Readonly<Record<SlaKind, (typeof ALERT_TYPES)[number]>> = {
  'sla.warning': 'warning',
  'sla.breached': 'breach',
  'sla.escalated': 'escalation',
}
export const KIND_OF = Object.fromEntries(Object.entries(TYPE_OF).map(([kind, type]) => [type, kind])) as Record<
  (typeof ALERT_TYPES)[number],
  SlaKind
>

export const isSlaKind = (kind: string): kind is SlaKind => (SLA_KINDS as readonly string[]).includes(kind)

const timestamp = z.iso.datetime()

export const SlaAlertView = z
  .object({
    id: z.uuid().meta({ description: 'Of the signal' }),
    alert_type: z.enum(ALERT_TYPES),
    severity: z.enum(SEVERITIES),
    title: z.string(),
    ticket_id: z.uuid().nullable().meta({ description: 'Null: it tells of many tickets together' }),
    ticket_external_id: z.string().nullable(),
    sla_type: z.enum(SLA_TYPES).nullable(),
    deadline: timestamp.nullable(),
    remaining_seconds: z.number().nullable().meta({ description: 'When it was raised; negative when late' }),
    escalation_level: z.int().nullable(),
    state: z.enum(SIGNAL_STATES),
    triggered_at: timestamp,
    snoozed_until: timestamp.nullable(),
    acknowledged_at: timestamp.nullable(),
    acknowledged_by: z.string().nullable(),
    resolved_at: timestamp.nullable(),
    resolved_by: z.string().nullable(),
    facts: z
      .record(z.string(), z.unknown())
      .meta({ description: 'Target, deadline, level, and what the ticket was like' }),
  })
  .meta({ id: 'SlaAlert' })

/** What is said of the clock when the signal was raised; nothing of it where it tells of many. */
function ofClock({ external_id, target, deadline_at, left_seconds, level }: Signal['facts']) {
  return {
    ticket_external_id: typeof external_id === 'string' ? external_id : null,
    sla_type: typeof target === 'string' ? typeOf(target) : null,
    deadline: typeof deadline_at === 'string' ? deadline_at : null,
    remaining_seconds: typeof left_seconds === 'number' ? left_seconds : null,
    escalation_level: typeof level === 'number' ? level : null,
  }
}

const iso = (at: Date | null) => at?.toISOString() ?? null

export function presentAlert(signal: Signal): z.output<typeof SlaAlertView> {
  const { signal_id, kind, subject, severity, title, state, facts } = signal
  const [, ticketId = null] = /^ticket:([0-9a-f-]{36})$/.exec(subject) ?? []
  return {
    ...{ id: signal_id, alert_type: isSlaKind(kind) ? TYPE_OF[kind] : 'warning', severity, title, ticket_id: ticketId },
    ...ofClock(facts),
    ...{ state, facts, triggered_at: signal.raised_at.toISOString(), snoozed_until: iso(signal.snoozed_until) },
    ...{ acknowledged_at: iso(signal.acknowledged_at), acknowledged_by: signal.acknowledged_by },
    ...{ resolved_at: iso(signal.resolved_at), resolved_by: signal.resolved_by },
  }
}

/** Alerts that a page shows of one ticket: more levels than a policy has. */
const OF_TICKET_MAX = 20

/** What is told of each of these tickets and not resolved, the newest first; also by a signal that tells of many. */
export async function alertsOf(tx: Tx, ticketIds: readonly string[]): Promise<Map<string, Signal[]>> {
  if (ticketIds.length === 0) return new Map()
  const { rows } = await sql<Signal & { of_ticket: string }>`
    select of_ticket, told.* from unnest(${[...ticketIds]}::uuid[]) as of_ticket cross join lateral (
      select ${SIGNALS.columns} from signals
      where state <> 'resolved' and signal_id in (
        select signal_id from clock_alerts
        where kind = 'ticket' and subject_id = of_ticket and signal_id is not null and resolved_at is null)
      order by signal_id desc limit ${OF_TICKET_MAX}
    ) as told`.execute(tx)
  return Map.groupBy(rows, ({ of_ticket }) => of_ticket)
}
