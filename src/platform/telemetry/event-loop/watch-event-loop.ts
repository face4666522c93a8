import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import type { Logger } from '../../../kernel/logger.ts'
import type { Metrics } from '../metrics.ts'
import { whatRuns } from './during.ts'
import type { Outside } from './look-in-from-outside.ts'

/** Figures are of the last one to two of these. */
const WINDOW_MS = 60_000
const FRAMES_MAX = 8

/** Who was found holding the loop, in the midst of it. */
type Holder = { name: string | undefined; frames: string[] }

/** Asked for by number from the other thread, which can reach nothing but what is global. */
const REGISTER = Symbol.for('signalbox.event-loop')
const register: Map<number, () => void> = new Map()
Object.defineProperty(globalThis, REGISTER, { value: register, configurable: true })
let watches = 0

/**
 * Measures how late this thread comes round, for metrics, and logs who held it for longer than `limitMs`: the name that it ran
 * under (see `during`) and where in the code it was. It looks twice per limit, so that holding it for one and a half times the
 * limit is always told, and for less than the limit never. Costs a thread of 19 MB. Stopping twice is stopping once.
 */
export function watchEventLoop(options: { limitMs: number; logger: Logger; metrics: Metrics }): {
  stop(): Promise<void>
} {
  const { limitMs, metrics } = options
  const log = options.logger.child({ component: 'event-loop' })
  const everyMs = limitMs / 2
  const held = metrics.counter('signalbox_event_loop_held_seconds_total', HELD_HELP, ['by'])
  const lateness = latenessIn(metrics)
  const cameRound = new BigInt64Array(new SharedArrayBuffer(8))
  let last = { at: performance.now(), cpu: process.threadCpuUsage() }
  let holder: Holder | undefined

  const comeRound = () => {
    const now = { at: performance.now(), cpu: process.threadCpuUsage() }
    const lateMs = Math.max(0, now.at - last.at - everyMs)
    lateness.record(lateMs)
    if (lateMs > limitMs || (holder && now.at - last.at > limitMs)) {
      const by = holder?.name ?? 'unknown'
      const cpuMs = (now.cpu.user + now.cpu.system - last.cpu.user - last.cpu.system) / 1_000
      held.inc({ by }, lateMs / 1_000)
      log.warn(
        { during: by, duration_ms: Math.round(lateMs), cpu_ms: Math.round(cpuMs), frames: holder?.frames ?? [] },
        'the event loop was held',
      )
    }
    holder = undefined
    last = now
    Atomics.store(cameRound, 0, process.hrtime.bigint())
  }
  const number = ++watches
  register.set(number, () => {
    // It may be answered only after the loop was let go: who runs by then is not who held it.
    if (performance.now() - last.at >= limitMs) holder ??= { name: whatRuns(), frames: framesBelow() }
  })
  Atomics.store(cameRound, 0, process.hrtime.bigint())
  const timer = setInterval(comeRound, everyMs)
  const look = `globalThis[Symbol.for('${REGISTER.description}')].get(${number})?.()`
  const outside = lookFromOutside({ cameRound, limitMs, look }, log)
  return {
    stop: async () => {
      clearInterval(timer)
      register.delete(number)
      await outside.terminate()
    },
  }
}

const HELD_HELP = 'Time for which the event loop was held for longer than EVENT_LOOP_HELD_MS, by what held it'

function lookFromOutside(workerData: Outside, log: Logger): Worker {
  const worker = new Worker(new URL('./look-in-from-outside.ts', import.meta.url), {
    workerData,
    // It holds next to nothing.
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  })
  worker.unref()
  worker.on('error', (err) => log.warn({ err }, 'who holds the event loop will not be told: nobody looks any more'))
  return worker
}

/** How late the loop was, in gauges: in two windows, so that there is something to tell when a new one begins. */
function latenessIn({ gauge }: Metrics) {
  let windows: [RecordableHistogram, RecordableHistogram] = [createHistogram(), createHistogram()]
  let begun = performance.now()
  const read = (what: (lateness: RecordableHistogram) => number) => () => {
    const both = createHistogram()
    for (const window of windows) both.add(window)
    return both.count === 0 ? 0 : what(both) / 1_000_000
  }
  const lately = 'of the last minute or two'
  gauge('signalbox_event_loop_lag_p50_seconds', `How late the event loop comes round, median ${lately}`, read(at(50)))
  gauge('signalbox_event_loop_lag_p99_seconds', `How late the event loop comes round, p99 ${lately}`, read(at(99)))
  gauge('signalbox_event_loop_lag_max_seconds', `How late the event loop came round at most ${lately}`, read(at(100)))
  return {
    record: (lateMs: number) => {
      if (performance.now() - begun > WINDOW_MS) {
        windows = [windows[1], createHistogram()]
        begun = performance.now()
      }
      // In microseconds, and one more: it records no zero.
      windows[1].record(Math.round(lateMs * 1_000) + 1)
    },
  }
}

const at = (percent: number) => (lateness: RecordableHistogram) => lateness.percentile(percent)

/** The functions that are running, the innermost first, by file and line from the root of the project. */
function framesBelow(): string[] {
  const { stackTraceLimit } = Error
  // Some libraries set it to 0 while they work.
  Error.stackTraceLimit = FRAMES_MAX + 4
  const { stack = '' } = new Error('for its stack')
  Error.stackTraceLimit = stackTraceLimit
  const frames = stack
    .split('\n')
    .map((line) => line.trim().replace(/(?:file:\/\/)?\/\S*?\/(?=(?:src|node_modules)\/)/, ''))
  // Above are this function and what was evaluated.
  const below = frames.findIndex((frame) => frame.startsWith('at <anonymous>:'))
  return frames.slice(below + 1, below + 1 + FRAMES_MAX)
}
