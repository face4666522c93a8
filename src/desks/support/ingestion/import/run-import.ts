import { z } from 'zod'
import { defineTaskKind, PermanentFailure, type TaskContext, type TaskKind } from '../../../../core/tasks/index.ts'
import type { TenantId } from '../../../../kernel/tenant-id.ts'
import type { Database } from '../../../../platform/database/index.ts'
import type { ClassifyTickets } from '../../tickets/index.ts'
import { type Reading, startOrResumeReading } from '../reading.ts'
import { trimRejects } from '../reject-store.ts'
import { readBatch, storeBatch } from './batch.ts'
import { UnreadableFile } from './limits.ts'
import { Mapping } from './mapping.ts'
import { readInThread } from './read-in-thread.ts'
import { IMPORT_FORMATS } from './read-records.ts'
import { rulesOf } from './reading-rules.ts'
import type { ReadBatch } from './reading-thread.ts'
import { deleteFile, findChunk } from './upload-store.ts'

const Payload = z.strictObject({
  ...{ upload_id: z.uuid(), format: z.enum(IMPORT_FORMATS), chunks: z.int(), bytes: z.int() },
  mapping: Mapping.optional(),
})
export type ImportPayload = z.output<typeof Payload>

const INGESTION_IMPORT = 'ingestion.import'

/** Records stored by one transaction, at most. */
const BATCH = { records: 500, bytes: 2 * 1_048_576 }

type ImportDependencies = { database: Database; classifyTickets: ClassifyTickets }

/** Reads an uploaded file, batch by batch, with the same exactness as a run; the file goes with the last batch. */
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
  // The process before died after the last write, which deleted the file.
  if (reading.ended?.unreadable) throw unreadable(reading.ended.unreadable)
  if (reading.ended) return reading.counts
  const end = (unreadable: string | null) =>
    context.write(async (tx) => {
      await deleteFile(tx, payload.upload_id)
      return { ...reading, ended: { unreadable } }
    })
  const rules = rulesOf(payload.mapping)
  const pieces = piecesOf(database, tenantId, payload)
  const store = async ({ records, count }: ReadBatch) => {
    const batch = await readBatch(records, tenantId, rules)
    const tickets = await classifyTickets(tenantId, batch.tickets)
    await context.write(async (tx) => {
      const after = await storeBatch(tx, { runId: context.taskId, reading, batch, tickets })
      reading = { ...after, pages: pieces.read(), records: reading.records + count }
      return reading
    })
  }
  try {
    await context.write(async (tx) => {
      await trimRejects(tx)
      return reading
    })
    const order = { format: payload.format, wanted: rules.wanted, skip: reading.records, batch: BATCH }
    for await (const batch of readInThread({ order, nextPiece: pieces.next, signal })) await store(batch)
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error
    const why = unreadableBecause(error.message, reading.records > 0)
    await end(why)
    throw unreadable(why)
  }
  await end(null)
  return reading.counts
}

/** The chunks of the file, one after the other, and how many have been read. */
function piecesOf(database: Database, tenantId: TenantId, { upload_id, chunks }: ImportPayload) {
  let read = 0
  const next = async (): Promise<Uint8Array | null> => {
    if (read === chunks) return null
    const bytes = await database.withTenant(tenantId, (tx) => findChunk(tx, upload_id, read))
    if (!bytes) throw new Error(`chunk ${read} of upload ${upload_id} is gone`)
    read += 1
    return bytes
  }
  return { next, read: () => read }
}

const unreadableBecause = (why: string, hasBegun: boolean): string =>
  hasBegun
    ? `The file cannot be read any further: ${why}. What stood before is stored.`
    : `The file cannot be read: ${why}. Nothing of it is stored.`

const unreadable = (message: string) => new PermanentFailure({ code: 'ingestion.import_unreadable', message })
