import { sql } from 'kysely'
import type { SystemTx } from '../../platform/database/index.ts'
import { POLICIES } from '../channels/index.ts'

const DELIVERED_KEPT_DAYS = 90
const AT_ONCE_MAX = 10_000

/**
 * Gives up what has waited too long behind a circuit that never closed, or for a channel that was switched off while it was
 * raised, and deletes what was delivered long ago.
 */
export async function giveUpOldDeliveries(tx: SystemTx): Promise<void> {
  const ages = Object.entries(POLICIES).map(([kind, { maxAgeSeconds }]) => ({ kind, seconds: maxAgeSeconds }))
  await sql`
    update deliveries set state = 'dead', ended_at = clock_timestamp(),
      last_failure = coalesce('Given up by its age: ' || last_failure, 'Given up by its age: its circuit was open, or its channel was switched off.')
    where (tenant_id, delivery_id) in (
      select tenant_id, delivery_id from deliveries join channels using (tenant_id, channel_id)
        join jsonb_to_recordset(${JSON.stringify(ages)}::jsonb) as age (kind text, seconds float8) on age.kind = channels.kind
      where state = 'waiting' and (started_at < now() - seconds * interval '1 second' or not is_enabled)
      limit ${AT_ONCE_MAX}) and state = 'waiting'`.execute(tx)
  await sql`
    delete from deliveries where (tenant_id, delivery_id) in (
      select tenant_id, delivery_id from deliveries
      where state = 'delivered' and ended_at < now() - ${DELIVERED_KEPT_DAYS} * interval '1 day' limit ${AT_ONCE_MAX})`.execute(
    tx,
  )
}

/** Deletes the circuits of channels that are gone. */
export const forgetCircuits = (tx: SystemTx) =>
  sql`
    delete from platform.circuits
    where name like 'channel:%' and not exists (select from channels where channels.circuit = circuits.name)`.execute(
    tx,
  )
