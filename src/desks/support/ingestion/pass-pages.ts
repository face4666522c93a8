import type { CallContext } from '../connectors/index.ts'
import { type AskedPage, type AskFor, askAhead } from './ask-ahead.ts'
import type { PageHead } from './walk.ts'
import type { Participant, ReadyPage } from './write-on-behalf.ts'

/**
 * Stored at a time for a run that walks alone. The second waits in the database for the lock on the run, which the first
 * holds: it begins the moment that one has committed, not a round trip later. Several runs keep the database busy anyway,
 * and would take twice as many connections from requests.
 */
const PAGES_STORED_AT_ONCE = 2
type PassPages = AskFor & { store: (receiver: Participant, head: PageHead, page: ReadyPage) => Promise<void> }

/**
 * Fetches pages and hands each to those who need it, until one of them needs something else: the list of deleted
 * tickets, at the beginning or the end of its round. While a page is stored the next ones are on their way already, each
 * asked for when the budget has let the one before leave. Returns the page to go on with.
 */
export async function passPages(
  { store, ...askFor }: PassPages,
  round: { from: number; to: readonly Participant[] },
  context: CallContext,
): Promise<number> {
  const stop = new AbortController()
  const ahead = askAhead(askFor, round, { ...context, signal: AbortSignal.any([context.signal, stop.signal]) })
  /** Pages being stored, in their order. */
  const storing: Promise<void>[] = []
  const failed = Promise.withResolvers<never>()
  // Heard by whoever waits for a page; nobody may wait any more.
  failed.promise.catch(() => {})
  const storePage = async (asked: AskedPage, head: PageHead, reads: readonly ReadyPage[]) => {
    asked.isBeingStored = true
    try {
      await forEach(asked.receivers, (receiver, index) => store(receiver, head, reads[index] as ReadyPage))
      ahead.isStored(asked)
    } catch (error) {
      failed.reject(error)
    }
  }
  try {
    for (;;) {
      if (!ahead.firstToStore()) await ahead.ask()
      const asked = ahead.firstToStore()
      const atOnce = asked?.receivers.length === 1 ? PAGES_STORED_AT_ONCE : 1
      if (!asked || storing.length >= atOnce) {
        const [first] = storing
        // The failure first: a page that could not be stored is over, too.
        await Promise.race([failed.promise, first])
        if (!first) return ahead.nextPage()
        // Only now: what is still being stored when another page fails is waited for.
        storing.shift()
        continue
      }
      const reads = await Promise.race([failed.promise, asked.reads])
      const { head } = asked
      if (!head) throw new Error('a page came without its head')
      if (head.nextPage === null) ahead.endAt(head.page)
      void ahead.ask()
      storing.push(storePage(asked, head, reads))
    }
  } finally {
    stop.abort()
    await Promise.allSettled([ahead.settled(), ...storing])
  }
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
