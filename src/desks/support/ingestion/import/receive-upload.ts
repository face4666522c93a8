import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { TenantId } from '../../../../kernel/tenant-id.ts'
import type { Database } from '../../../../platform/database/index.ts'
import { broken, empty, notUtf8, tooLarge, tooMany } from './upload-faults.ts'
import { addChunk, beginFile, deleteFile } from './upload-store.ts'

/** Bytes that are kept in memory of an upload, and in one row of it. */
const CHUNK_BYTES = 1_048_576
/** An upload that stands still that long is given up. */
export const QUIET_MS = 60_000
/** Files of one tenant that arrive or wait to be read; each takes its size in the database until then. */
export const FILES_MAX = 10

type Upload = { uploadId: string; chunks: number; bytes: number }

/**
 * Stores a file as it arrives, a chunk at a time, so that its size does not matter to this process. A file that is not
 * UTF-8 is refused as a whole: whoever sent it would find lost letters in thousands of tickets.
 *
 * @throws ingestion.import_too_large, ingestion.import_empty, ingestion.import_not_utf8, ingestion.too_many_imports, ingestion.upload_broken
 */
export async function receiveUpload(
  { database, maxBytes }: { database: Database; maxBytes: number },
  tenantId: TenantId,
  body: Readable | undefined,
): Promise<Upload> {
  const uploadId = randomUUID()
  let [chunks, bytes] = [0, 0]
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  const decode = (chunk?: Buffer) => {
    try {
      utf8.decode(chunk, { stream: chunk !== undefined })
    } catch (cause) {
      throw notUtf8(Math.ceil(bytes / 1_048_576), cause)
    }
  }
  const store = async (chunk: Buffer) => {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw tooLarge(maxBytes)
    decode(chunk)
    if (!(await database.withTenant(tenantId, (tx) => addChunk(tx, { uploadId, chunk: chunks, bytes: chunk })))) {
      throw broken(new Error('the file was given up'))
    }
    chunks += 1
  }
  if (!(await database.withTenant(tenantId, (tx) => beginFile(tx, { uploadId, max: FILES_MAX }))))
    throw tooMany(FILES_MAX)
  const quiet = setTimeout(() => body?.destroy(new Error('no bytes for a minute')), QUIET_MS)
  try {
    let held: Buffer[] = []
    let heldBytes = 0
    for await (const part of body ?? []) {
      quiet.refresh()
      held.push(part)
      heldBytes += part.byteLength
      if (heldBytes < CHUNK_BYTES) continue
      await store(Buffer.concat(held))
      held = []
      heldBytes = 0
    }
    if (heldBytes > 0) await store(Buffer.concat(held))
    if (bytes === 0) throw empty()
    decode()
    return { uploadId, chunks, bytes }
  } catch (error) {
    await database.withTenant(tenantId, (tx) => deleteFile(tx, uploadId))
    throw body?.errored && body.errored === error ? broken(error) : error
  } finally {
    clearTimeout(quiet)
  }
}
