import { z } from 'zod'
import { defineTaskKind, type TaskContext, type TaskKind } from '../../../core/tasks/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Database } from '../../../platform/database/index.ts'
import {
  callProvider,
  connectorNotFound,
  type FailedTicket,
  isFailed,
  type OpenConnectorOf,
  type PageSource,
  readTickets,
  type Source,
} from '../connectors/index.ts'
import { type ClassifyTickets, type DeliveredTicket, upsertTickets } from '../tickets/index.ts'
import { readImported } from './import/read-imported.ts'
import { rulesOf } from './import/reading-rules.ts'
import { findMapping } from './import/upload-store.ts'
import type { Picked } from './import/wanted-columns.ts'
import { ownIds } from './read-changes.ts'
import { addOutcome, type Reading, startOrResumeReading } from './reading.ts'
import { deleteReject, findReject, noteRejects, type StoredReject } from './reject-store.ts'
import { explainFailure } from './run-ingestion.ts'
import { PROVIDER } from './write-on-behalf.ts'

export type RetryPayload = { reject_id: string }

const INGESTION_RETRY = 'ingestion.retry'

type RetryDependencies = {
  database: Database
  source: Source<PageSource>
  openConnector: OpenConnectorOf
  classifyTickets: ClassifyTickets
}

/**
 * Asks again for a ticket that could not be used: its helpdesk, or for a file what is kept of the line. Usable now, it
 * is stored and leaves the list; gone, it just leaves the list.
 */
export function ingestionRetry(dependencies: RetryDependencies): TaskKind<RetryPayload, Reading> {
  return defineTaskKind<RetryPayload, Reading>({
    name: INGESTION_RETRY,
    payload: z.strictObject({ reject_id: z.uuid() }),
    retry: { attemptsMax: 5, baseSeconds: 5, capSeconds: 60 },
    timeLimitSeconds: 600,
    handle: async (context) => {
      try {
        return await retryReject(dependencies, context)
      } catch (error) {
        throw explainFailure(error)
      }
    },
  })
}

const NOTHING = { created: 0, updated: 0, restored: 0, unchanged: 0 }

async function retryReject(
  dependencies: RetryDependencies,
  context: TaskContext<RetryPayload, Reading>,
): Promise<Reading['counts']> {
  const { tenantId, taskId, payload } = context
  let reading = startOrResumeReading(context.progress)
  const reject = await dependencies.database.withTenant(tenantId, (tx) => findReject(tx, payload.reject_id))
  if (!reject) return reading.counts
  const read = await readAgain(dependencies, context, reject)
  const usable = read !== null && !isFailed(read) ? await dependencies.classifyTickets(tenantId, [read]) : []
  await context.write(async (tx) => {
    const delivery = { runId: taskId, origin: reject.origin }
    const stored = usable.length > 0 ? await upsertTickets(tx, usable, delivery) : NOTHING
    if (read !== null && isFailed(read)) {
      const line = reject.line === null ? {} : { line: reject.line }
      // Under the job that set it aside, where its line is known.
      const again = reject.line === null ? delivery : { ...delivery, runId: reject.job_id }
      await noteRejects(tx, again, { failed: [{ ...read, id: reject.external_id, ...line }], usable: [] })
    } else await deleteReject(tx, reject.reject_id)
    const failed = read !== null && isFailed(read) ? 1 : 0
    reading = { ...reading, counts: addOutcome(reading.counts, { stored, failed, deleted: 0 }) }
    return reading
  })
  return reading.counts
}

/** The ticket as it is now; null when its helpdesk has none of that id. */
async function readAgain(
  { database, source, openConnector }: RetryDependencies,
  { tenantId, signal, log }: TaskContext<RetryPayload, Reading>,
  reject: StoredReject,
): Promise<DeliveredTicket | FailedTicket | null> {
  if (reject.origin === 'import') {
    const rules = rulesOf(await database.withTenant(tenantId, (tx) => findMapping(tx, reject.job_id)))
    return readImported(JSON.parse(reject.body) as Picked, tenantId, rules)
  }
  if (reject.origin === PROVIDER) {
    const { answer } = await callProvider(source, (provider, until) => provider.findTicket(reject.external_id, until), {
      signal,
      log,
    })
    return answer === null ? null : ofProvider(answer, tenantId)
  }
  const connector = await openConnector(tenantId, reject.origin)
  if (!connector) throw connectorNotFound()
  const own = ownIds(connector.name)
  const id = reject.external_id.slice(own('').length)
  const { answer } = await callProvider(connector.source, (provider, until) => provider.findTicket(id, until), {
    signal,
    log,
  })
  return answer === null || isFailed(answer) ? answer : { ...answer, external_id: own(answer.external_id) }
}

function ofProvider(answer: unknown, tenantId: TenantId): DeliveredTicket | FailedTicket | null {
  const { tickets, failed } = readTickets([answer], tenantId)
  return tickets[0] ?? failed[0] ?? null
}
