import { createHash } from 'node:crypto'
import { listRunningTasks, lockRunningTask, saveProgress } from '../../../core/tasks/index.ts'
import { type TenantId, tenantId } from '../../../kernel/tenant-id.ts'
import type { Database, Tx } from '../../../platform/database/index.ts'
import {
  type CallContext,
  callProvider,
  type PageSource,
  type ProviderPage,
  readTickets,
  type Source,
} from '../connectors/index.ts'
import { upsertTickets } from '../tickets/index.ts'
import { noteRejects } from './reject-store.ts'
import { holdsSweep, keepSweep, noteMissing, noteSeen, releaseSweep, type SweepLease, takeSweep } from './store.ts'
import {
  type CallCost,
  isRoundComplete,
  needsDeletedList,
  needsPages,
  nextWantedPage,
  receiveDeletedList,
  receivePage,
  startOrResume,
  type Walk,
} from './walk.ts'

/**
 * The shared sweep: one of the runs that wait for a provider walks its pages, round and round, for all of them. A run
 * that joins gets the pages from where the sweep stands and goes round for those it missed.
 *
 * Whoever sweeps writes on behalf of the others: each tenant's rows in that tenant's own transaction, only while that
 * run's own lease and fencing number and the sweep's hold. When the sweeper's own run has what it needs, is cancelled or
 * dies, another one goes on.
 */
export type SweepDependencies = { database: Database; source: Source<PageSource>; connection: string; kind: string }

/** A run that takes part, as it was when a call to the provider began: what began before it joined is not for it. */
type Participant = { tenantId: TenantId; taskId: string; fencing: number; walk: Walk }

/** A page with what it cost to get it. */
type FetchedPage = ProviderPage & { cost: CallCost }

const WHY = 'the provider mixes the tickets of all tenants, so one walk serves the runs of all'

/** Sweeps until `ownTask` has all it needs. False when somebody else sweeps: wait and look again. */
export async function sweepFor(
  dependencies: SweepDependencies,
  ownTask: string,
  context: CallContext,
): Promise<boolean> {
  const { database, connection } = dependencies
  const taken = await database.acrossTenants(WHY, (tx) => takeSweep(tx, { connection, owner: ownTask }))
  if (!taken) return false
  const { lease } = taken
  let { nextPage } = taken
  try {
    while (!context.signal.aborted) {
      const participants = await listParticipants(dependencies, lease, nextPage)
      if (!participants?.some(({ taskId, walk }) => taskId === ownTask && walk.phase === 'walking')) break
      const wantList = participants.filter(({ walk }) => needsDeletedList(walk))
      if (wantList.length > 0) await passDeletedList(dependencies, lease, wantList, context)
      else {
        const from = nextWantedPage(
          participants.map(({ walk }) => walk),
          nextPage,
        )
        nextPage = await passPages(dependencies, lease, { from, to: participants }, context)
      }
    }
  } finally {
    await database.acrossTenants(WHY, (tx) => releaseSweep(tx, lease))
  }
  return true
}

/** Extends the sweep's lease and finds who takes part; undefined when the lease is lost. */
function listParticipants(
  { database, kind }: SweepDependencies,
  lease: SweepLease,
  nextPage: number,
): Promise<Participant[] | undefined> {
  return database.acrossTenants(WHY, async (tx) => {
    if (!(await keepSweep(tx, lease, nextPage))) return undefined
    const running = await listRunningTasks(tx, kind)
    return running
      .filter(({ progress }) => progress.phase === 'walking')
      .map(({ tenant_id, task_id: taskId, fencing, progress }) => ({
        ...{ tenantId: tenantId(tenant_id), taskId, fencing, walk: startOrResume(progress) },
      }))
  })
}

/**
 * Fetches pages and hands each to those who need it, until one of them needs something else: the list of deleted
 * tickets, at the beginning or the end of its round. While a page is stored the next one is on its way already. Returns
 * the page to go on with.
 */
