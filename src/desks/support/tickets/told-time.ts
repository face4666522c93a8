import { hash } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import type { ComparedAt, DeliveredTicket } from './ticket.ts'

const NEVER = '-infinity'

/**
 * A ticket as it was told now. A time ahead of our clock by more than the skew is kept and says nothing: such a version is
 * taken when it is told, and gives way to what is told after it, unless that is older than what was told before.
 */
export const toldAt = <Ticket extends DeliveredTicket>(
  ticket: Ticket,
  { now, skewSeconds }: { now: number; skewSeconds: number },
): Ticket & ComparedAt => ({
  ...ticket,
  compared_at: Date.parse(ticket.updated_at) > now + skewSeconds * 1_000 ? NEVER : null,
})

/** What is left of tickets told one after the other: of each one version, as if each had been stored before the next came. */
export function lastTold<Ticket extends DeliveredTicket & ComparedAt>(tickets: readonly Ticket[]): readonly Ticket[] {
  const left = new Map<string, Ticket>()
  for (const ticket of tickets) {
    const before = left.get(ticket.external_id)
    if (!before) left.set(ticket.external_id, ticket)
    else if (ticket.compared_at !== null) left.set(ticket.external_id, { ...ticket, compared_at: comparedBy(before) })
    else if (Date.parse(ticket.updated_at) >= millisecondsOf(comparedBy(before))) left.set(ticket.external_id, ticket)
  }
  return left.size === tickets.length ? tickets : [...left.values()]
}

const comparedBy = (ticket: DeliveredTicket & ComparedAt) => ticket.compared_at ?? ticket.updated_at
const millisecondsOf = (time: string) => (time === NEVER ? Number.NEGATIVE_INFINITY : Date.parse(time))

/** What is stored of a ticket, as far as it decides whether a delivered version is news. */
export type StoredVersion = { external_id: string; updated_at: Date; is_ahead: boolean; digest: string }

/**
 * Whether storing a version could change anything. It says so also where the stored row has to decide, and never no where
 * there is something to store: a stored version gives way to the same and to later times only.
 */
export function isNews(told: DeliveredTicket & ComparedAt, stored: StoredVersion): boolean {
  const isAhead = told.compared_at !== null
  const [at, storedAt] = [Date.parse(told.updated_at), stored.updated_at.getTime()]
  if (at > storedAt || isAhead !== stored.is_ahead) return true
  if (at < storedAt && !isAhead) return false
  // The digest knows no more than what every source says.
  return told.desk !== undefined || digestOf(told) !== stored.digest
}

const FIELDS = ['source', 'customer_id', 'subject', 'message', 'status'] as const

/** Of what a helpdesk says, its times left out but for that of the creation. PostgreSQL’s text holds no NUL. */
const digestOf = (ticket: DeliveredTicket): string =>
  hash('sha256', [...FIELDS.map((field) => ticket[field]), Date.parse(ticket.created_at)].join('\0'))

/** The same of a stored ticket. */
export const DIGEST: RawBuilder<string> = sql.raw(
  `encode(sha256(${FIELDS.map((field) => `convert_to(${field}, 'UTF8') || '\\x00'::bytea`).join(' || ')}
      || convert_to((extract(epoch from created_at) * 1000)::bigint::text, 'UTF8')), 'hex')`,
)
