import { Readable } from 'node:stream'
import { sleep } from '../../../kernel/abort.ts'
import type { Logger } from '../../../kernel/logger.ts'
import type { LiveEvent } from './live-event.ts'

/** Changes after a number, in their order, and whether those are all. `last`: nothing follows them but this, the end. */
export type Changes = { events: ChangeEvent[]; isAll: boolean; last?: LiveEvent | undefined }

/** The changes of what is followed under a key after a number, at most so many. */
export type ReadChanges<Key> = (key: Key, after: number, limit: number) => Promise<Changes>
export type ChangeEvent = LiveEvent & { change: number }

/** `restMs`: between two looks at the same. */
export type HubOptions<Key extends string> = { read: ReadChanges<Key>; logger: Logger; restMs?: number }

/** Changes read at once: what waits in memory for a slow reader. */
const PAGE = 100
/** Reads at a time, so that streams leave connections of the pool to requests. */
const READS_AT_ONCE = 2
const RETRY_MS = 1_000

type Subscriber = {
  stream: Readable
  /** The last change it was given. */
  position: number
  /** Whether it takes more: what it was given last has left. */
  isReady: boolean
  /** Whether there may be changes that it was not given. */
  isBehind: boolean
}

export type Hub<Key extends string> = ReturnType<typeof openChangeHub<Key>>

/**
 * Hands the changes of a thing (a tenant's signals, a task) to whoever follows it. What is told comes from the table, never
 * from a notification: that only says that there is something to read. One query answers all subscribers that stand at the
 * same change or within a page of it, however many they are.
 */
export function openChangeHub<Key extends string>({ read, logger, restMs = 0 }: HubOptions<Key>) {
  const closing = new AbortController()
  const subscribers = new Map<Key, Set<Subscriber>>()
  let open = 0
  /** Keys to look at; one at which a read is under way waits for its end, so that no subscriber gets a change twice. */
  const due = new Set<Key>()
  const reading = new Map<Key, Promise<void>>()
  /** Looked at just now: what changes many times within a moment is read once for it. */
  const resting = new Map<Key, Promise<void>>()

  const wake = (key: Key) => {
    const waiting = subscribers.get(key)
    if (!waiting) return
    for (const subscriber of waiting) subscriber.isBehind = true
    due.add(key)
    readDue()
  }

  const readDue = () => {
    for (const key of due) {
      if (closing.signal.aborted || reading.size >= READS_AT_ONCE) return
      if (reading.has(key) || resting.has(key)) continue
      due.delete(key)
      const work = readRound(key).finally(() => {
        reading.delete(key)
        if (restMs > 0) rest(key)
        readDue()
      })
      reading.set(key, work)
    }
  }

  const rest = (key: Key) => {
    const over = sleep(restMs, closing.signal).catch(() => {})
    resting.set(
      key,
      over.then(() => {
        resting.delete(key)
        readDue()
      }),
    )
  }

  const isWaiting = ({ isReady, isBehind }: Subscriber) => isReady && isBehind

  /** One page for each subscriber that is behind and takes more; who needs another one is due again, after the others. */
  const readRound = async (key: Key): Promise<void> => {
    let left = [...(subscribers.get(key) ?? [])].filter(isWaiting).sort((a, b) => a.position - b.position)
    // Before the first look: what is committed during it wakes them again.
    for (const subscriber of left) subscriber.isBehind = false
    try {
      for (let [first] = left; first !== undefined; [first] = left) {
        const page = await read(key, first.position, PAGE)
        const last = page.events.at(-1)
        const end = page.isAll || !last ? Number.POSITIVE_INFINITY : last.change
        const served = left.filter(({ position }) => position <= end)
        left = left.slice(served.length)
        for (const subscriber of served) {
          give(subscriber, page)
          if (end < Number.POSITIVE_INFINITY) subscriber.isBehind = true
        }
      }
    } catch (err) {
      for (const subscriber of left) subscriber.isBehind = true
      if (closing.signal.aborted) return
      logger.warn({ err, component: 'http' }, 'cannot read what changed; trying again')
      await sleep(RETRY_MS, closing.signal).catch(() => {})
    }
    if ([...(subscribers.get(key) ?? [])].some(isWaiting)) due.add(key)
  }

  const give = (subscriber: Subscriber, { events, last: end }: Changes) => {
    const news = events.filter(({ change }) => change > subscriber.position)
    const last = news.at(-1)
    if (subscriber.stream.destroyed) return
    if (end) {
      subscriber.isReady = false
      for (const event of [...news, end, null]) subscriber.stream.push(event)
      return
    }
    if (!last) return
    subscriber.position = last.change
    // Set first: the stream may ask for more while it is given these.
    subscriber.isReady = false
    let takesMore = true
    for (const event of news) takesMore = subscriber.stream.push(event)
    if (takesMore) subscriber.isReady = true
  }

  /** What changes after `position`, as they come, as {@link LiveEvent}s. */
  const subscribe = (key: Key, position: number): Readable => {
    const stream = new Readable({
      objectMode: true,
      read: () => {
        if (subscriber.isReady) return
        subscriber.isReady = true
        if (!subscriber.isBehind) return
        due.add(key)
        readDue()
      },
      destroy: (error, done) => {
        const ofKey = subscribers.get(key)
        if (ofKey?.delete(subscriber)) open -= 1
        if (ofKey?.size === 0) subscribers.delete(key)
        done(error)
      },
    })
    const subscriber: Subscriber = { stream, position, isReady: false, isBehind: true }
    const ofKey = subscribers.get(key) ?? new Set()
    subscribers.set(key, ofKey.add(subscriber))
    open += 1
    return stream
  }

  return {
    subscribe,
    /** Something of this changed. */
    wake,
    /** Something may have changed that nobody told. */
    wakeAll: () => {
      for (const key of subscribers.keys()) wake(key)
    },
    openStreams: () => open,
    close: async () => {
      closing.abort()
      for (const { stream } of [...subscribers.values()].flatMap((ofKey) => [...ofKey])) stream.destroy()
      await Promise.allSettled([...reading.values(), ...resting.values()])
    },
  }
}
