import { randomStream } from '../random.ts'
import type { StoredTicket } from '../tickets.ts'

export const KEYWORDS = [
  'refund',
  'charged twice',
  'lawsuit',
  'angry',
  'broken',
  'urgent',
  'help',
  'question',
  'feature request',
  'login issue',
  'GDPR',
  'cancel',
] as const
export const SOURCES = ['email', 'web', 'chat', 'api'] as const
export const STATUSES = ['open', 'closed', 'pending'] as const

const FIRST_HOUR = Date.UTC(2026, 0, 1)
const DAYS = 26

/** The external id of the n-th ticket: ext-001 … ext-999, ext-1000 … */
export const externalId = (number: number): string => `ext-${String(number).padStart(3, '0')}`

/** tenant_a … tenant_z, then tenant_aa, tenant_ab … as spreadsheet columns are named. */
export function tenantId(index: number): string {
  let letters = ''
  for (let rest = index + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCharCode(97 + ((rest - 1) % 26)) + letters
  }
  return `tenant_${letters}`
}

/** A time as the provider writes it: whole seconds, UTC. */
export const timestamp = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`

/**
 * The shipped shape: every field drawn independently and uniformly, the subject's keyword and the message's keyword
 * too, times on whole hours of the first 26 days of 2026.
 */
export function specificationTickets(shape: { seed: number; tickets: number; tenants: number }): StoredTicket[] {
  const random = randomStream(shape.seed, 'specification')
  return Array.from({ length: shape.tickets }, (_, index) => {
    const id = externalId(index + 1)
    return {
      id,
      tenant_id: tenantId(random.integer(0, shape.tenants - 1)),
      source: random.pick(SOURCES),
      customer_id: `cust_${random.integer(100, 999)}`,
      subject: `Issue ${id}: ${random.pick(KEYWORDS)}`,
      message: `This is a message about ${random.pick(KEYWORDS)}. `.repeat(3),
      created_at: timestamp(FIRST_HOUR + (random.integer(0, DAYS - 1) * 24 + random.integer(0, 23)) * 3_600_000),
      status: random.pick(STATUSES),
    }
  })
}
