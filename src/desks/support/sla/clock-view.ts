import { z } from 'zod'
import type { Clock, ClockTarget, SubjectClocks, SubjectState } from '../../../core/clocks/index.ts'
import { PRIORITIES, SLA_STATUSES, type SlaStatus, TIERS } from '../tickets/index.ts'

/** A clock as the desk shows it: `on_track` and `at_risk` are two halves of running, parted by its first warning. */
export const SHOWN_STATES = ['on_track', 'at_risk', 'breached', 'paused', 'met', 'met_late', 'cancelled'] as const
export type ShownState = (typeof SHOWN_STATES)[number]

export const OVERALL_STATES = [...SHOWN_STATES, 'none'] as const satisfies readonly SubjectState[]

const timestamp = z.iso.datetime()
const seconds = z.number()

export const ClockView = z
  .object({
    deadline: timestamp.nullable().meta({ description: 'Null while it is paused' }),
    deadline_if_resumed: timestamp
      .nullable()
      .meta({ description: 'While it is paused: the deadline if it went on now' }),
    remaining_seconds: seconds.meta({
      description: 'Of open time by its calendar; negative when late. Of a met one: what was left',
    }),
    percentage_remaining: z.number().meta({ description: 'Of the target; negative when late' }),
    is_breached: z.boolean().meta({ description: 'It was late, whether or not it was met then' }),
    state: z.enum(SHOWN_STATES),
    met_at: timestamp.nullable(),
    breached_at: timestamp.nullable(),
    started_at: timestamp,
    target_seconds: seconds,
    elapsed_seconds: seconds,
    paused_seconds: seconds,
    overdue_seconds: seconds,
    policy: z
      .string()
      .nullable()
      .meta({ description: 'The version of the policy and the rule by which it is measured' }),
    calendar: z.string().nullable(),
  })
  .meta({ id: 'SlaClock' })

export const TicketSlaView = z
  .object({
    ticket_id: z.uuid(),
    external_id: z.string(),
    subject: z.string().meta({ description: 'Its first 500 characters' }),
    customer_id: z.string(),
    priority: z.enum(PRIORITIES),
    customer_tier: z.enum(TIERS),
    status: z.enum(SLA_STATUSES),
    group: z.string().nullable(),
    assignee: z.string().nullable(),
    tags: z.array(z.string()),
    created_at: timestamp,
    updated_at: timestamp,
    response_sla: ClockView.nullable().meta({ description: 'The first response; null: no rule has a target for it' }),
    next_response_sla: ClockView.nullable().meta({ description: 'The answer to the customer’s last message' }),
    resolution_sla: ClockView.nullable(),
    overall_state: z.enum(OVERALL_STATES).meta({
      description:
        'Of all clocks: breached before at risk before on track; paused when each open one is; `none`: nothing is measured',
    }),
    next_deadline: timestamp.nullable().meta({ description: 'Of those that are not over' }),
  })
  .meta({ id: 'TicketSla' })

/** A ticket, as far as it stands beside its clocks. */
export type SlaTicket = {
  ticket_id: string
  external_id: string
  subject: string
  customer_id: string
  priority: (typeof PRIORITIES)[number]
  tier: (typeof TIERS)[number]
  sla_status: SlaStatus
  group_name: string | null
  assignee: string | null
  tags: string[]
  created_at: Date
  updated_at: Date
}

const isoOf = (atMs: number | null): string | null => (atMs === null ? null : new Date(atMs).toISOString())
const inSeconds = (ms: number): number => ms / 1_000

export function shownState({ state, thresholds }: Clock): ShownState {
  if (state !== 'running') return state
  const isWarned = thresholds.some(({ level, reachedMs }) => level === undefined && reachedMs !== null)
  return isWarned ? 'at_risk' : 'on_track'
}

export function presentClock(clock: Clock): z.output<typeof ClockView> {
  const { targetMs, elapsedMs, state } = clock
  const leftMs = targetMs - elapsedMs
  return {
    deadline: isoOf(clock.dueMs),
    deadline_if_resumed: isoOf(clock.dueIfResumedMs),
    remaining_seconds: inSeconds(leftMs),
    percentage_remaining: Math.round((leftMs / targetMs) * 10_000) / 100,
    is_breached: clock.breachedMs !== null,
    state: shownState(clock),
    met_at: state === 'met' || state === 'met_late' ? isoOf(clock.endedMs) : null,
    breached_at: isoOf(clock.breachedMs),
    started_at: new Date(clock.startMs).toISOString(),
    target_seconds: inSeconds(targetMs),
    elapsed_seconds: inSeconds(elapsedMs),
    paused_seconds: inSeconds(clock.pausedMs),
    overdue_seconds: inSeconds(clock.overdueMs),
    policy: clock.terms?.policyKey ?? null,
    calendar: clock.terms?.calendarKey ?? null,
  }
}

/** The last round of a target. */
const lastOf = (clocks: SubjectClocks | undefined, target: ClockTarget): Clock | undefined =>
  clocks?.clocks.find((one) => one.target === target)?.rounds.at(-1)

/** A ticket with its clocks at the moment at which they were read; without any when nothing is known of it. */
export function presentTicketSla(ticket: SlaTicket, clocks: SubjectClocks | undefined): z.output<typeof TicketSlaView> {
  const shown = (target: ClockTarget) => {
    const clock = lastOf(clocks, target)
    return clock === undefined ? null : presentClock(clock)
  }
  return {
    ...{ ticket_id: ticket.ticket_id, external_id: ticket.external_id, subject: ticket.subject },
    ...{ customer_id: ticket.customer_id, priority: ticket.priority, customer_tier: ticket.tier },
    ...{ status: ticket.sla_status, group: ticket.group_name, assignee: ticket.assignee, tags: ticket.tags },
    ...{ created_at: ticket.created_at.toISOString(), updated_at: ticket.updated_at.toISOString() },
    response_sla: shown('first_response'),
    next_response_sla: shown('next_response'),
    resolution_sla: shown('resolution'),
    overall_state: overallState(clocks),
    next_deadline: isoOf(clocks?.standing.nextDueMs ?? null),
  }
}

/** As SQL says it of the table: see `subjectStateNow`. */
export function overallState(clocks: SubjectClocks | undefined): SubjectState {
  if (clocks === undefined || !clocks.standing.hasClocks) return 'none'
  const { nowMs, standing } = clocks
  const { breachedFromMs, atRiskFromMs, isPaused, outcome } = standing
  if (breachedFromMs !== null && breachedFromMs <= nowMs) return 'breached'
  if (atRiskFromMs !== null && atRiskFromMs <= nowMs) return 'at_risk'
  if (isPaused) return 'paused'
  return outcome ?? 'on_track'
}
