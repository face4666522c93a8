import type { TaskContext } from '../../../core/tasks/index.ts'
import { callProvider, type PageSource, readTickets, type Source } from '../connectors/index.ts'
import { type ClassifyTickets, markDeleted, upsertTickets } from '../tickets/index.ts'
import type { IngestionPayload } from './run.ts'
import { confirmMissing, countDeletions, forgetMissing, forgetSeen, listMissing } from './store.ts'
import type { Walk } from './walk.ts'
import { PROVIDER } from './write-on-behalf.ts'

/** A walk that would delete a larger share than this asks a person first. */
const DELETION_GUARD = 0.3
/** How many missing tickets that the provider does not list as deleted are asked for one by one, each a call. */
const ASKED_FOR_MAX = 50
/** How many are deleted by one statement. */
const DELETED_AT_ONCE = 1_000

export type RunResult = Walk['counts'] & {
  stable: boolean
  /** Deletions that wait for `confirm-deletions`. */
  awaiting_confirmation: number
}

type CloseDependencies = { source: Source<PageSource>; classifyTickets: ClassifyTickets }

/** What a run does when it has walked: finds out what became of tickets it has not seen, and deletes what is gone. */
export async function closeWalk(
  context: TaskContext<IngestionPayload, Walk>,
  walked: Walk,
  dependencies: CloseDependencies,
): Promise<RunResult> {
  const { write, taskId } = context
  let walk = walked
  let awaiting = 0
  // A walk that was not stable may have missed tickets that are there: it deletes nothing.
  if (walk.stable) {
    walk = await askForUnlisted(context, walk, dependencies)
    await write(async (tx) => {
      const { confirmed, live } = await countDeletions(tx, taskId)
      awaiting = confirmed > live * DELETION_GUARD ? confirmed : 0
      return walk
    })
    if (awaiting === 0) walk = await deleteConfirmed(context, walk)
  }
  await write(async (tx) => {
    await forgetSeen(tx, taskId)
    return walk
  })
  return { ...walk.counts, stable: walk.stable === true, awaiting_confirmation: awaiting }
}

/** Asks the provider for missing tickets that it does not list as deleted; one that is there was missed by the walk. */
async function askForUnlisted(
  { write, taskId, tenantId, signal, log }: TaskContext<IngestionPayload, Walk>,
  walked: Walk,
  { source, classifyTickets }: CloseDependencies,
): Promise<Walk> {
  let walk = walked
  let unlisted: string[] = []
  await write(async (tx) => {
    unlisted = await listMissing(tx, { jobId: taskId, confirmed: false, limit: ASKED_FOR_MAX })
    return walk
  })
  for (const id of unlisted) {
    const { answer: found } = await callProvider(source, (provider) => provider.findTicket(id, signal), { signal, log })
    const read = readTickets([found], tenantId)
    const tickets = await classifyTickets(tenantId, read.tickets)
    await write(async (tx) => {
      // Another tenant's ticket of the same id says nothing for this one.
      if (tickets.length === 0 && read.failed.length === 0) {
        await confirmMissing(tx, taskId, id)
        return walk
      }
      const stored = await upsertTickets(tx, tickets, { runId: taskId, origin: PROVIDER })
      await forgetMissing(tx, taskId, [id])
      walk = {
        ...walk,
        counts: {
          ...walk.counts,
          updated: walk.counts.updated + stored.updated,
          restored: walk.counts.restored + stored.restored,
        },
      }
      return walk
    })
  }
  return { ...walk, calls: walk.calls + unlisted.length }
}

async function deleteConfirmed({ write, taskId }: TaskContext<IngestionPayload, Walk>, walked: Walk): Promise<Walk> {
  let walk = walked
  for (let more = true; more; ) {
    await write(async (tx) => {
      const ids = await listMissing(tx, { jobId: taskId, confirmed: true, limit: DELETED_AT_ONCE })
      more = ids.length === DELETED_AT_ONCE
      const deleted = await markDeleted(tx, ids, taskId)
      await forgetMissing(tx, taskId, ids)
      walk = { ...walk, counts: { ...walk.counts, deleted: walk.counts.deleted + deleted } }
      return walk
    })
  }
  return walk
}
