import { sleep } from '../../kernel/abort.ts'
import type { Logger } from '../../kernel/logger.ts'
import type { Database, Listener } from '../../platform/database/index.ts'
import { type CircuitBreaker, OPEN_SECONDS, type Permit, type Transition } from '../../platform/resilience/index.ts'
import { type ChannelKind, POLICIES, type Send } from '../channels/index.ts'
import { laneClaimer, WHY } from './claim-lane.ts'
import { type Lane, listLanes, reclaimLost } from './claim-store.ts'
import type { Claim } from './delivery.ts'
import { type Ended, openRecorder } from './record-outcomes.ts'
import type { AttemptOutcome } from './record-store.ts'

export type DispatcherOptions = {
  database: Database
  listener: Listener
  breaker: CircuitBreaker
  send: Send
  logger: Logger
  /** Of the breaker; shorter only in tests. */
  openSeconds?: number
  onEnded?: (ended: { kind: string; outcome: AttemptOutcome }) => void
  onTransition?: (circuit: string, transition: Transition) => void
}

export type Dispatcher = {
  /** Calls under way in this process. */
  sending(): number
  /** Starts no more calls, waits for those under way as long as it may, and records how they ended. */
  stop(): Promise<void>
}

/** Calls under way in this process, over all circuits. They wait for others most of the time. */
const SENDING_MAX = 512
/** Deliveries that were due and could not be claimed are looked at again; what wakes us is news. */
const LOOK_AGAIN_MS = 1_000
const IDLE_MS = 5_000
/** News comes in heaps, one for each page of tickets. */
const LOOK_AT_MOST_EVERY_MS = 50
const STOP_WAITS_SECONDS = 12
const RECORD_WAITS_SECONDS = 5

/**
 * Sends what waits. Each circuit is a lane of its own: one that is open, full or slow holds up no other. Of a circuit that
 * is closed, as many deliveries leave at once as its policy allows; of one that is half open, exactly the one that has
 * failed most often.
 */
export async function startDispatcher(options: DispatcherOptions): Promise<Dispatcher> {
  const { database, breaker, logger } = options
  const stopping = new AbortController()
  const breakOff = new AbortController()
  const sending = new Set<Promise<void>>()
  let news = Promise.withResolvers<void>()
  const wake = () => news.resolve()

  const onTransition = (circuit: string, transition: Transition) => {
    logger.warn({ component: 'deliveries', circuit, ...transition }, 'a circuit changed its state')
    options.onTransition?.(circuit, transition)
  }
  const recorder = openRecorder({
    ...{ database, breaker, logger },
    onEnded: (ended) => options.onEnded?.(ended),
    onTransition,
  })

  const attempt = async (claim: Claim, circuit: string, permit: Permit): Promise<void> => {
    const outcome = await sendUnlessBrokenOff(options, claim, breakOff.signal)
    await recorder.add({ claim, circuit, permit, outcome })
    wake()
  }

  /** How many more calls a circuit may have here: what channels do must leave room for the endpoint of all tenants. */
  const roomFor = (kind: ChannelKind) => {
    const max = kind === 'notify' ? SENDING_MAX : SENDING_MAX - POLICIES.notify.callsInFlight
    return Math.min(POLICIES[kind].callsInFlight, max - sending.size)
  }

  const claimLane = laneClaimer({ database, breaker, roomFor })

  /** Sends what may leave on a circuit now; whether there may be more of it. */
  const serve = async (lane: Lane): Promise<boolean> => {
    const { claims, permit, mayHaveMore } = await claimLane(lane)
    if (!permit) return mayHaveMore
    if (permit.kind === 'probe') onTransition(lane.circuit, { from: 'open', to: 'half_open' })
    for (const each of claims) {
      const leaving: Promise<void> = attempt(each, lane.circuit, permit).finally(() => sending.delete(leaving))
      sending.add(leaving)
    }
    return mayHaveMore
  }

  let turn = 0
  /** Claims what can leave now; returns milliseconds until there may be more without news. */
  const look = async (): Promise<number> => {
    const [, lanes] = await database.acrossTenantsAtOnce(WHY, [
      reclaimLost,
      listLanes(options.openSeconds ?? OPEN_SECONDS),
    ])
    let next = IDLE_MS
    // Another one first each time: where there is not room for all, all get their turn.
    turn += 1
    for (const lane of [...lanes.slice(turn % lanes.length), ...lanes.slice(0, turn % lanes.length)]) {
      if (stopping.signal.aborted) break
      const readyIn = Math.max(lane.due_in_ms, lane.circuit_in_ms)
      if (readyIn > 0) next = Math.min(next, readyIn)
      else if (roomFor(lane.kind) <= 0) next = Math.min(next, LOOK_AGAIN_MS)
      else {
        const mayHaveMore = await serve(lane).catch((err) => {
          logger.warn({ err, component: 'deliveries', circuit: lane.circuit }, 'a circuit could not be served')
          return false
        })
        next = Math.min(next, mayHaveMore ? LOOK_AT_MOST_EVERY_MS : LOOK_AGAIN_MS)
      }
    }
    return next
  }

  const run = async () => {
    while (!stopping.signal.aborted) {
      news = Promise.withResolvers()
      const pause = await look().catch((err) => {
        logger.warn({ err, component: 'deliveries' }, 'deliveries could not be looked up; trying again')
        return LOOK_AGAIN_MS
      })
      await sleep(LOOK_AT_MOST_EVERY_MS)
      await either(news.promise, pause)
    }
  }

  const listening = await options.listener.listen({
    channel: 'signalbox_deliveries',
    onMessage: wake,
    onConnected: wake,
  })
  const running = run()
  return {
    sending: () => sending.size,
    stop: async () => {
      stopping.abort()
      wake()
      const breaking = setTimeout(() => breakOff.abort(), STOP_WAITS_SECONDS * 1_000)
      // What is broken off is recorded too: it waits for the next process, not for its lease to run out.
      const leaving = setTimeout(() => recorder.giveUp(), (STOP_WAITS_SECONDS + RECORD_WAITS_SECONDS) * 1_000)
      await Promise.all([running, listening.close()])
      await Promise.all(sending)
      clearTimeout(breaking)
      clearTimeout(leaving)
    },
  }
}

/** One attempt, which ends by its kind's time-out. A sender rejects only when it is broken off; otherwise it is broken. */
async function sendUnlessBrokenOff(
  { send, logger }: Pick<DispatcherOptions, 'send' | 'logger'>,
  claim: Claim,
  breakOff: AbortSignal,
): Promise<Ended['outcome']> {
  try {
    return await send(claim.channel, claim.message, breakOff)
  } catch (err) {
    if (breakOff.aborted) return { kind: 'lost' }
    logger.error({ err, component: 'deliveries', delivery_id: claim.deliveryId }, 'a sender broke')
    return { kind: 'failed', statusCode: null, reason: 'the message could not be sent' }
  }
}

/** Waits for news, but no longer than `milliseconds`. */
async function either(news: Promise<void>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const time = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([news, time])
  clearTimeout(timer)
}
