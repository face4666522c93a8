import { sql } from 'kysely'
import type { SystemTx, Tx } from '../../../../platform/database/index.ts'

/** Uploads that a live job reads, and those under way. */
export async function countUploads(tx: Tx): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from ingestion_uploads as upload
    where chunk = 0 and (uploaded_at > now() - interval '10 minutes' and not exists (
        select from tasks where kind = 'ingestion.import' and payload ->> 'upload_id' = upload.upload_id::text)
      or exists (
        select from tasks where kind = 'ingestion.import' and status in ('queued', 'running', 'retrying')
          and payload ->> 'upload_id' = upload.upload_id::text))`.execute(tx)
  return rows[0]?.count ?? 0
}

export async function addChunk(
  tx: Tx,
  { uploadId, chunk, bytes }: { uploadId: string; chunk: number; bytes: Buffer },
): Promise<void> {
  await sql`
    insert into ingestion_uploads (tenant_id, upload_id, chunk, bytes)
    values (current_setting('signalbox.tenant_id'), ${uploadId}, ${chunk}, ${bytes})`.execute(tx)
}

export async function findChunk(tx: Tx, uploadId: string, chunk: number): Promise<Buffer | undefined> {
  const { rows } = await sql<{ bytes: Buffer }>`
    select bytes from ingestion_uploads where upload_id = ${uploadId} and chunk = ${chunk}`.execute(tx)
  return rows[0]?.bytes
}

export async function deleteUpload(tx: Tx, uploadId: string): Promise<void> {
  await sql`delete from ingestion_uploads where upload_id = ${uploadId}`.execute(tx)
}

/** Deletes what no live job reads any more: its job was cancelled or failed, or the upload broke off. */
export async function forgetOldUploads(tx: SystemTx): Promise<void> {
  await sql`
    delete from ingestion_uploads as upload
    where uploaded_at < now() - interval '2 hours' and not exists (
      select from tasks
      where tasks.tenant_id = upload.tenant_id and kind = 'ingestion.import'
        and status in ('queued', 'running', 'retrying') and payload ->> 'upload_id' = upload.upload_id::text)`.execute(
    tx,
  )
}
