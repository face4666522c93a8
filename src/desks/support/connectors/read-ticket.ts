import { z } from 'zod'
import { moment } from '../../../kernel/moment.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { type DeliveredTicket, TICKET_STATUSES } from '../tickets/index.ts'
import type { FailedTicket } from './port.ts'

/** PostgreSQL text holds no NUL and UTF-8 no lone surrogate; both become the replacement character, visibly. */
const storable = (raw: string) => raw.replaceAll('\0', '\u{FFFD}').toWellFormed()
const text = (max: number) => z.string().max(max).transform(storable)

/** How much of a ticket that cannot be used is kept for whoever mends it. */
const REJECT_BODY_MAX = 10_000

const DeliveredBody = z.object({
  id: text(200).pipe(z.string().min(1)),
  source: text(100),
  customer_id: text(200),
  subject: text(10_000),
  message: text(2_000_000),
  status: z.enum(TICKET_STATUSES),
  created_at: moment,
  updated_at: moment,
})

export type ReadTickets = { tickets: DeliveredTicket[]; failed: FailedTicket[] }

/**
 * Checks the fields of a ticket, given in our names; `delivered` is what the helpdesk sent, kept for whoever mends it
 * when they cannot be used.
 */
export function readTicket(
  fields: { readonly [field: string]: unknown },
  delivered: unknown,
): DeliveredTicket | FailedTicket {
  const checked = DeliveredBody.safeParse(fields)
  if (checked.success) {
    const { id, ...ticket } = checked.data
    return { external_id: id, ...ticket }
  }
  const reason = checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
  return failedTicket(fields.id, reason, delivered)
}

/** Sets a ticket aside. */
export function failedTicket(id: unknown, reason: string, delivered: unknown): FailedTicket {
  const body = typeof delivered === 'string' ? delivered : JSON.stringify(delivered)
  return {
    id: beginning(String(id ?? ''), 200),
    reason: beginning(reason, 500),
    body: beginning(body, REJECT_BODY_MAX),
    complete: body.length <= REJECT_BODY_MAX,
  }
}

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
