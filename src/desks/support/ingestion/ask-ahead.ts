import { type CallContext, callProvider, type PageSource, type Source } from '../connectors/index.ts'
import { expectPage, needsPages, nextWantedPage, type PageHead, receivePage, type Walk } from './walk.ts'
import type { Participant, ReadyPage } from './write-on-behalf.ts'

/** Asked for and not stored yet: enough that neither the provider nor the database waits for the other. */
const PAGES_UNDER_WAY_MAX = 4
/** Who joins within this time of the last look goes round for the pages asked for meanwhile. */
const LOOK_EVERY_MS = 25

/** A page that was asked for, with those who get it: the runs that were there before its call began. */
export type AskedPage = {
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

export type AskFor = {
  source: Source<PageSource>
  /** Who takes part now; undefined when somebody else sweeps. */
  look: (nextPage: number) => Promise<readonly Participant[] | undefined>
  /** A receiver's tickets among the rows of a page. */
  read: (receiver: Participant, rows: readonly unknown[]) => Promise<ReadyPage>
}

/**
 * Asks for the pages that those who take part need, ahead of their being stored: each when the budget has let the one before
 * leave. `context.signal` ends the calls under way.
 */
export function askAhead(
  { source, look, read }: AskFor,
  round: { from: number; to: readonly Participant[] },
  context: CallContext,
) {
  const { signal } = context
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
    const call = callProvider(source, (provider) => provider.listPage(page, signal), { ...context, onLeave })
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

  return {
    ask,
    /** The first page that nobody stores yet. */
    firstToStore: () => underWay.find(({ isBeingStored }) => !isBeingStored),
    isStored: (asked: AskedPage) => {
      asked.isStored = true
      underWay = underWay.filter((other) => other !== asked)
    },
    /** The provider has no page behind this one: what was asked for there, while the count promised more, is none. */
    endAt: (last: number) => {
      underWay = underWay.filter(({ page }) => page <= last)
      unseen = unseen.filter(({ page }) => page <= last)
      if (nextPage > last) nextPage = 1
    },
    nextPage: () => nextPage,
    /** Once nothing is asked for any more. */
    settled: () => asking,
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
