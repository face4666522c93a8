import { z } from 'zod'
import { defineTaskKind, PermanentFailure, type TaskContext, type TaskKind } from '../../../../core/tasks/index.ts'
import type { TenantId } from '../../../../kernel/tenant-id.ts'
import type { Database } from '../../../../platform/database/index.ts'
import { failedTicket, isFailed } from '../../connectors/index.ts'
import { type ClassifyTickets, type DeliveredTicket, upsertTickets } from '../../tickets/index.ts'
import { addOutcome, type Reading, startOrResumeReading } from '../reading.ts'
import { type FailedRow, noteRejects } from '../reject-store.ts'
import { readImported } from './read-imported.ts'
import { type FileRecord, IMPORT_FORMATS, readRecords, UnreadableFile } from './read-records.ts'
import { deleteUpload, findChunk } from './upload-store.ts'

const Payload = z.strictObject({ upload_id: z.uuid(), format: z.enum(IMPORT_FORMATS), chunks: z.int(), bytes: z.int() })
export type ImportPayload = z.output<typeof Payload>

const INGESTION_IMPORT = 'ingestion.import'

/** Records stored by one transaction. */
const BATCH_RECORDS = 500
/** Characters of the file: a few tickets of 1 MB are enough for one. */
const BATCH_CHARACTERS = 8 * 1_048_576

type ImportDependencies = { database: Database; classifyTickets: ClassifyTickets }

/** Reads an uploaded file, batch by batch, with the same exactness as a run; the upload goes with the last batch. */
export function ingestionImport(dependencies: ImportDependencies): TaskKind<ImportPayload, Reading> {
  return defineTaskKind<ImportPayload, Reading>({
    name: INGESTION_IMPORT,
    payload: Payload,
    retry: { attemptsMax: 5, baseSeconds: 2, capSeconds: 60 },
    timeLimitSeconds: 6 * 3_600,
    handle: (context) => importFile(dependencies, context),
  })
}

async function importFile(
  { database, classifyTickets }: ImportDependencies,
  context: TaskContext<ImportPayload, Reading>,
): Promise<Reading['counts']> {
  const { payload, tenantId, signal } = context
  let reading: Reading = {
    ...startOrResumeReading(context.progress),
    ...{ total_pages: payload.chunks, bytes: payload.bytes },
  }
  // The process before died after the last write, which deleted the upload.
  if (reading.ended?.unreadable) throw unreadable(reading.ended.unreadable)
  if (reading.ended) return reading.counts
  const end = (unreadable: string | null) =>
    context.write(async (tx) => {
      await deleteUpload(tx, payload.upload_id)
      return { ...reading, ended: { unreadable } }
    })
  const position = { chunksRead: 0 }
  const stored = reading.records
  let seen = 0
  let batch: FileRecord[] = []
  let characters = 0
  const store = async () => {
    const { tickets: delivered, failed } = readBatch(batch, tenantId)
    const tickets = await classifyTickets(tenantId, delivered)
    const delivery = { runId: context.taskId, origin: 'import' }
    await context.write(async (tx) => {
      const stored = await upsertTickets(tx, tickets, delivery)
      await noteRejects(tx, delivery, { failed, usable: tickets.map(({ external_id }) => external_id) })
      reading = {
        ...reading,
        pages: position.chunksRead,
        records: reading.records + batch.length,
        counts: addOutcome(reading.counts, { stored, failed: failed.length, deleted: 0 }),
      }
      return reading
    })
    batch = []
    characters = 0
  }
  try {
    for await (const record of readRecords(payload.format, readChunks(database, tenantId, payload, position))) {
      signal.throwIfAborted()
      seen += 1
      // What an earlier attempt has stored.
      if (seen <= stored) continue
      batch.push(record)
      characters += record.characters
      if (batch.length >= BATCH_RECORDS || characters >= BATCH_CHARACTERS) await store()
    }
    await store()
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error
    await store()
    await end(error.message)
    throw unreadable(error.message)
  }
  await end(null)
  return reading.counts
}

function readBatch(
  batch: readonly FileRecord[],
  tenantId: TenantId,
): { tickets: DeliveredTicket[]; failed: FailedRow[] } {
  const tickets: DeliveredTicket[] = []
  const failed: FailedRow[] = []
  for (const record of batch) {
    const read =
      'fields' in record ? readImported(record.fields, tenantId) : failedTicket('', record.failure, record.raw)
    // What was never a record cannot be read again.
    if (isFailed(read)) failed.push({ ...read, complete: read.complete && 'fields' in record, line: record.line })
    else tickets.push(read)
  }
  return { tickets, failed }
}

async function* readChunks(
  database: Database,
  tenantId: TenantId,
  { upload_id, chunks }: ImportPayload,
  position: { chunksRead: number },
): AsyncGenerator<Buffer> {
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    const bytes = await database.withTenant(tenantId, (tx) => findChunk(tx, upload_id, chunk))
    if (!bytes) throw new Error(`chunk ${chunk} of upload ${upload_id} is gone`)
    yield bytes
    position.chunksRead = chunk + 1
  }
}

const unreadable = (why: string) =>
  new PermanentFailure({
    code: 'ingestion.import_unreadable',
    message: `The file cannot be read any further: ${why}. What stood before is stored.`,
  })
