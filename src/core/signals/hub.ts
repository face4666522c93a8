import { Readable } from 'node:stream'
import { sleep } from '../../kernel/abort.ts'
import type { Logger } from '../../kernel/logger.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { LiveEvent } from '../../platform/http/index.ts'

/** A tenant's changes after a number, in their order, at most so many, and whether those are all. */
export type ReadChanges = (
  tenantId: TenantId,
  after: number,
  limit: number,
) => Promise<{ events: ChangeEvent[]; isAll: boolean }>
export type ChangeEvent = LiveEvent & { change: number }

export type HubOptions = { read: ReadChanges; logger: Logger }

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

export type Hub = ReturnType<typeof openHub>

/**
 * Hands each tenant's changes to whoever listens. What is told comes from the table, never from a notification: that only
 * says that there is something to read. One query answers all subscribers that stand at the same change or within a page
 * of it, however many they are.
 */
export function openHub({ read, logger }: HubOptions) {
  const closing = new AbortController()
  const subscribers = new Map<TenantId, Set<Subscriber>>()
  let open = 0
  /** Tenants to look at; one at which a read is under way waits for its end, so that no subscriber gets a change twice. */
  const due = new Set<TenantId>()
  const reading = new Map<TenantId, Promise<void>>()

  const wake = (tenantId: TenantId) => {
    const waiting = subscribers.get(tenantId)
    if (!waiting) return
    for (const subscriber of waiting) subscriber.isBehind = true
    due.add(tenantId)
    readDue()
  }

  const readDue = () => {
    for (const tenantId of due) {
      if (closing.signal.aborted || reading.size >= READS_AT_ONCE) return
      if (reading.has(tenantId)) continue
      due.delete(tenantId)
      const work = readRound(tenantId).finally(() => {
        reading.delete(tenantId)
        readDue()
      })
      reading.set(tenantId, work)
    }
  }

  const isWaiting = ({ isReady, isBehind }: Subscriber) => isReady && isBehind

  /** One page for each subscriber that is behind and takes more; who needs another one is due again, after the others. */
  const readRound = async (tenantId: TenantId): Promise<void> => {
    let left = [...(subscribers.get(tenantId) ?? [])].filter(isWaiting).sort((a, b) => a.position - b.position)
    // Before the first look: what is committed during it wakes them again.
    for (const subscriber of left) subscriber.isBehind = false
    try {
      for (let [first] = left; first !== undefined; [first] = left) {
        const { events: page, isAll } = await read(tenantId, first.position, PAGE)
        const last = page.at(-1)
        const end = isAll || !last ? Number.POSITIVE_INFINITY : last.change
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
      logger.warn({ err, component: 'signals' }, 'cannot read what changed; trying again')
      await sleep(RETRY_MS, closing.signal).catch(() => {})
    }
    if ([...(subscribers.get(tenantId) ?? [])].some(isWaiting)) due.add(tenantId)
  }

  const give = (subscriber: Subscriber, page: readonly ChangeEvent[]) => {
    const news = page.filter(({ change }) => change > subscriber.position)
    const last = news.at(-1)
    if (!last || subscriber.stream.destroyed) return
    subscriber.position = last.change
    // Set first: the stream may ask for more while it is given these.
    subscriber.isReady = false
    let takesMore = true
    for (const event of news) takesMore = subscriber.stream.push(event)
    if (takesMore) subscriber.isReady = true
  }

  /** The tenant's changes after `position`, as they come, as {@link LiveEvent}s. */
  const subscribe = (tenantId: TenantId, position: number): Readable => {
    const stream = new Readable({
      objectMode: true,
      read: () => {
        if (subscriber.isReady) return
        subscriber.isReady = true
        if (!subscriber.isBehind) return
        due.add(tenantId)
        readDue()
      },
      destroy: (error, done) => {
        const ofTenant = subscribers.get(tenantId)
        if (ofTenant?.delete(subscriber)) open -= 1
        if (ofTenant?.size === 0) subscribers.delete(tenantId)
        done(error)
      },
    })
    const subscriber: Subscriber = { stream, position, isReady: false, isBehind: true }
    const ofTenant = subscribers.get(tenantId) ?? new Set()
    subscribers.set(tenantId, ofTenant.add(subscriber))
    open += 1
    return stream
  }

  return {
    subscribe,
    /** Something of this tenant changed. */
    wake,
    /** Something may have changed that nobody told. */
    wakeAll: () => {
      for (const tenantId of subscribers.keys()) wake(tenantId)
    },
    openStreams: () => open,
    close: async () => {
      closing.abort()
      for (const { stream } of [...subscribers.values()].flatMap((ofTenant) => [...ofTenant])) stream.destroy()
      await Promise.allSettled(reading.values())
    },
  }
}
