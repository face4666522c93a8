import { lockRunningTask, saveProgress } from '../../../core/tasks/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { commitSoon, type Database, lastly, together } from '../../../platform/database/index.ts'
import type { FailedTicket } from '../connectors/index.ts'
import { type ClassifiedTicket, partsOf, storingTickets, sumCounts, type UpsertCounts } from '../tickets/index.ts'
import { settingAside } from './reject-store.ts'
import { holdsSweep, noteMissing, noteSeen, type SweepLease } from './store.ts'
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
 * Stores a page for a run: its tickets with their history, what it has seen, and the walk past it. Answers what became of
 * the tickets; undefined when the page was not for this run any more.
 */
export async function storePage(behalf: Behalf, head: PageHead, page: ReadyPage): Promise<UpsertCounts | undefined> {
  const { database, run } = behalf
  const jobId = run.taskId
  const delivery = { runId: jobId, origin: PROVIDER }
  const { news, unchanged, usable, failed } = page
  const seen = { jobId, page: head.page, usable, failed }
  const storing = [...partsOf(news)].map((part) => storingTickets(part, delivery))
  const statements = [
    ...(failed.length > 0 ? [settingAside(delivery, failed)] : []),
    noteSeen(seen),
    // A page that is lost with the server is lost with the walk past it: the run fetches it again.
    commitSoon,
  ] as const
  return orNothing(() =>
    database.withTenant(run.tenantId, async (tx) => {
      // The page travels with the lock that it needs: where there is none, all of it is rolled back.
      const [[task, lease], stored] = await Promise.all([
        together(tx, [...rights(behalf), ...statements]),
        together(tx, storing),
      ])
      const walk = walkOf(task, lease)
      if (!needsPages(walk) || walk.pass !== run.walk.pass) throw new NotForThisRun()
      const news = sumCounts(stored)
      const counts = { ...news, unchanged: news.unchanged + unchanged }
      lastly(tx, saveProgress(jobId, receivePage(walk, head, counts, failed.length)))
      return counts
    }),
  )
}

/** The provider's list of deleted tickets, as a walk compares and uses it. */
type DeletedList = { ids: string[]; digest: string; cost: CallCost }

/** Hands the list of deleted tickets to a run. One that joined after the call began gets the next list. */
export async function storeDeletedList(behalf: Behalf, { ids, digest, cost }: DeletedList): Promise<void> {
  const { database, run } = behalf
  await orNothing(() =>
    database.withTenant(run.tenantId, async (tx) => {
      const walk = walkOf(...(await together(tx, rights(behalf))))
      if (!needsDeletedList(walk) || walk.pass !== run.walk.pass) throw new NotForThisRun()
      const after = receiveDeletedList(walk, digest, cost)
      if (isRoundComplete(walk) && after.stable) await noteMissing(tx, run.taskId, ids)
      lastly(tx, saveProgress(run.taskId, after))
    }),
  )
}

/** Rolls back what was written for a run that does not want it any more. */
class NotForThisRun extends Error {}

async function orNothing<T>(write: () => Promise<T>): Promise<T | undefined> {
  try {
    return await write()
  } catch (error) {
    if (error instanceof NotForThisRun) return undefined
    throw error
  }
}

/** Locks the task and looks at the sweep: a row of each while this run's claim and the sweep's hold. */
const rights = ({ run, lease }: Behalf) => [lockRunningTask(run), holdsSweep(lease)] as const

function walkOf([task]: { progress: Record<string, unknown> }[], lease: unknown[]): Walk {
  if (!task || lease.length === 0) throw new NotForThisRun()
  return startOrResume(task.progress)
}
