import { type CallContext, callProvider, type PageSource, type Source } from '../connectors/index.ts'
import { expectPage, needsPages, nextWantedPage, type PageHead, receivePage, type Walk } from './walk.ts'
import type { Participant, ReadyPage } from './write-on-behalf.ts'

/** Asked for and not stored yet: enough that neither the provider nor the database waits for the other. */
const PAGES_UNDER_WAY_MAX = 4
/**
 * Stored at a time for a run that walks alone. The second waits in the database for the lock on the run, which the first
 * holds: it begins the moment that one has committed, not a round trip later. Several runs keep the database busy anyway,
 * and would take twice as many connections from requests.
 */
const PAGES_STORED_AT_ONCE = 2
/** Who joins within this time of the last look goes round for the pages asked for meanwhile. */
const LOOK_EVERY_MS = 25

/** A page that was asked for, with those who get it: the runs that were there before its call began. */
type AskedPage = {
  page: number
  receivers: readonly Participant[]
  /** Whether the budget has let the call leave. */
  hasLeft: boolean
  head: PageHead | undefined
  /** The tickets of each receiver. */
  reads: Promise<ReadyPage[]>
  isBeingStored: boolean
  isStored: boolean
}

type PassPages = {
  source: Source<PageSource>
  /** Who takes part now; undefined when somebody else sweeps. */
  look: (nextPage: number) => Promise<readonly Participant[] | undefined>
  /** A receiver's tickets among the rows of a page. */
  read: (receiver: Participant, rows: readonly unknown[]) => Promise<ReadyPage>
  store: (receiver: Participant, head: PageHead, page: ReadyPage) => Promise<void>
}

/**
 * Fetches pages and hands each to those who need it, until one of them needs something else: the list of deleted
 * tickets, at the beginning or the end of its round. While a page is stored the next ones are on their way already, each
 * asked for when the budget has let the one before leave. Returns the page to go on with.
 */
