import { z } from 'zod'
import { moment } from '../../../kernel/moment.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { type DeliveredTicket, TICKET_STATUSES } from '../tickets/index.ts'

/** PostgreSQL text holds no NUL and UTF-8 no lone surrogate; both become the replacement character, visibly. */
const storable = (raw: string) => raw.replaceAll('\0', '\u{FFFD}').toWellFormed()
const text = (max: number) => z.string().max(max).transform(storable)

/** How much of a ticket that cannot be used is kept for whoever mends it. */
const REJECT_BODY_MAX = 10_000

const DeliveredBody = z.object({
  id: text(200).pipe(z.string().min(1)),
  tenant_id: z.string(),
  source: text(100),
  customer_id: text(200),
  subject: text(10_000),
  message: text(2_000_000),
  status: z.enum(TICKET_STATUSES),
  created_at: moment,
  updated_at: moment,
})

export type ReadPage = { tickets: DeliveredTicket[]; failed: { id: string; reason: string; body: string }[] }

/**
 * The tenant's own tickets of a page that mixes all tenants. A ticket of the tenant that cannot be used is set aside
 * with the reason; tickets of others, and what names no tenant, are passed over.
 */
export function readTickets(rows: readonly unknown[], tenantId: TenantId): ReadPage {
  const page: ReadPage = { tickets: [], failed: [] }
  for (const row of rows) {
    const named = row as { tenant_id?: unknown; id?: unknown } | null
    if (named?.tenant_id !== tenantId) continue
    const checked = DeliveredBody.safeParse(row)
    if (checked.success) {
      const { id, tenant_id: _, ...ticket } = checked.data
      page.tickets.push({ external_id: id, ...ticket })
    } else {
      const reason = checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
      const id = storable(String(named.id)).slice(0, 200)
      page.failed.push({
        id,
        reason: reason.slice(0, 500),
        body: storable(JSON.stringify(row)).slice(0, REJECT_BODY_MAX),
      })
    }
  }
  return page
}
