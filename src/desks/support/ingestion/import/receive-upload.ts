import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { TenantId } from '../../../../kernel/tenant-id.ts'
import type { Database } from '../../../../platform/database/index.ts'
import { ingestionFault } from '../faults.ts'
import { addChunk, beginFile, deleteFile } from './upload-store.ts'

/** Bytes that are kept in memory of an upload, and in one row of it. */
const CHUNK_BYTES = 1_048_576
/** An upload that stands still that long is given up. */
const QUIET_MS = 60_000
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
  if (!(await database.withTenant(tenantId, (tx) => beginFile(tx, { uploadId, max: FILES_MAX })))) throw tooMany()
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

const tooLarge = (maxBytes: number) =>
  ingestionFault('ingestion.import_too_large', {
    public: `A file may have at most ${Math.floor(maxBytes / 1_048_576)} MB. Split it; the order of the parts does not matter.`,
    internal: 'an upload is over IMPORT_MAX_MEGABYTES',
    // The rest of the body is not read.
    headers: { connection: 'close' },
  })

const empty = () =>
  ingestionFault('ingestion.import_empty', {
    public: 'The request has no body. Send the file itself as the body, with its Content-Type.',
    internal: 'an upload without a byte',
  })

const notUtf8 = (megabyte: number, cause: unknown) =>
  ingestionFault('ingestion.import_not_utf8', {
    public: `The file is not UTF-8: a byte in or before its megabyte ${megabyte} cannot be read. Save it as UTF-8 and send it again; nothing was kept.`,
    internal: 'an upload in another encoding',
    headers: { connection: 'close' },
    cause,
  })

const tooMany = () =>
  ingestionFault('ingestion.too_many_imports', {
    public: `${FILES_MAX} files of this tenant arrive or wait to be read. Send the next one when one of them is done.`,
    internal: 'too many uploads wait',
    headers: { 'retry-after': '30', connection: 'close' },
  })

const broken = (cause: unknown) =>
  ingestionFault('ingestion.upload_broken', {
    public: 'The file did not arrive completely. Nothing of it was kept; send it again.',
    internal: 'an upload broke off or stood still',
    cause,
  })
