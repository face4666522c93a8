import {
  type DeliveredTicket,
  type DeskFields,
  type KnownTicket,
  STATUS_OF,
  type TicketChanges,
} from '../tickets/index.ts'
import { DONE, mayBecome } from './status.ts'
import type { Refusal, TicketRow } from './ticket-row.ts'

/** How far ahead of our clock a time may be. Later ones are refused: nobody knows the future. */
export const AHEAD_SECONDS_MAX = 300

export type Plan =
  | { outcome: 'created'; ticket: DeliveredTicket }
  | { outcome: 'updated'; change: TicketChanges }
  | { outcome: 'unchanged' }
  | { outcome: 'refused'; refusal: Refusal }

const refuse = (code: Refusal['code'], field: string, message: string): Plan => ({
  ...{ outcome: 'refused', refusal: { code, field, message } },
})

/** What is known of a ticket before a row is applied. */
export type Known = Omit<KnownTicket, 'origin' | 'external_id'>

/** What a row does to a ticket, which is not there yet where `known` is undefined. Pure. */
export function planRow({ id, row }: { id: string; row: TicketRow }, known: Known | undefined, now: Date): Plan {
  const updatedAt = row.updated_at ?? now.toISOString()
  const createdAt = known?.created_at.toISOString() ?? row.created_at ?? updatedAt
  if (known && row.updated_at !== undefined && known.deleted_at === null) {
    if (Date.parse(row.updated_at) === known.updated_at.getTime()) return { outcome: 'unchanged' }
    if (Date.parse(row.updated_at) < known.updated_at.getTime()) {
      return refuse('outdated', 'updated_at', `is older than what is stored, of ${known.updated_at.toISOString()}`)
    }
  }
  const problem = checkTimes(row, { createdAt, updatedAt }, now) ?? checkStatus(row, known) ?? checkTexts(row, known)
  if (problem) return { outcome: 'refused', refusal: problem }
  const desk = deskOf(row, known, { createdAt, updatedAt })
  if (known) {
    const { subject, content: message, source, customer_id } = row
    return {
      outcome: 'updated',
      change: { ticket_id: known.ticket_id, updated_at: updatedAt, subject, message, source, customer_id, desk },
    }
  }
  return {
    outcome: 'created',
    ticket: {
      ...{ external_id: id, source: row.source ?? 'api', customer_id: row.customer_id ?? 'unknown' },
      ...{ subject: row.subject ?? '', message: row.content ?? '', status: STATUS_OF[row.status ?? 'open'] },
      ...{ created_at: createdAt, updated_at: updatedAt, desk: { sla_status: 'open', ...desk } },
    },
  }
}

const TIMES = ['first_response_at', 'resolved_at', 'closed_at', 'answered_at', 'customer_wrote_at'] as const

function checkTimes(
  row: TicketRow,
  { createdAt, updatedAt }: { createdAt: string; updatedAt: string },
  now: Date,
): Refusal | undefined {
  const latest = now.getTime() + AHEAD_SECONDS_MAX * 1_000
  const said = [...(['created_at', 'updated_at'] as const), ...TIMES]
  const ahead = said.find((field) => row[field] && Date.parse(row[field]) > latest)
  if (ahead)
    return { code: 'in_future', field: ahead, message: `lies more than ${AHEAD_SECONDS_MAX / 60} minutes ahead` }
  const before = TIMES.find((field) => row[field] && row[field] < createdAt)
  const field = before ?? (updatedAt < createdAt ? 'updated_at' : undefined)
  if (field) return { code: 'before_creation', field, message: `is before the ticket was created, ${createdAt}` }
  return undefined
}

function checkStatus(row: TicketRow, known: Known | undefined): Refusal | undefined {
  const from = known?.sla_status
  const to = row.status ?? from ?? 'open'
  if (from !== undefined && !mayBecome(from, to)) {
    return { code: 'illegal_transition', field: 'status', message: `a ticket that is ${from} cannot become ${to}` }
  }
  const isDone = DONE.has(to)
  const contradiction = (field: string, message: string): Refusal => ({ code: 'contradiction', field, message })
  if (row.resolved_at && !isDone) return contradiction('resolved_at', `the ticket is ${to}; send its status with it`)
  if (row.closed_at && to !== 'closed')
    return contradiction('closed_at', `the ticket is ${to}; send its status with it`)
  if (row.resolved_at === null && isDone)
    return contradiction('resolved_at', `cannot be taken away while the ticket is ${to}`)
  if (row.closed_at === null && to === 'closed')
    return contradiction('closed_at', 'cannot be taken away from a closed ticket')
  if (row.first_response_at === null && known?.first_response_at) {
    return contradiction('first_response_at', 'cannot be taken back: the customer has been answered')
  }
  if (row.resolved_at && row.closed_at && row.closed_at < row.resolved_at) {
    return contradiction('closed_at', 'is before resolved_at')
  }
  return undefined
}

function checkTexts(row: TicketRow, known: Known | undefined): Refusal | undefined {
  if (known) return undefined
  const missing = (['subject', 'content'] as const).find((field) => row[field] === undefined)
  return missing && { code: 'missing', field: missing, message: 'is needed for a new ticket' }
}

/** What the row says, and the times of its change of status as far as they were not sent. */
function deskOf(
  row: TicketRow,
  known: Known | undefined,
  { createdAt, updatedAt }: { createdAt: string; updatedAt: string },
): Partial<DeskFields> {
  const from = known?.sla_status ?? 'open'
  const to = row.status ?? from
  const [wasDone, isDone] = [known !== undefined && DONE.has(from), DONE.has(to)]
  const resolved = row.resolved_at ?? (isDone && !wasDone ? (row.closed_at ?? updatedAt) : undefined)
  const closed = row.closed_at ?? (to === 'closed' && (!known || from !== 'closed') ? updatedAt : undefined)
  // When it became what it is: of what is done, when that was.
  const changed = (to === 'closed' ? closed : to === 'resolved' ? resolved : undefined) ?? updatedAt
  const fields = {
    ...{ sla_status: row.status, priority: row.priority, tier: row.customer_tier },
    ...{ group: row.group, assignee: row.assignee, tags: row.tags, first_response_at: row.first_response_at },
    ...{ answered_at: row.answered_at, customer_wrote_at: row.customer_wrote_at },
    status_changed_at: to !== from ? changed : known ? undefined : createdAt,
    resolved_at: resolved ?? (wasDone && !isDone ? null : undefined),
    closed_at: closed ?? (wasDone && !isDone ? null : undefined),
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
