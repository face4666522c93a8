import { Readable } from 'node:stream'
import type { Logger } from '../../../kernel/logger.ts'
import { type Repetition, repeat } from '../../../kernel/repeat.ts'
import type { LiveEvent } from './live-event.ts'

/** How something is now. The last state is its end. */
export type LatestState = LiveEvent & { isLast: boolean }

/** How the things with these ids are; who is not in it is not there (any more). */
export type ReadStates = (ids: readonly string[]) => Promise<ReadonlyMap<string, LatestState>>

/** Things read by one statement. */
const READ_AT_ONCE = 500

type Watcher = {
  stream: Readable
  /** What it was given last. */
  given: LatestState | undefined
  isReady: boolean
}
type Watched = { latest: LatestState | undefined; watchers: Set<Watcher> }

export type LatestStates = ReturnType<typeof openLatestStates>

/**
 * Tells those who watch something how it is now, each time that changes, until its end. All that is watched in a process is
 * read by one reader, as often however many watch; and only while somebody does. A watcher that takes nothing is given the
 * latest state when it does: what was between is not kept for it.
 */
export function openLatestStates({ read, everyMs, logger }: { read: ReadStates; everyMs: number; logger: Logger }) {
  const watched = new Map<string, Watched>()
  let reading: Repetition | undefined

  const give = (watcher: Watcher, { latest }: Watched) => {
    if (!watcher.isReady || latest === undefined || watcher.given?.isLast) return
    if (watcher.given?.data === latest.data) return
    Object.assign(watcher, { isReady: false, given: latest })
    watcher.stream.push(latest)
    if (latest.isLast) watcher.stream.push(null)
  }
  const tell = (id: string, state: LatestState | undefined) => {
    const found = watched.get(id)
    if (!found) return
    if (state === undefined) for (const { stream } of found.watchers) stream.push(null)
    else found.latest = state
    for (const watcher of found.watchers) give(watcher, found)
  }
  const look = async (): Promise<undefined> => {
    const ids = [...watched.keys()]
    for (let from = 0; from < ids.length; from += READ_AT_ONCE) {
      const part = ids.slice(from, from + READ_AT_ONCE)
      const states = await read(part)
      for (const id of part) tell(id, states.get(id))
    }
  }
  const leave = (id: string, watcher: Watcher) => {
    const found = watched.get(id)
    if (!found?.watchers.delete(watcher) || found.watchers.size > 0) return
    watched.delete(id)
    if (watched.size > 0) return
    void reading?.stop()
    reading = undefined
  }

  return {
    /** The states of a thing from `now` on, as {@link LiveEvent}s, until it ends or is not there any more. */
    watch(id: string, now: LatestState): Readable {
      const found = watched.get(id) ?? { latest: now, watchers: new Set() }
      const watcher: Watcher = {
        ...{ given: undefined, isReady: false },
        stream: new Readable({
          objectMode: true,
          highWaterMark: 1,
          read: () => {
            watcher.isReady = true
            give(watcher, found)
          },
          destroy: (error, done) => {
            leave(id, watcher)
            done(error)
          },
        }),
      }
      watched.set(id, found)
      found.watchers.add(watcher)
      reading ??= repeat({
        ...{ everySeconds: everyMs / 1_000, work: look },
        onError: (err) => logger.warn({ err, component: 'http' }, 'cannot read how watched things are; trying again'),
      })
      return watcher.stream
    },
    close: async () => {
      for (const { watchers } of watched.values()) for (const { stream } of watchers) stream.destroy()
      await reading?.stop()
    },
  }
}