async function passPages(
  dependencies: SweepDependencies,
  lease: SweepLease,
  round: { from: number; to: readonly Participant[] },
  context: CallContext,
): Promise<number> {
  const { source } = dependencies
  const fetchPage = async (page: number): Promise<FetchedPage> => {
    const list = (provider: PageSource, signal: AbortSignal) => provider.listPage(page, signal)
    const { answer, retries, throttled } = await callProvider(source, list, context)
    return { ...answer, cost: { retries, throttled, bytes: answer.bytes } }
  }
  let receivers = round.to.filter(({ walk }) => needsPages(walk))
  let page = await fetchPage(round.from)
  for (;;) {
    let nextPage = page.nextPage ?? 1
    // Looked up before the next call begins: who is not here yet gets only what is fetched later.
    const present = await listParticipants(dependencies, lease, nextPage)
    const next = present?.map((run) => afterPage(run, receivers, page)) ?? []
    nextPage = nextWantedPage(
      next.map(({ walk }) => walk),
      nextPage,
    )
    const ahead = next.length > 0 && next.every(({ walk }) => needsPages(walk)) ? fetchPage(nextPage) : undefined
    // If storing fails first, nobody awaits the page that is on its way.
    ahead?.catch(() => {})
    const current = page
    await forEach(receivers, (run) => storePage(dependencies, lease, run, current))
    if (!ahead) return nextPage
    page = await ahead
    receivers = next
  }
}

/** A run as it will be when this page is stored, if it is one of those who get it. */
function afterPage(run: Participant, receivers: readonly Participant[], page: FetchedPage): Participant {
  const receives = receivers.some(({ taskId, fencing }) => taskId === run.taskId && fencing === run.fencing)
  return receives ? { ...run, walk: receivePage(run.walk, page, NOTHING, 0) } : run
}

/** Of tickets that the specification's provider delivers. */
export const PROVIDER = 'provider'

const NOTHING = { created: 0, updated: 0, restored: 0, unchanged: 0 }

async function passDeletedList(
  dependencies: SweepDependencies,
  lease: SweepLease,
  participants: readonly Participant[],
  context: CallContext,
): Promise<void> {
  const list = (provider: PageSource, signal: AbortSignal) => provider.listDeleted(signal)
  const { answer, retries, throttled } = await callProvider(dependencies.source, list, context)
  const { ids, bytes } = answer
  const digest = createHash('sha256').update(JSON.stringify(ids.toSorted())).digest('base64url')
  await forEach(participants, (run) =>
    onBehalf(dependencies.database, lease, run, async (tx, walk) => {
      // A run that joined after the call began gets the next list.
      if (!needsDeletedList(walk) || walk.pass !== run.walk.pass) return walk
      const after = receiveDeletedList(walk, digest, { retries, throttled, bytes })
      if (isRoundComplete(walk) && after.stable) await noteMissing(tx, run.taskId, ids)
      return after
    }),
  )
}

async function storePage(
  dependencies: SweepDependencies,
  lease: SweepLease,
  run: Participant,
  page: FetchedPage,
): Promise<void> {
  const { tickets, failed } = readTickets(page.tickets, run.tenantId)
  const jobId = run.taskId
  const delivery = { runId: jobId, origin: PROVIDER }
  await onBehalf(dependencies.database, lease, run, async (tx, walk) => {
    if (!needsPages(walk) || walk.pass !== run.walk.pass) return walk
    const stored = await upsertTickets(tx, tickets, delivery)
    const usable = tickets.map(({ external_id }) => external_id)
    // What cannot be used is still there: it must not pass for deleted.
    await noteSeen(tx, { jobId, page: page.page, ids: [...usable, ...failed.map(({ id }) => id)] })
    await noteRejects(tx, delivery, { failed, usable })
    return receivePage(walk, page, stored, failed.length)
  })
}

/** Writes for a run in its tenant's transaction, if its claim and the sweep still hold; otherwise nothing. */
async function onBehalf(
  database: Database,
  lease: SweepLease,
  run: Participant,
  change: (tx: Tx, walk: Walk) => Promise<Walk>,
): Promise<void> {
  await database.withTenant(run.tenantId, async (tx) => {
    const progress = await lockRunningTask(tx, run)
    if (!progress || !(await holdsSweep(tx, lease))) return
    const walk = startOrResume(progress)
    if (walk.phase === 'walking') await saveProgress(tx, run.taskId, await change(tx, walk))
  })
}

/** All at once: there are no more than the workers can run, and each takes one connection of the pool. */
async function forEach(runs: readonly Participant[], work: (run: Participant) => Promise<void>): Promise<void> {
  const outcomes = await Promise.allSettled(runs.map(work))
  // One tenant's failure must not cost the others their page; the sweeper's own attempt ends with it.
  const failure = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failure) throw failure.reason
}
