import { z } from 'zod'
import { moment, plainMoment } from '../../../kernel/moment.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import {
  cutMessage,
  type DeliveredTicket,
  type DeskFields,
  MESSAGE_BYTES_MAX,
  TICKET_STATUSES,
} from '../tickets/index.ts'
import type { FailedTicket } from './port.ts'

/** PostgreSQL text holds no NUL and UTF-8 no lone surrogate; both become the replacement character, visibly. */
const storable = (raw: string) => raw.replaceAll('\0', '\u{FFFD}').toWellFormed()
const text = (max: number) => z.string().max(max).transform(storable)

/** How much of a ticket that cannot be used is kept for whoever mends it. */
const REJECT_BODY_MAX = 10_000

/** The source of a ticket whose helpdesk says something else than a short text: no reason to lose the ticket. */
const UNKNOWN_SOURCE = 'unknown'

const DeliveredBody = z.object({
  id: text(200).pipe(z.string().min(1)),
  source: text(100).pipe(z.string().min(1)).catch(UNKNOWN_SOURCE),
  customer_id: text(200),
  subject: text(10_000),
  // As long as it arrived: what is too long is cut, not set aside.
  message: z.string().transform(storable).transform(cutMessage),
  status: z.enum(TICKET_STATUSES),
  created_at: moment,
  updated_at: moment,
})

export type ReadTickets = { tickets: DeliveredTicket[]; failed: FailedTicket[] }

type Fields = { readonly [field: string]: unknown }

/** So many units of UTF-16 are never too long. */
const MESSAGE_UNITS_PLAIN = Math.floor(MESSAGE_BYTES_MAX / 3)

const isPlain = (value: unknown, max: number): value is string =>
  typeof value === 'string' && value.length <= max && !value.includes('\0') && value.isWellFormed()
const statuses: ReadonlySet<unknown> = new Set(TICKET_STATUSES)

/**
 * The ticket as the schema reads it when nothing about it is unusual; undefined otherwise: then the schema decides. The
 * schema takes 16 µs a ticket, a third of what storing it takes; this takes one.
 */
export function readPlainly(fields: Fields): DeliveredTicket | undefined {
  const { id, source, customer_id, subject, message, status } = fields
  const created_at = typeof fields.created_at === 'string' ? plainMoment(fields.created_at) : undefined
  const updated_at = typeof fields.updated_at === 'string' ? plainMoment(fields.updated_at) : undefined
  if (created_at === undefined || updated_at === undefined || !statuses.has(status)) return undefined
  if (id === '' || source === '') return undefined
  if (!isPlain(id, 200) || !isPlain(source, 100) || !isPlain(customer_id, 200)) return undefined
  if (!isPlain(subject, 10_000) || !isPlain(message, MESSAGE_UNITS_PLAIN)) return undefined
  return {
    ...{ external_id: id, source, customer_id, subject, message },
    ...{ status: status as DeliveredTicket['status'], created_at, updated_at },
  }
}

/** The ticket as the schema reads it, or what is wrong with it. */
export function readBySchema(fields: Fields): DeliveredTicket | { problems: z.core.$ZodIssue[] } {
  const checked = DeliveredBody.safeParse(fields)
  if (!checked.success) return { problems: checked.error.issues }
  const { id, ...ticket } = checked.data
  return { external_id: id, ...ticket }
}

/**
 * Checks the fields of a ticket, given in our names; `delivered` is what the helpdesk sent, kept for whoever mends it
 * when they cannot be used. What stands in `desk` was checked already.
 */
export function readTicket(
  fields: Fields,
  delivered: unknown,
  desk?: Partial<DeskFields>,
): DeliveredTicket | FailedTicket {
  const read = readPlainly(fields) ?? readBySchema(fields)
  if (!('problems' in read)) return desk === undefined ? read : { ...read, desk }
  const reason = read.problems.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
  return failedTicket(fields.id, reason, delivered)
}

/** Sets a ticket aside. Never throws, whatever was delivered: one bad ticket must not cost the others of its page. */
export function failedTicket(id: unknown, reason: string, delivered: unknown): FailedTicket {
  const body = typeof delivered === 'string' ? delivered : jsonOf(delivered)
  return {
    id: beginning(shortly(id), 200),
    reason: beginning(reason, 500),
    body: beginning(body ?? '', REJECT_BODY_MAX),
    complete: body !== undefined && body.length <= REJECT_BODY_MAX,
  }
}

/** Undefined for what is nested so deeply that it can be parsed and not be written. */
function jsonOf(delivered: unknown): string | undefined {
  try {
    return JSON.stringify(delivered)
  } catch {
    return undefined
  }
}

/** What stands where a short text belongs; an object says nothing, and may have a `toString` that is none. */
export const shortly = (value: unknown): string =>
  ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : ''

/** A cut can halve a surrogate pair, so it comes before the mending. */
const beginning = (raw: string, max: number) => storable(raw.slice(0, max))

/**
 * An id that a helpdesk writes as a number. One past 2^53 has lost digits in JSON and may be another's: undefined, as when
 * there is none, and the ticket is set aside.
 */
export function idText(id: unknown): string | undefined {
  if (typeof id === 'string') return id
  return Number.isSafeInteger(id) ? String(id) : undefined
}

/** The row of a list when it is an object; otherwise an empty one, so that what is wrong is told field by field. */
export const fieldsOf = (row: unknown): Readonly<Record<string, unknown>> =>
  typeof row === 'object' && row !== null ? (row as Record<string, unknown>) : {}

/**
 * Of rows with the same id the last: what a helpdesk tells later in one answer is how the ticket is now. Rows without an
 * id are all kept.
 */
export function latestRows(rows: readonly unknown[]): readonly unknown[] {
  const idOf = (row: unknown) => idText(fieldsOf(row).id)
  const lastAt = new Map(rows.map((row, index) => [idOf(row), index]))
  return rows.filter((row, index) => idOf(row) === undefined || lastAt.get(idOf(row)) === index)
}

export const isFailed = (read: DeliveredTicket | FailedTicket): read is FailedTicket => 'reason' in read

/** The usable tickets and the others, each in the order they came. */
export function sortOut(read: readonly (DeliveredTicket | FailedTicket)[]): ReadTickets {
  const sorted: ReadTickets = { tickets: [], failed: [] }
  for (const each of read) {
    if (isFailed(each)) sorted.failed.push(each)
    else sorted.tickets.push(each)
  }
  return sorted
}

/**
 * The tenant's own tickets of a page that mixes all tenants. A ticket of the tenant that cannot be used is set aside
 * with the reason; tickets of others, and what names no tenant, are passed over.
 */
export function readTickets(rows: readonly unknown[], tenantId: TenantId): ReadTickets {
  const own = rows.filter(
    (row): row is Record<string, unknown> => (row as Record<string, unknown>)?.tenant_id === tenantId,
  )
  return sortOut(own.map((row) => readTicket(row, row)))
}
