import type { Readable } from 'node:stream'
import type { Logger } from '../../../kernel/logger.ts'
import type { LiveEnd, LiveEvent, LiveSink } from './live-event.ts'

export type LiveTimes = {
  keepAliveMs: number
  /** Who takes nothing for so long is let go: it comes back and goes on where it was. */
  stalledMs: number
  /** What was taken away without a word (a role that no rule grants any more) ends a stream within this time. */
  checkAccessMs: number
  /** A listener that is asked to end has so long to take what was written. */
  endWithinMs: Record<LiveEnd, number>
}
export const LIVE_TIMES: LiveTimes = {
  keepAliveMs: 15_000,
  stalledMs: 30_000,
  checkAccessMs: 60_000,
  endWithinMs: { finished: 10_000, stopping: 2_000, 'access over': 300 },
}

export type Carrying = { times: LiveTimes; logger: Logger }

/**
 * Brings events to a listener, no faster than it takes them, until one of both ends. Returns how to end it from outside;
 * afterwards, and when the listener has gone, nothing of it is left.
 */
export function carry(source: Readable, sink: LiveSink, { times, logger }: Carrying) {
  let stalledSince: number | undefined
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
    ending = setTimeout(sink.destroy, times.endWithinMs[why])
    clearInterval(ticking)
    source.destroy()
    sink.end(why)
  }
  const tick = () => {
    if (stalledSince === undefined) wrote(sink.keepAlive())
    else if (performance.now() - stalledSince >= times.stalledMs) sink.destroy()
  }
  const ticking = setInterval(tick, Math.min(times.keepAliveMs, times.stalledMs))

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
