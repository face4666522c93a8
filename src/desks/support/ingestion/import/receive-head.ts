import type { Readable } from 'node:stream'
import { QUIET_MS } from './receive-upload.ts'
import { broken, empty, notUtf8, tooLarge } from './upload-faults.ts'

/** So much of a file is looked at: more than its header may have. */
export const HEAD_BYTES = 524_288

export type FileHead = { bytes: Buffer; isCut: boolean }

/**
 * The beginning of a file that arrives. The rest is read and dropped: a sender that is answered while it sends would see
 * a broken connection instead.
 *
 * @throws ingestion.import_too_large, ingestion.import_empty, ingestion.import_not_utf8, ingestion.upload_broken
 */
export async function receiveHead(body: Readable | undefined, maxBytes: number): Promise<FileHead> {
  const parts: Buffer[] = []
  let [held, bytes] = [0, 0]
  const quiet = setTimeout(() => body?.destroy(new Error('no bytes for a minute')), QUIET_MS)
  try {
    for await (const part of body ?? []) {
      quiet.refresh()
      bytes += part.byteLength
      if (bytes > maxBytes) throw tooLarge(maxBytes)
      if (held < HEAD_BYTES) {
        const kept = part.subarray(0, HEAD_BYTES - held)
        parts.push(kept)
        held += kept.byteLength
      }
    }
  } catch (error) {
    throw body?.errored && body.errored === error ? broken(error) : error
  } finally {
    clearTimeout(quiet)
  }
  if (bytes === 0) throw empty()
  const head = { bytes: Buffer.concat(parts), isCut: bytes > held }
  try {
    // A letter that is cut through at the end is none that cannot be read.
    new TextDecoder('utf-8', { fatal: true }).decode(head.bytes, { stream: head.isCut })
  } catch (cause) {
    throw notUtf8(1, cause)
  }
  return head
}
