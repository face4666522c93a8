import type { TenantId } from '../../../../kernel/tenant-id.ts'
import { takingTurns } from '../../../../kernel/turns.ts'
import type { Tx } from '../../../../platform/database/index.ts'
import { failedTicket, isFailed } from '../../connectors/index.ts'
import { type ClassifiedTicket, type DeliveredTicket, listComparedTimes, upsertTickets } from '../../tickets/index.ts'
import { addOutcome, type Reading } from '../reading.ts'
import { addRejects, countOf, type FailedRecord } from '../reject-groups.ts'
import { type FailedRow, noteRejects, REJECTS_OF_JOB_MAX } from '../reject-store.ts'
import { readImported } from './read-imported.ts'
import type { FileRecord } from './read-records.ts'
import type { ReadingRules } from './reading-rules.ts'

/** Tickets of a batch in the order of the file, with their lines, and what cannot be used. */
export type Batch = { tickets: DeliveredTicket[]; lines: number[]; failed: FailedRecord[] }

/** Records of a file as tickets, in turns: none of them keeps anybody waiting for long. */
export async function readBatch(
  records: readonly FileRecord[],
  tenantId: TenantId,
  rules: ReadingRules,
): Promise<Batch> {
  const batch: Batch = { tickets: [], lines: [], failed: [] }
  const pause = takingTurns()
  for (const record of records) {
    const { line } = record
    if ('failure' in record) {
      // What was never a record cannot be read again.
      batch.failed.push({ ...failedTicket('', record.failure, record.raw), complete: false, line, alike: record.alike })
    } else {
      const read = readImported(record.fields, tenantId, rules)
      if (isFailed(read)) batch.failed.push({ ...read, reason: withNames(read.reason, record.names), line })
      else {
        batch.tickets.push(read)
        batch.lines.push(line)
      }
    }
    await pause()
  }
  return batch
}

const REASON_CHARACTERS = 500

/** Where something is missing, what there is instead says most. */
function withNames(reason: string, names: readonly string[] | undefined): string {
  if (names === undefined) return reason
  return `${reason}; the record has ${names.join(', ')}`.slice(0, REASON_CHARACTERS).toWellFormed()
}

type BatchToStore = { runId: string; reading: Reading; batch: Batch; tickets: readonly ClassifiedTicket[] }

/** Stores a batch and what cannot be used of it; answers how far the file is read then. */
export async function storeBatch(tx: Tx, { runId, reading, batch, tickets }: BatchToStore): Promise<Reading> {
  const delivery = { runId, origin: 'import' }
  const ids = tickets.map(({ external_id }) => external_id)
  const outdated = findOutdated(tickets, batch.lines, await listComparedTimes(tx, ids))
  const stored = await upsertTickets(tx, tickets, delivery)
  const { rejects, keep } = addRejects(reading.rejects, batch.failed)
  const told = outdated.slice(0, Math.max(0, REJECTS_OF_JOB_MAX - reading.outdated))
  await noteRejects(tx, delivery, { failed: keep, outdated: told, usable: ids })
  return {
    ...reading,
    rejects,
    outdated: reading.outdated + outdated.length,
    counts: addOutcome(reading.counts, { stored, failed: countOf(batch.failed), deleted: 0 }),
  }
}

/** Rows that are older than what is stored of their ticket, by an earlier row or by somebody else: they change nothing. */
function findOutdated(
  tickets: readonly ClassifiedTicket[],
  lines: readonly number[],
  stored: Map<string, number>,
): FailedRow[] {
  return tickets.flatMap((ticket, index) => {
    const { external_id: id, updated_at, compared_at } = ticket
    const [at, storedAt] = [Date.parse(updated_at), stored.get(id) ?? Number.NEGATIVE_INFINITY]
    if (compared_at === null && at < storedAt) {
      const reason = `updated_at: is older than what is stored, of ${new Date(storedAt).toISOString()}; nothing was changed`
      return { id, reason, body: '', complete: false, line: lines[index] ?? 0 }
    }
    if (compared_at === null) stored.set(id, at)
    return []
  })
}
