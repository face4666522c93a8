import type { Readable } from 'node:stream'
import type { Logger } from '../../../kernel/logger.ts'
import type { LiveEnd, LiveEvent, LiveSink } from './live-event.ts'

export type LiveTimes = {
  keepAliveMs: number
  /** Who takes nothing for so long is let go: it comes back and goes on where it was. */
  stalledMs: number
  /** What was taken away (a role, a key, a session) ends a stream within this time. */
  checkAccessMs: number
  /** A listener that is asked to end has so long to take what was written. */
  endWithinMs: number
}
export const LIVE_TIMES: LiveTimes = {
  keepAliveMs: 15_000,
  stalledMs: 30_000,
  checkAccessMs: 60_000,
  endWithinMs: 2_000,
}

export type Carrying = {
  times: LiveTimes
  logger: Logger
  /** Whether the caller may still listen. Rejects when nobody can say just now. */
  mayListen: () => Promise<boolean>
}

/**
 * Brings events to a listener, no faster than it takes them, until one of both ends. Returns how to end it from outside;
 * afterwards, and when the listener has gone, nothing of it is left.
 */
export function carry(source: Readable, sink: LiveSink, { times, logger, mayListen }: Carrying) {
  let stalledSince: number | undefined
  let checkedAt = performance.now()
  let isOver = false
  let ending: NodeJS.Timeout | undefined

  const wrote = (takesMore: boolean) => {
    if (takesMore || stalledSince !== undefined) return
    stalledSince = performance.now()
    source.pause()
  }
  const end = (why: LiveEnd) => {
    if (isOver) return
    isOver = true
    ending = setTimeout(sink.destroy, times.endWithinMs)
    clearInterval(ticking)
    source.destroy()
    sink.end(why)
  }
  const tick = () => {
    const now = performance.now()
    if (stalledSince === undefined) wrote(sink.keepAlive())
    else if (now - stalledSince >= times.stalledMs) return sink.destroy()
    if (now - checkedAt < times.checkAccessMs) return
    checkedAt = now
    mayListen().then(
      (may) => {
        if (!may) end('access over')
      },
      // Nobody is sent away because the database is: the next look decides.
      (err) => logger.warn({ err, component: 'http' }, 'cannot check the access of a listener'),
    )
  }
  const ticking = setInterval(tick, Math.min(times.keepAliveMs, times.stalledMs, times.checkAccessMs))

  sink.onDrain(() => {
    stalledSince = undefined
    source.resume()
  })
  sink.onClosed(() => {
    isOver = true
    clearInterval(ticking)
    clearTimeout(ending)
    source.destroy()
  })
  source.on('error', (err) => logger.error({ err, component: 'http' }, 'a stream of events failed'))
  source.once('close', () => end('finished'))
  source.on('data', (event: LiveEvent) => wrote(sink.write(event)))
  return { end }
}
