import { sql } from 'kysely'
import { abortable, sleep } from '../../../kernel/abort.ts'
import type { Logger } from '../../../kernel/logger.ts'
import { repeat } from '../../../kernel/repeat.ts'
import type { Database } from '../../database/index.ts'
import { BATCH_MAX, type Incoming, type SqsCalls } from './calls.ts'
import { extendMessages, type Taken } from './outbox.ts'
import { REASON, type Receiver } from './receive.ts'
import type { SqsSettings } from './settings.ts'

/** How soon somebody else sees what this process could not handle; as long it asks for nothing itself. */
const TROUBLE_SECONDS = 5

type WorkOptions = {
  database: Database
  calls: SqsCalls
  receiver: Receiver
  settings: SqsSettings
  logger: Logger
  slots: number
  handler: (data: object) => Promise<void>
}

/** Works messages in this process. */
export type Working = {
  /** Asks for no more; those under way go on. */
  stopFetching(): void
  /** Waits for those under way, up to so many seconds. */
  stop(graceSeconds: number): Promise<void>
}

/** Asks for as many messages as slots are free, again and again, and extends those that are being handled. */
export function startWorking(options: WorkOptions): Working {
  const { database, calls, receiver, settings, logger, slots } = options
  const { queueUrl, visibilitySeconds } = settings
  const fetching = new AbortController()
  // A call for messages that is given up may have been answered: what it brought would stay hidden. It may end by itself.
  const asking = new AbortController()
  const { signal } = fetching
  const handled = new Set<Promise<void>>()
  const held = new Map<string, Taken | undefined>()
  let trouble = false

  const handle = async ({ receipt, body }: Incoming) => {
    held.set(receipt, undefined)
    try {
      const onTaken = (taken: Taken) => void held.set(receipt, taken)
      const received = await receiver.receive(body, options.handler, { visibilitySeconds, onTaken })
      if (received === 'not_ours') logger.warn({ component: 'queue' }, 'a message is none that this program can read')
      else await calls.remove(queueUrl, [receipt])
    } catch (err) {
      // Of a process that stops the next one takes over at once.
      if (!signal.aborted) {
        trouble = true
        logger.warn({ err, component: 'queue' }, 'a message could not be handled; it comes again')
      }
      const seconds = signal.aborted ? 0 : TROUBLE_SECONDS
      await calls.hide(queueUrl, [receipt], seconds).catch(() => {
        logger.debug({ component: 'queue' }, 'a message stays hidden for as long as it was')
      })
    } finally {
      held.delete(receipt)
    }
  }

  const giveBack = async (received: readonly Incoming[]) => {
    if (received.length === 0) return
    const receipts = received.map(({ receipt }) => receipt)
    await calls.hide(queueUrl, receipts, 0)
  }

  const fetch = async () => {
    while (!signal.aborted) {
      if (handled.size >= slots) {
        await Promise.race(handled)
        continue
      }
      try {
        // Each receipt counts towards the dead letters: not while nothing could be done with it.
        if (trouble) await sleep(TROUBLE_SECONDS * 1_000, signal)
        if (trouble) await database.acrossTenantsAtOnce(REASON, [sql`select 1`])
        trouble = false
        const max = slots - handled.size
        const received = await calls.receive(queueUrl, { ...settings, max, signal: asking.signal })
        if (signal.aborted) return await giveBack(received)
        for (const incoming of received) {
          const handling = handle(incoming).finally(() => handled.delete(handling))
          handled.add(handling)
        }
      } catch (err) {
        if (signal.aborted) return
        trouble = true
        logger.warn({ err, component: 'queue' }, 'could not ask for messages; trying again soon')
      }
    }
  }

  const extend = async () => {
    const taken = [...held.values()].filter((each) => each !== undefined)
    const receipts = [...held.keys()]
    if (taken.length > 0) await database.acrossTenantsAtOnce(REASON, [extendMessages(taken, visibilitySeconds)])
    for (let start = 0; start < receipts.length; start += BATCH_MAX) {
      await calls.hide(queueUrl, receipts.slice(start, start + BATCH_MAX), visibilitySeconds)
    }
    return undefined
  }
  const extending = repeat({
    everySeconds: visibilitySeconds / 3,
    work: extend,
    onError: (err) => logger.warn({ err, component: 'queue' }, 'messages under way could not be extended'),
  })
  const running = fetch()

  return {
    stopFetching: () => fetching.abort(),
    stop: async (graceSeconds) => {
      fetching.abort()
      const grace = setTimeout(() => asking.abort(), graceSeconds * 1_000)
      const over = Promise.all([running, Promise.all(handled)])
      await Promise.race([over, abortable(new Promise(() => {}), asking.signal).catch(() => {})])
      clearTimeout(grace)
      asking.abort()
      await extending.stop()
    },
  }
}
