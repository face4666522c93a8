import type { RawBuilder } from 'kysely'
import {
  addToProgress,
  advanceProgress,
  insistOnTask,
  lockRunningTask,
  saveProgress,
} from '../../../core/tasks/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import {
  commitSoon,
  type Database,
  lastly,
  type Tx,
  together,
  wasInsistedOn,
} from '../../../platform/database/index.ts'
import type { FailedTicket } from '../connectors/index.ts'
import { type ClassifiedTicket, partsOf, storingTickets, sumCounts, type UpsertCounts } from '../tickets/index.ts'
import { settingAside } from './reject-store.ts'
import { holdsSweep, insistOnSweep, noteMissing, noteSeen, type SweepLease } from './store.ts'
import {
  type CallCost,
  isRoundComplete,
  needsDeletedList,
  needsPages,
  type PageHead,
  receiveDeletedList,
  receivePage,
  startOrResume,
  type Walk,
} from './walk.ts'

/** The origin of tickets that the specification's provider delivers. */
export const PROVIDER = 'provider'

/** A run that takes part, as it was when a call to the provider began: what began before it joined is not for it. */
export type Participant = { tenantId: TenantId; taskId: string; fencing: number; walk: Walk }

/** Whose writes, and by which right. */
type Behalf = { database: Database; lease: SweepLease; run: Participant }

/** A tenant's tickets of a page: those that may be news, and how many are not. */
export type ReadyPage = {
  news: ClassifiedTicket[]
  unchanged: number
  /** The ids of both. */
  usable: readonly string[]
  failed: readonly FailedTicket[]
}

/**
 * Stores a page for a run: its tickets with their history, what it has seen, and the walk past it; one round trip while
 * the run stands where `run.walk` says. Answers what became of the tickets; undefined when the page was not for this run
 * any more.
 */
export async function storePage(behalf: Behalf, head: PageHead, page: ReadyPage): Promise<UpsertCounts | undefined> {
  const { database, lease, run } = behalf
  if (!needsPages(run.walk)) return undefined
  const news = [...partsOf(page.news)]
  const seen = { jobId: run.taskId, page: head.page, usable: page.usable, failed: page.failed }
  const delivery = { runId: run.taskId, origin: PROVIDER }
  const writing = (walk: Walk) => [
    // A page that is lost with the server is lost with the walk past it: the run fetches it again.
    commitSoon,
    noteSeen(seen),
    ...(page.failed.length > 0 ? [settingAside(delivery, page.failed)] : []),
    advanceProgress(run.taskId, 'counts', {
      progress: receivePage(walk, head),
      amounts: { unchanged: page.unchanged, failed: page.failed.length },
    }),
    ...news.map((part) => storingTickets(part, delivery, addToCounts(run.taskId))),
  ]
  const outcome = (answers: readonly unknown[][]): UpsertCounts => {
    const { unchanged, ...changed } = sumCounts(answers.slice(answers.length - news.length) as UpsertCounts[][])
    return { ...changed, unchanged: unchanged + page.unchanged }
  }
  const insisting = [insistOnTask(run, 'counts', run.walk), insistOnSweep(lease)]
  try {
    return outcome(await database.withTenantAtOnce(run.tenantId, [...insisting, ...writing(run.walk)]))
  } catch (error) {
    if (!wasInsistedOn(error)) throw error
  }
  return database.withTenant(run.tenantId, async (tx) => {
    const walk = await lockWalk(tx, behalf)
    if (!walk || !needsPages(walk) || walk.pass !== run.walk.pass) return undefined
    return outcome(await together(tx, writing(walk)))
  })
}

const addToCounts = (taskId: string) => ({
  name: 'of_a_run',
  of: (counts: RawBuilder<unknown>) => addToProgress(taskId, 'counts', counts),
})

/** The provider's list of deleted tickets, as a walk compares and uses it. */
type DeletedList = { ids: string[]; digest: string; cost: CallCost }

/** Hands the list of deleted tickets to a run. One that joined after the call began gets the next list. */
export async function storeDeletedList(behalf: Behalf, { ids, digest, cost }: DeletedList): Promise<void> {
  const { database, run } = behalf
  await database.withTenant(run.tenantId, async (tx) => {
    const walk = await lockWalk(tx, behalf)
    if (!walk || !needsDeletedList(walk) || walk.pass !== run.walk.pass) return
    const after = receiveDeletedList(walk, digest, cost)
    if (isRoundComplete(walk) && after.stable) await noteMissing(tx, run.taskId, ids)
    lastly(tx, saveProgress(run.taskId, after))
  })
}

/** Locks the run's task; undefined when its claim or the sweep does not hold any more, or it is to be cancelled. */
async function lockWalk(tx: Tx, { run, lease }: Behalf): Promise<Walk | undefined> {
  const [[task], held] = await together(tx, [lockRunningTask(run), holdsSweep(lease)])
  return task && held.length > 0 ? startOrResume(task.progress) : undefined
}
