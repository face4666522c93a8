import { sql } from 'kysely'
import type { SystemTx, Tx } from '../../../platform/database/index.ts'

export type Schedule = { every_minutes: number; next_run_at: Date }

/** Undefined stands for the provider. */
type ConnectorId = string | undefined

const ofSource = (connectorId: ConnectorId) => sql`connector_id is not distinct from ${connectorId ?? null}::uuid`

export async function findSchedule(tx: Tx, connectorId: ConnectorId): Promise<Schedule | undefined> {
  const { rows } = await sql<Schedule>`
    select every_minutes, next_run_at from ingestion_schedules where ${ofSource(connectorId)}`.execute(tx)
  return rows[0]
}

export async function saveSchedule(
  tx: Tx,
  schedule: { connectorId: ConnectorId; everyMinutes: number; setBy: string },
): Promise<void> {
  await sql`
    insert into ingestion_schedules (tenant_id, connector_id, every_minutes, next_run_at, set_by)
    values (current_setting('signalbox.tenant_id'), ${schedule.connectorId ?? null}, ${schedule.everyMinutes},
            now() + ${schedule.everyMinutes} * interval '1 minute', ${schedule.setBy})
    on conflict (tenant_id, connector_id) do update set
      every_minutes = excluded.every_minutes, next_run_at = excluded.next_run_at, set_by = excluded.set_by,
      set_at = now()`.execute(tx)
}

export async function deleteSchedule(tx: Tx, connectorId: ConnectorId): Promise<void> {
  await sql`delete from ingestion_schedules where ${ofSource(connectorId)}`.execute(tx)
}

export async function listDue(tx: SystemTx, limit: number): Promise<{ tenant_id: string; schedule_id: string }[]> {
  const { rows } = await sql<{ tenant_id: string; schedule_id: string }>`
    select tenant_id, schedule_id from ingestion_schedules
    where next_run_at <= now() order by next_run_at limit ${limit}`.execute(tx)
  return rows
}

/** Moves a due schedule on and says whose it is; undefined when it is not due (any more). */
export async function claimDueSchedule(tx: Tx, scheduleId: string): Promise<{ connectorId: ConnectorId } | undefined> {
  const { rows } = await sql<{ connector_id: string | null }>`
    update ingestion_schedules set next_run_at = now() + every_minutes * interval '1 minute'
    where schedule_id = ${scheduleId} and next_run_at <= now() returning connector_id`.execute(tx)
  return rows[0] && { connectorId: rows[0].connector_id ?? undefined }
}
