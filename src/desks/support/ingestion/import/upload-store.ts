import { sql } from 'kysely'
import type { Tx } from '../../../../platform/database/index.ts'
import type { Mapping } from './mapping.ts'

/** Of files whose job has ended without them, e.g. because it was cancelled, and of uploads that came to nothing. */
const IS_OVER = sql.raw(`(case when job_id is null then received_at < now() - interval '10 minutes'
  else not exists (select from tasks where tasks.tenant_id = file.tenant_id and task_id = job_id
    and status in ('queued', 'running', 'retrying')) end)`)

/**
 * Lets a file of the tenant in when it has fewer than `max`, what arrives and what waits to be read together; false
 * otherwise. Decided under a lock of the tenant that ends with the transaction: of uploads that begin at the same moment
 * no more get in. Files that are over are deleted first, so that a cancelled import takes neither place nor disk.
 */
export async function beginFile(tx: Tx, { uploadId, max }: { uploadId: string; max: number }): Promise<boolean> {
  await sql`
    select pg_advisory_xact_lock(hashtextextended('ingestion.files ' || current_setting('signalbox.tenant_id'), 0))`.execute(
    tx,
  )
  await sql`delete from ingestion_files as file where ${IS_OVER}`.execute(tx)
  const { rows } = await sql`
    insert into ingestion_files (tenant_id, upload_id)
    select current_setting('signalbox.tenant_id'), ${uploadId}
    where (select count(*) from ingestion_files) < ${max}
    returning 1`.execute(tx)
  return rows.length > 0
}

/** False when the file was given up meanwhile. */
export async function addChunk(
  tx: Tx,
  { uploadId, chunk, bytes }: { uploadId: string; chunk: number; bytes: Buffer },
): Promise<boolean> {
  const { rows } = await sql`
    with file as (
      update ingestion_files set received_at = now() where upload_id = ${uploadId} returning tenant_id, upload_id
    )
    insert into ingestion_uploads (tenant_id, upload_id, chunk, bytes)
    select tenant_id, upload_id, ${chunk}, ${bytes} from file returning 1`.execute(tx)
  return rows.length > 0
}

/** Says which job reads a file; until that has ended, it is kept. */
export async function giveFileTo(tx: Tx, uploadId: string, jobId: string): Promise<void> {
  await sql`update ingestion_files set job_id = ${jobId} where upload_id = ${uploadId}`.execute(tx)
}

export async function findChunk(tx: Tx, uploadId: string, chunk: number): Promise<Buffer | undefined> {
  const { rows } = await sql<{ bytes: Buffer }>`
    select bytes from ingestion_uploads where upload_id = ${uploadId} and chunk = ${chunk}`.execute(tx)
  return rows[0]?.bytes
}

/** The file with all its chunks. */
export async function deleteFile(tx: Tx, uploadId: string): Promise<void> {
  await sql`delete from ingestion_files where upload_id = ${uploadId}`.execute(tx)
}

/** How the file of a job was read; undefined when by our own names, or when the job is forgotten. */
export async function findMapping(tx: Tx, jobId: string): Promise<Mapping | undefined> {
  const { rows } = await sql<{ mapping: Mapping | null }>`
    select payload -> 'mapping' as mapping from tasks where task_id = ${jobId}`.execute(tx)
  return rows[0]?.mapping ?? undefined
}
