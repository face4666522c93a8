import { createHash } from 'node:crypto'
import { listRunningTasks } from '../../../core/tasks/index.ts'
import { type TenantId, tenantId } from '../../../kernel/tenant-id.ts'
import type { Database } from '../../../platform/database/index.ts'
import { type CallContext, callProvider, type PageSource, readTickets, type Source } from '../connectors/index.ts'
import type { ClassifyNews, ClassifyTickets } from '../tickets/index.ts'
import { expectNews } from './expect-news.ts'
import { forEach, passPages } from './pass-pages.ts'
import { keepSweep, releaseSweep, type SweepLease, takeSweep } from './store.ts'
import { followWalks, needsDeletedList, nextWantedPage, type PageHead, startOrResume } from './walk.ts'
import { type Participant, PROVIDER, type ReadyPage, storeDeletedList, storePage } from './write-on-behalf.ts'

/**
 * The shared sweep: one of the runs that wait for a provider walks its pages, round and round, for all of them. A run
 * that joins gets the pages from where the sweep stands and goes round for those it missed.
 *
 * Whoever sweeps writes on behalf of the others: each tenant's rows in that tenant's own transaction, only while that
 * run's own lease and fencing number and the sweep's hold. When the sweeper's own run has what it needs, is cancelled or
 * dies, another one goes on.
 */
type SweepDependencies = {
  database: Database
  source: Source<PageSource>
  connection: string
  kind: string
  classifyTickets: ClassifyTickets
  classifyNews: ClassifyNews
}

const WHY = 'the provider mixes the tickets of all tenants, so one walk serves the runs of all'

/**
 * Sweeps until `ownTask` has all it needs. False when somebody else sweeps, or this task is none to sweep for (any more):
 * wait and look again.
 */
export async function sweepFor(
  dependencies: SweepDependencies,
  ownTask: string,
  context: CallContext,
): Promise<boolean> {
  const { database, source, connection } = dependencies
  const taken = await database.acrossTenants(WHY, (tx) => takeSweep(tx, { connection, owner: ownTask }))
  if (!taken) return false
  const { lease } = taken
  let { nextPage } = taken
  const news = expectNews()
  let hasSwept = false
  try {
    while (!context.signal.aborted) {
      const participants = await listParticipants(dependencies, lease, nextPage)
      if (!participants?.some(({ taskId, walk }) => taskId === ownTask && walk.phase === 'walking')) break
      hasSwept = true
      const wantList = participants.filter(({ walk }) => needsDeletedList(walk))
      if (wantList.length > 0) await passDeletedList(dependencies, lease, wantList, context)
      else {
        const from = nextWantedPage(
          participants.map(({ walk }) => walk),
          nextPage,
        )
        const walkBefore = followWalks()
        const pages = {
          source,
          look: (next: number) => listParticipants(dependencies, lease, next),
          read: (run: Participant, rows: readonly unknown[]) =>
            readPage(dependencies, run.tenantId, rows, news.areExpected(run.taskId)),
          store: async (receiver: Participant, head: PageHead, page: ReadyPage) => {
            const run = { ...receiver, walk: walkBefore(receiver, head) }
            news.learn(run.taskId, await storePage({ database, lease, run }, head, page))
          },
        }
        nextPage = await passPages(pages, { from, to: participants }, context)
      }
    }
  } finally {
    await database.acrossTenants(WHY, (tx) => releaseSweep(tx, lease))
  }
  return hasSwept
}

/** Extends the sweep's lease and finds who takes part; undefined when the lease is lost. */
async function listParticipants(
  { database, kind }: SweepDependencies,
  lease: SweepLease,
  nextPage: number,
): Promise<Participant[] | undefined> {
  const statements = [keepSweep(lease, nextPage), listRunningTasks(kind)] as const
  const [kept, running] = await database.acrossTenantsAtOnce(WHY, statements)
  if (kept.length === 0) return undefined
  return running
    .filter(({ progress }) => progress.phase === 'walking')
    .map(({ tenant_id, task_id: taskId, fencing, progress }) => ({
      ...{ tenantId: tenantId(tenant_id), taskId, fencing, walk: startOrResume(progress) },
    }))
}

/** A tenant's tickets of a page, made ready while earlier pages are stored: what is not news needs no more work. */
async function readPage(
  { classifyTickets, classifyNews }: SweepDependencies,
  tenant: TenantId,
  rows: readonly unknown[],
  newsAreExpected: boolean,
): Promise<ReadyPage> {
  const { tickets, failed } = readTickets(rows, tenant)
  const usable = tickets.map(({ external_id }) => external_id)
  if (newsAreExpected) return { news: await classifyTickets(tenant, tickets), unchanged: 0, usable, failed }
  return { ...(await classifyNews(tenant, tickets, PROVIDER)), usable, failed }
}

/** Gives the list of deleted tickets to those who need it. */
async function passDeletedList(
  { database, source }: SweepDependencies,
  lease: SweepLease,
  participants: readonly Participant[],
  context: CallContext,
): Promise<void> {
  const list = (provider: PageSource, signal: AbortSignal) => provider.listDeleted(signal)
  const { answer, retries, throttled } = await callProvider(source, list, context)
  const { ids, bytes } = answer
  const digest = createHash('sha256').update(JSON.stringify(ids.toSorted())).digest('base64url')
  const cost = { retries, throttled, bytes }
  await forEach(participants, (run) => storeDeletedList({ database, lease, run }, { ids, digest, cost }))
}
