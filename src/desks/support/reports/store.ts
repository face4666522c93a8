import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import { KEPT_DAYS, type ReportPayload } from './report.ts'

export type Report = {
  subject: ReportPayload['subject']
  format: ReportPayload['format']
  bytes: number
  parts: number
  is_over: boolean
}

/**
 * Begins the report of a task, without what an attempt before has written of it. What tasks that came to nothing have left takes
 * no room either.
 */
export async function beginReport(tx: Tx, taskId: string, { subject, format }: ReportPayload): Promise<void> {
  await sql`
    delete from reports where task_id = ${taskId}
      or task_id in (select task_id from tasks where kind = 'report.export' and status in ('failed', 'cancelled'))`.execute(
    tx,
  )
  await sql`
    insert into reports (tenant_id, task_id, subject, format)
    values (current_setting('signalbox.tenant_id'), ${taskId}, ${subject}, ${format})`.execute(tx)
}

/** Adds a part, and returns how many bytes all reports of the tenant have together. */
export async function addPart(tx: Tx, taskId: string, bytes: Buffer): Promise<number> {
  await sql`
    with report as (
      update reports set parts = parts + 1, bytes = bytes + ${bytes.length} where task_id = ${taskId}
      returning tenant_id, task_id, parts
    )
    insert into report_parts (tenant_id, task_id, part, bytes) select tenant_id, task_id, parts, ${bytes} from report`.execute(
    tx,
  )
  const { rows } = await sql<{ bytes: number }>`select sum(bytes)::bigint as bytes from reports`.execute(tx)
  return rows[0]?.bytes ?? 0
}

export async function findReport(tx: Tx, taskId: string): Promise<Report | undefined> {
  const { rows } = await sql<Report>`
    select subject, format, bytes, parts, created_at < now() - ${sql.lit(KEPT_DAYS)} * interval '1 day' as is_over
    from reports where task_id = ${taskId}`.execute(tx)
  return rows[0]
}

export async function findPart(tx: Tx, taskId: string, part: number): Promise<Buffer | undefined> {
  const { rows } = await sql<{ bytes: Buffer }>`
    select bytes from report_parts where task_id = ${taskId} and part = ${part}`.execute(tx)
  return rows[0]?.bytes
}
