import type { TenantId } from '../../../../kernel/tenant-id.ts'
import { type FailedTicket, failedTicket, readTicket, shortly } from '../../connectors/index.ts'
import { type DeliveredTicket, unguard } from '../../tickets/index.ts'

/**
 * A ticket of a file: our own export's fields, or the provider's. Optional are `source` (import), `status` (open) and
 * `updated_at` (`created_at`). A row that names another tenant is set aside: it is from another tenant's export.
 */
export function readImported(
  delivered: Readonly<Record<string, unknown>>,
  tenantId: TenantId,
): DeliveredTicket | FailedTicket {
  const fields = withoutGuards(delivered)
  const id = fields.external_id ?? fields.id
  const owner = orElse(fields.tenant_id, tenantId)
  if (owner !== tenantId)
    return failedTicket(id, `tenant_id: the ticket belongs to ${shortly(owner) || 'another tenant'}`, delivered)
  const ticket = {
    ...fields,
    id,
    source: orElse(fields.source, 'import'),
    status: orElse(fields.status, 'open'),
    updated_at: orElse(fields.updated_at, fields.created_at),
  }
  return readTicket(ticket, delivered)
}

/** An empty cell says as little as a missing column. */
const orElse = (value: unknown, otherwise: unknown) => (value === undefined || value === '' ? otherwise : value)

/** Our own export guards cells that a spreadsheet would take for formulas. */
const withoutGuards = (fields: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? unguard(value) : value]),
  )
