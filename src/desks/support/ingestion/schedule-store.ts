import { sql } from 'kysely'
import type { SystemTx, Tx } from '../../../platform/database/index.ts'

export type Schedule = { every_minutes: number; next_run_at: Date }

export async function findSchedule(tx: Tx): Promise<Schedule | undefined> {
  const { rows } = await sql<Schedule>`select every_minutes, next_run_at from ingestion_schedules`.execute(tx)
  return rows[0]
}

export async function saveSchedule(tx: Tx, schedule: { everyMinutes: number; setBy: string }): Promise<void> {
  await sql`
    insert into ingestion_schedules (tenant_id, every_minutes, next_run_at, set_by)
    values (current_setting('signalbox.tenant_id'), ${schedule.everyMinutes},
            now() + ${schedule.everyMinutes} * interval '1 minute', ${schedule.setBy})
    on conflict (tenant_id) do update set
      every_minutes = excluded.every_minutes, next_run_at = excluded.next_run_at, set_by = excluded.set_by,
      set_at = now()`.execute(tx)
}

export async function deleteSchedule(tx: Tx): Promise<void> {
  await sql`delete from ingestion_schedules`.execute(tx)
}

export async function listDueTenants(tx: SystemTx, limit: number): Promise<string[]> {
  const { rows } = await sql<{ tenant_id: string }>`
    select tenant_id from ingestion_schedules where next_run_at <= now() order by next_run_at limit ${limit}`.execute(
    tx,
  )
  return rows.map(({ tenant_id }) => tenant_id)
}

/** Moves a due schedule on; false when it is not due (any more). */
export async function claimDueSchedule(tx: Tx): Promise<boolean> {
  const { rows } = await sql`
    update ingestion_schedules set next_run_at = now() + every_minutes * interval '1 minute'
    where next_run_at <= now() returning 1`.execute(tx)
  return rows.length === 1
}
