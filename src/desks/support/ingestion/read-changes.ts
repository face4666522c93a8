import { PermanentFailure, type TaskContext } from '../../../core/tasks/index.ts'
import {
  type ChangePage,
  callProvider,
  type OpenConnector,
  type OpenConnectorOf,
  saveCursor,
} from '../connectors/index.ts'
import { type ClassifiedTicket, type ClassifyTickets, markDeleted, upsertTickets } from '../tickets/index.ts'
import { type Reading, readPage, startOrResumeReading } from './reading.ts'
import { noteRejects } from './reject-store.ts'
import type { IngestionPayload, RunProgress } from './run.ts'

type ReadResult = Reading['counts']

/** Reads what changed at a connector since its cursor; each page is stored in one transaction with the cursor behind it. */
export async function readChanges(
  { openConnector, classifyTickets }: { openConnector: OpenConnectorOf; classifyTickets: ClassifyTickets },
  context: TaskContext<IngestionPayload, RunProgress>,
  connectorId: string,
): Promise<ReadResult> {
  const { tenantId, signal, log } = context
  const connector = await openConnector(tenantId, connectorId)
  if (!connector) throw connectorGone()
  let reading = startOrResumeReading(context.progress as Partial<Reading>)
  await context.write(async () => reading)
  let { cursor } = connector
  for (let isLast = false; !isLast; ) {
    const from = cursor
    const { answer: page, ...cost } = await callProvider(
      connector.source,
      (source, until) => source.listChanges(from, until),
      { signal, log },
    )
    const own = ownIds(connector.name)
    const delivered = page.tickets.map((ticket) => ({ ...ticket, external_id: own(ticket.external_id) }))
    const tickets = await classifyTickets(tenantId, delivered)
    await context.write(async (tx) => {
      const outcome = await storeChanges(tx, { runId: context.taskId, connector, page, tickets })
      if (!(await saveCursor(tx, connectorId, page.cursor))) throw connectorGone()
      reading = readPage(reading, page, outcome, { ...cost, bytes: page.bytes })
      return reading
    })
    isLast = page.isLast
    cursor = page.cursor
  }
  return reading.counts
}

type Tx = Parameters<Parameters<TaskContext<IngestionPayload, RunProgress>['write']>[0]>[0]

type Changes = { runId: string; connector: OpenConnector; page: ChangePage; tickets: readonly ClassifiedTicket[] }

async function storeChanges(tx: Tx, { runId, connector, page, tickets }: Changes) {
  const own = ownIds(connector.name)
  const delivery = { runId, origin: connector.connectorId }
  const stored = await upsertTickets(tx, tickets, delivery)
  // No page tells a ticket both changed and deleted: of its rows only the last is told.
  const gone = page.deleted.map(own)
  const deleted = await markDeleted(tx, gone, runId)
  // What came without an id keeps none, so that it is told apart by what was delivered.
  const failed = page.failed.map((each) => (each.id === '' ? each : { ...each, id: own(each.id) }))
  await noteRejects(tx, delivery, { failed, usable: [...tickets.map(({ external_id }) => external_id), ...gone] })
  return { stored, failed: failed.length, deleted }
}

/** Two helpdesks may both have a ticket 1: in our books each id stands behind the name of its connector. */
export const ownIds =
  (name: string) =>
  (id: string): string =>
    `${name}:${id}`

const connectorGone = () =>
  new PermanentFailure({ code: 'ingestion.connector_gone', message: 'The connector was removed.' })
