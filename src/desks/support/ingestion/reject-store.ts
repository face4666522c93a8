import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import type { FailedTicket } from '../connectors/index.ts'
import type { Delivery } from '../tickets/index.ts'

export type Reject = {
  reject_id: string
  external_id: string
  origin: string
  job_id: string
  line: number | null
  reason: string
  first_seen_at: Date
  last_seen_at: Date
}

const REJECT_COLUMNS = sql.raw('reject_id, external_id, origin, job_id, line, reason, first_seen_at, last_seen_at')

/** Of a file, with the line where it stands. */
export type FailedRow = FailedTicket & { line?: number }

/** Sets tickets aside that cannot be used; not run yet. */
export const settingAside = ({ runId, origin }: Delivery, failed: readonly FailedRow[]) => sql`
  insert into ingestion_rejects (tenant_id, external_id, job_id, reason, body, body_is_complete, origin, line)
  select distinct on (id, line) current_setting('signalbox.tenant_id'), id, ${runId}::uuid, reason, body,
    coalesce(complete, false), ${origin}, line
  from jsonb_to_recordset(${JSON.stringify(failed)}::jsonb)
    as failed(id text, reason text, body text, complete boolean, line bigint)
  ${failed[0]?.line === undefined ? onTicket : onLine} do update
    set job_id = excluded.job_id, reason = excluded.reason, body = excluded.body,
      body_is_complete = excluded.body_is_complete, last_seen_at = now()`

/** Sets tickets aside that cannot be used, and forgets those that could be used this time; one statement each. */
export async function noteRejects(
  tx: Tx,
  delivery: Delivery,
  { failed, usable }: { failed: readonly FailedRow[]; usable: readonly string[] },
): Promise<void> {
  if (failed.length > 0) await settingAside(delivery, failed).execute(tx)
  if (usable.length === 0) return
  await sql`
    delete from ingestion_rejects where origin = ${delivery.origin} and external_id = any(${[...usable]})`.execute(tx)
}

const onTicket = sql`on conflict (tenant_id, origin, external_id) where line is null`
const onLine = sql`on conflict (tenant_id, job_id, line) where line is not null`

/** The newest first, of one job if it is named; `before` is the last id of the page before. */
export async function listRejects(
  tx: Tx,
  page: { jobId?: string | undefined; before?: string | undefined; limit: number },
): Promise<Reject[]> {
  const { rows } = await sql<Reject>`
    select ${REJECT_COLUMNS} from ingestion_rejects
    where ${page.jobId === undefined ? sql`true` : sql`job_id = ${page.jobId}`}
      and ${page.before === undefined ? sql`true` : sql`reject_id < ${page.before}`}
    order by reject_id desc limit ${page.limit}`.execute(tx)
  return rows
}

export type StoredReject = Reject & { body: string; body_is_complete: boolean }

export async function findReject(tx: Tx, rejectId: string): Promise<StoredReject | undefined> {
  const { rows } = await sql<StoredReject>`
    select ${REJECT_COLUMNS}, body, body_is_complete from ingestion_rejects where reject_id = ${rejectId}`.execute(tx)
  return rows[0]
}

/** Takes one off the list. */
export async function deleteReject(tx: Tx, rejectId: string): Promise<void> {
  await sql`delete from ingestion_rejects where reject_id = ${rejectId}`.execute(tx)
}