export async function passPages(
  { source, look, read, store }: PassPages,
  round: { from: number; to: readonly Participant[] },
  context: CallContext,
): Promise<number> {
  const stop = new AbortController()
  const signal = AbortSignal.any([context.signal, stop.signal])
  let present: readonly Participant[] | undefined = round.to
  let lookedAt = performance.now()
  let nextPage = round.from
  /** In the order in which they were asked for. */
  let underWay: AskedPage[] = []
  /** Those that `present` does not reflect yet. */
  let unseen: AskedPage[] = []

  const lookAgain = async () => {
    const stored = unseen.filter(({ isStored }) => isStored)
    present = await look(nextPage)
    lookedAt = performance.now()
    unseen = unseen.filter((asked) => !stored.includes(asked))
  }
  const askForOne = async () => {
    if (underWay.length >= PAGES_UNDER_WAY_MAX || underWay.some(({ hasLeft }) => !hasLeft)) return
    // Looked up before the call begins: who is not here yet gets only what is fetched later.
    if (performance.now() - lookedAt > LOOK_EVERY_MS) await lookAgain()
    const wanted = present && wantedPage(present, unseen, nextPage)
    if (!wanted) return
    const asked = fetchPage(wanted)
    underWay.push(asked)
    unseen.push(asked)
    nextPage = asked.page + 1
  }
  let asking: Promise<void> | undefined
  let mayAsk = false
  const askWhileItMay = async () => {
    try {
      while (mayAsk) {
        mayAsk = false
        await askForOne()
      }
    } finally {
      asking = undefined
    }
  }
  /** Asks for what can be asked for now: one at a time, however often it is called. */
  const ask = () => {
    mayAsk = true
    asking ??= askWhileItMay()
    // Its failure is heard by whoever waits for the next page.
    asking.catch(() => {})
    return asking
  }
  const fetchPage = ({ page, receivers }: WantedPage): AskedPage => {
    const onLeave = () => {
      asked.hasLeft = true
      void ask()
    }
    const call = callProvider(source, (provider) => provider.listPage(page, signal), { ...context, signal, onLeave })
    const reads = call.then(({ answer: { nextPage, totalCount, bytes, tickets }, retries, throttled }) => {
      asked.head = { page, nextPage, totalCount, cost: { retries, throttled, bytes }, isEmpty: tickets.length === 0 }
      return Promise.all(receivers.map((receiver) => read(receiver, tickets)))
    })
    // When storing an earlier page fails first, nobody awaits it.
    reads.catch(() => {})
    const soFar = { hasLeft: false, isBeingStored: false, isStored: false }
    const asked: AskedPage = { page, receivers, reads, head: undefined, ...soFar }
    return asked
  }

  /** Pages being stored, in their order. */
  const storing: Promise<void>[] = []
  const failed = Promise.withResolvers<never>()
  // Heard by whoever waits for a page; nobody may wait any more.
  failed.promise.catch(() => {})
  const storePage = async (asked: AskedPage, head: PageHead, reads: readonly ReadyPage[]) => {
    asked.isBeingStored = true
    try {
      await forEach(asked.receivers, (receiver, index) => store(receiver, head, reads[index] as ReadyPage))
      asked.isStored = true
      underWay = underWay.filter((other) => other !== asked)
    } catch (error) {
      failed.reject(error)
    }
  }
  const isToBeStored = ({ isBeingStored }: AskedPage) => !isBeingStored

  try {
    for (;;) {
      if (!underWay.some(isToBeStored)) await ask()
      const asked = underWay.find(isToBeStored)
      const atOnce = asked?.receivers.length === 1 ? PAGES_STORED_AT_ONCE : 1
      if (!asked || storing.length >= atOnce) {
        const [first] = storing
        // The failure first: a page that could not be stored is over, too.
        await Promise.race([failed.promise, first])
        if (!first) return nextPage
        // Only now: what is still being stored when another page fails is waited for.
        storing.shift()
        continue
      }
      const reads = await Promise.race([failed.promise, asked.reads])
      const { head } = asked
      if (!head) throw new Error('a page came without its head')
      if (head.nextPage === null) {
        // What was asked for past the end, while the count promised more, is no page.
        underWay = underWay.filter(({ page }) => page <= head.page)
        unseen = unseen.filter(({ page }) => page <= head.page)
        if (nextPage > head.page) nextPage = 1
      }
      void ask()
      storing.push(storePage(asked, head, reads))
    }
  } finally {
    stop.abort()
    await Promise.allSettled([asking, ...storing])
  }
}

type WantedPage = { page: number; receivers: readonly Participant[] }

/** The page to ask for next; undefined when there is none now, or somebody needs the list of deleted tickets. */
function wantedPage(
  present: readonly Participant[],
  unseen: readonly AskedPage[],
  from: number,
): WantedPage | undefined {
  const receivers = present.map((run) => ({ ...run, walk: expectedWalk(run, unseen) }))
  const walks = receivers.map(({ walk }) => walk)
  if (walks.length === 0 || !walks.every(needsPages)) return undefined
  const page = nextWantedPage(walks, from)
  const isPromised = walks.some(({ total_pages }) => page <= total_pages)
  if (!isPromised && unseen.some(({ head }) => head === undefined)) return undefined
  return { page, receivers }
}

/** A run's walk as it will be when the pages asked for on its behalf are stored. */
function expectedWalk(run: Participant, unseen: readonly AskedPage[]): Walk {
  return unseen
    .filter(({ receivers }) =>
      receivers.some(({ taskId, fencing }) => taskId === run.taskId && fencing === run.fencing),
    )
    .reduce((walk, { page, head }) => (head ? receivePage(walk, head) : expectPage(walk, page)), run.walk)
}

/** All at once: there are no more than the workers can run, and each takes one connection of the pool. */
export async function forEach<Run>(
  runs: readonly Run[],
  work: (run: Run, index: number) => Promise<void>,
): Promise<void> {
  const outcomes = await Promise.allSettled(runs.map(work))
  // One tenant's failure must not cost the others their page; the sweeper's own attempt ends with it.
  const failure = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failure) throw failure.reason
}
