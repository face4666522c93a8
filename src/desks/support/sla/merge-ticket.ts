import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import { changeTickets, type KnownTicket } from '../tickets/index.ts'

/**
 * Tells clocks that one ticket was merged into another, at once, and closes it where that is ours to say. Closing comes a millisecond
 * later: what is merged away was not resolved.
 */
export async function mergeTicket(
  tx: Tx,
  { merged, into, by, closes }: { merged: KnownTicket; into: KnownTicket; by: string; closes: boolean },
): Promise<void> {
  const now = new Date()
  const [away, absorbed] = [
    { kind: 'merged', into: into.external_id },
    { kind: 'absorbed', from: merged.external_id },
  ]
  await sql`
    insert into ticket_events (tenant_id, ticket_id, at, event)
    select current_setting('signalbox.tenant_id'), ticket_id, ${now}, event
    from (values (${merged.ticket_id}::uuid, ${JSON.stringify(away)}::jsonb), (${into.ticket_id}::uuid, ${JSON.stringify(absorbed)}::jsonb))
      as happened (ticket_id, event)`.execute(tx)
  if (!closes || merged.sla_status === 'closed') return
  const at = new Date(now.getTime() + 1).toISOString()
  const resolved = merged.resolved_at === null ? { resolved_at: at } : {}
  const desk = { sla_status: 'closed' as const, status_changed_at: at, closed_at: at, ...resolved }
  await changeTickets(tx, [{ ticket_id: merged.ticket_id, desk }], by)
}
