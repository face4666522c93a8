import { sql } from 'kysely'
import type { Database } from '../../platform/database/index.ts'
import { POLICIES } from '../channels/index.ts'

/**
 * Gives up what has waited too long behind a circuit that never closed, or for a channel that was switched off while it was
 * raised. Returns how many, at most `limit`.
 */
export function giveUpOldDeliveries(database: Database, limit: number): Promise<number> {
  const ages = Object.entries(POLICIES).map(([kind, { maxAgeSeconds }]) => ({ kind, seconds: maxAgeSeconds }))
  return database.acrossTenants('deliveries of all tenants grow old', async (tx) => {
    const { numAffectedRows } = await sql`
      update deliveries set state = 'dead', ended_at = clock_timestamp(),
        last_failure = coalesce('Given up by its age: ' || last_failure, 'Given up by its age: its circuit was open, or its channel was switched off.')
      where (tenant_id, delivery_id) in (
        select tenant_id, delivery_id from deliveries join channels using (tenant_id, channel_id)
          join jsonb_to_recordset(${JSON.stringify(ages)}::jsonb) as age (kind text, seconds float8) on age.kind = channels.kind
        where state = 'waiting' and (started_at < now() - seconds * interval '1 second' or not is_enabled)
        limit ${limit}) and state = 'waiting'`.execute(tx)
    return Number(numAffectedRows ?? 0)
  })
}

/** Deletes circuits of channels that are gone; returns how many, at most `limit`. */
export function forgetCircuits(database: Database, limit: number): Promise<number> {
  return database.acrossTenants('the circuits of channels that are gone are forgotten', async (tx) => {
    const { numAffectedRows } = await sql`
      delete from platform.circuits where name in (
        select name from platform.circuits
        where name like 'channel:%' and not exists (select from channels where channels.circuit = circuits.name)
        limit ${limit})`.execute(tx)
    return Number(numAffectedRows ?? 0)
  })
}
