import { hash } from 'node:crypto'
import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import type { FailedTicket } from '../connectors/index.ts'
import type { Delivery } from '../tickets/index.ts'

/** `unusable`, or `outdated`: a row of a file that is older than what is stored. */
export const REJECT_KINDS = ['unusable', 'outdated'] as const
export type RejectKind = (typeof REJECT_KINDS)[number]

export type Reject = {
  reject_id: string
  external_id: string
  origin: string
  job_id: string
  kind: RejectKind
  line: number | null
  reason: string
  first_seen_at: Date
  last_seen_at: Date
}

const REJECT_COLUMNS = sql.raw(
  'reject_id, external_id, origin, job_id, kind, line, reason, first_seen_at, last_seen_at',
)

/** Of one job so many of each kind are kept, the first; the others are only counted. */
export const REJECTS_OF_JOB_MAX = 1_000
/** Of a tenant so many are kept, the latest, when a job begins. */
export const REJECTS_OF_TENANT_MAX = 20_000
/** Of what was delivered so much is kept, for whoever mends it. */
const BODY_BYTES_MAX = 4_096

/** Of a file, with the line where it stands. */
export type FailedRow = FailedTicket & { line?: number }

/** Sets tickets aside, as many as the job may still keep of their kind; not run yet. */
export const settingAside = (
  { runId, origin }: Delivery,
  failed: readonly FailedRow[],
  kind: RejectKind = 'unusable',
) => sql`
  insert into ingestion_rejects (tenant_id, external_id, digest, job_id, kind, reason, body, body_is_complete, origin, line)
  select current_setting('signalbox.tenant_id'), id, digest, ${runId}::uuid, ${kind}, reason, body, complete, ${origin}, line
  from (
    select distinct on (id, digest, line) *
    from jsonb_to_recordset(${JSON.stringify(failed.slice(0, REJECTS_OF_JOB_MAX).map(kept))}::jsonb)
      as failed(id text, digest text, reason text, body text, complete boolean, line bigint)
    order by id, digest, line
  ) as given
  order by line, id
  limit greatest(0, ${REJECTS_OF_JOB_MAX} - (
    select count(*) from (
      select from ingestion_rejects where job_id = ${runId}::uuid and kind = ${kind} limit ${REJECTS_OF_JOB_MAX}
    ) as kept))
  ${failed[0]?.line === undefined ? onTicket : onLine} do update
    set job_id = excluded.job_id, kind = excluded.kind, reason = excluded.reason, body = excluded.body,
      body_is_complete = excluded.body_is_complete, last_seen_at = now()`

/** As it is kept: its beginning, and what tells it apart from others without an id. */
function kept({ id, reason, body, complete, line }: FailedRow) {
  const digest = id === '' && line === undefined ? hash('sha256', body).slice(0, 32) : ''
  const bytes = Buffer.from(body)
  if (bytes.length <= BODY_BYTES_MAX) return { id, digest, reason, body, complete, line }
  // A letter that is cut through would become U+FFFD.
  const beginning = bytes.toString('utf8', 0, BODY_BYTES_MAX).replace(/\u{FFFD}$/u, '')
  return { id, digest, reason, body: beginning, complete: false, line }
}

type NotedRejects = {
  failed: readonly FailedRow[]
  outdated?: readonly FailedRow[]
  /** Ids of tickets that could be used. */
  usable: readonly string[]
}

/** Sets tickets aside that cannot be used, and forgets those that could be used this time; one statement each. */
export async function noteRejects(
  tx: Tx,
  delivery: Delivery,
  { failed, outdated = [], usable }: NotedRejects,
): Promise<void> {
  if (usable.length > 0) {
    await sql`
      delete from ingestion_rejects where origin = ${delivery.origin} and external_id = any(${[...usable]})`.execute(tx)
  }
  if (failed.length > 0) await settingAside(delivery, failed).execute(tx)
  if (outdated.length > 0) await settingAside(delivery, outdated, 'outdated').execute(tx)
}

const onTicket = sql`on conflict (tenant_id, origin, external_id, digest) where line is null`
const onLine = sql`on conflict (tenant_id, job_id, line) where line is not null`

/** The newest first, of one job if it is named; `before` is the last id of the page before. */
export async function listRejects(
  tx: Tx,
  page: { jobId?: string | undefined; kind?: RejectKind | undefined; before?: string | undefined; limit: number },
): Promise<Reject[]> {
  const { rows } = await sql<Reject>`
    select ${REJECT_COLUMNS} from ingestion_rejects
    where ${page.jobId === undefined ? sql`true` : sql`job_id = ${page.jobId}`}
      and ${page.kind === undefined ? sql`true` : sql`kind = ${page.kind}`}
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

/** Takes one off the list; whether it was there. */
export async function deleteReject(tx: Tx, rejectId: string): Promise<boolean> {
  const { rows } = await sql`delete from ingestion_rejects where reject_id = ${rejectId} returning 1`.execute(tx)
  return rows.length > 0
}

/** Takes those of a job off the list, or without one all of the tenant; returns how many. */
export async function deleteRejects(tx: Tx, jobId: string | undefined): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from ingestion_rejects where ${jobId === undefined ? sql`true` : sql`job_id = ${jobId}`}`.execute(tx)
  return Number(numAffectedRows ?? 0)
}

/** Forgets what a tenant has beyond {@link REJECTS_OF_TENANT_MAX}, the oldest first. */
export async function trimRejects(tx: Tx): Promise<void> {
  await sql`
    delete from ingestion_rejects where reject_id <= (
      select reject_id from ingestion_rejects order by reject_id desc offset ${REJECTS_OF_TENANT_MAX} limit 1)`.execute(
    tx,
  )
}

/** How many alike a job has kept, by their reason, the most first. */
export async function countKept(
  tx: Tx,
  jobId: string,
): Promise<{ reason: string; count: number; first_line: number | null }[]> {
  const { rows } = await sql<{ reason: string; count: number; first_line: number | null }>`
    select reason, count(*) as count, min(line) as first_line from ingestion_rejects
    where job_id = ${jobId} and kind = 'unusable' group by reason order by count(*) desc, reason limit 50`.execute(tx)
  return rows
}
