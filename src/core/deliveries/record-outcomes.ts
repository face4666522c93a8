import { sleep } from '../../kernel/abort.ts'
import type { Logger } from '../../kernel/logger.ts'
import type { Database, SystemTx } from '../../platform/database/index.ts'
import type { CallOutcome, CircuitBreaker, Permit, Transition } from '../../platform/resilience/index.ts'
import { POLICIES, RETRY_AFTER_CAP_SECONDS, type SendOutcome, switchOffChannel } from '../channels/index.ts'
import { type Claim, judge, type Verdict } from './delivery.ts'
import { type AttemptOutcome, recordAttempts } from './record-store.ts'
import { type CircuitNews, lockSignals, tellOfCircuit, tellOfSwitchedOff } from './tell-of-circuit.ts'

/** How an attempt ended; `lost`: we broke it off, and nobody knows whether it arrived. */
export type Ended = { claim: Claim; circuit: string; permit: Permit; outcome: SendOutcome | { kind: 'lost' } }

export type Recorder = {
  /** Resolves when it is written, or was given up. */
  add(ended: Ended): Promise<void>
  /** The process has to end: what cannot be written now is left to the leases. */
  giveUp(): void
}

const WHY = 'one worker sends the deliveries of all tenants'
const AT_ONCE_MAX = 100
const AGAIN_AFTER_MS = 500
/** After so many times that the database refused one outcome by itself, it is left to the lease of its delivery. */
const REFUSED_MAX = 3

/** SQLSTATEs by which a server says that it is not there for anybody: gone, starting, out of something, or in its own way. */
const NOT_OURS = /^(08|25P0[234]|40|53|55|57|58)/
/** Whether it is what was written that the database does not take; everything else is tried until the database is back. */
const isRefused = (error: unknown): boolean => {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && (code === '57014' || !NOT_OURS.test(code))
}

/**
 * Writes how attempts ended, those of one moment together: the circuit hears of each in the transaction that writes the
 * delivery. While the database is away it keeps them and tries again: what has arrived must not be sent a second time.
 * When the database refuses what is written, each is written by itself, then without telling people of its circuit: one
 * tenant's row that cannot be written must not keep the outcomes of all others.
 */
export function openRecorder(options: {
  database: Database
  breaker: CircuitBreaker
  logger: Logger
  onEnded: (ended: { kind: string; outcome: AttemptOutcome }) => void
  onTransition: (circuit: string, transition: Transition) => void
}): Recorder {
  const { database, breaker, logger } = options
  type Waiting = { ended: Ended; done: () => void; refused: number }
  let waiting: Waiting[] = []
  let isWriting = false
  const giveUp = new AbortController()

  const writeAll = async (batch: readonly Waiting[]): Promise<void> => {
    const ended = batch.map((each) => each.ended)
    const tell = batch.every(({ refused }) => refused < REFUSED_MAX - 1)
    const transitions = await database.acrossTenants(WHY, async (tx) => {
      const changed = await recordCalls(tx, breaker, ended, tell)
      await recordAttempts(tx, ended.map(toRecord))
      return changed
    })
    for (const { claim, outcome } of ended) {
      options.onEnded({ kind: claim.channel.kind, outcome: attemptOutcome(outcome) })
    }
    for (const [circuit, transition] of transitions) options.onTransition(circuit, transition)
  }

  const write = async () => {
    if (isWriting) return
    isWriting = true
    while (waiting.length > 0 && !giveUp.signal.aborted) {
      // What was refused goes by itself.
      const alone = waiting.findIndex(({ refused }) => refused > 0)
      const batch =
        alone === 0 ? waiting.slice(0, 1) : waiting.slice(0, alone < 0 ? AT_ONCE_MAX : Math.min(alone, AT_ONCE_MAX))
      try {
        await writeAll(batch)
        for (const { done } of batch) done()
      } catch (err) {
        if (!isRefused(err)) {
          logger.warn({ err, component: 'deliveries' }, 'attempts could not be recorded; trying again')
          await sleep(AGAIN_AFTER_MS, giveUp.signal).catch(() => {})
          continue
        }
        const deliveries = batch.map(({ ended }) => ended.claim.deliveryId).slice(0, 10)
        logger.error({ err, component: 'deliveries', deliveries }, 'the database refused how attempts ended')
        for (const each of batch) {
          each.refused += 1
          // Behind all others, which need not wait for it.
          if (each.refused < REFUSED_MAX) waiting.push(each)
          else each.done()
        }
      }
      waiting = waiting.slice(batch.length)
    }
    isWriting = false
    if (giveUp.signal.aborted) for (const { done } of waiting) done()
  }

  return {
    add: (ended) =>
      new Promise((done) => {
        waiting.push({ ended, done, refused: 0 })
        void write()
      }),
    giveUp: () => giveUp.abort(),
  }
}

/**
 * Reports calls to their circuits, in the order of their names, and then tells of what changed, tenant by tenant: always
 * the same order of locks, or two processes would wait for each other's.
 */
async function recordCalls(
  tx: SystemTx,
  breaker: CircuitBreaker,
  batch: readonly Ended[],
  tell: boolean,
): Promise<[string, Transition][]> {
  const news: CircuitNews[] = []
  for (const { circuit, permit, outcome, claim } of batch.toSorted((a, b) => (a.circuit < b.circuit ? -1 : 1))) {
    const transition = await breaker.record(tx, circuit, permit, callOutcome(outcome))
    if (outcome.kind === 'throttled') await breaker.pause(tx, circuit, pauseSeconds(outcome.retryAfterSeconds))
    if (transition) news.push({ circuit, transition, reason: 'reason' in outcome ? outcome.reason : null, claim })
  }
  if (!tell) return news.map(({ circuit, transition }) => [circuit, transition])
  const gone = batch.filter(({ outcome }) => outcome.kind === 'refused' && outcome.disablesChannel)
  await lockSignals(
    tx,
    [...news, ...gone].map(({ claim }) => claim.tenantId),
  )
  for (const each of news) await tellOfCircuit(tx, each)
  for (const { claim, outcome } of gone) {
    const reason = 'reason' in outcome ? outcome.reason : ''
    if (await switchOffChannel(tx, claim.channel, reason)) await tellOfSwitchedOff(tx, claim, reason)
  }
  return news.map(({ circuit, transition }) => [circuit, transition])
}

/** Who refuses or asks for a pause is well; whether our request is, is another matter. What never left says nothing. */
function callOutcome(outcome: Ended['outcome']): CallOutcome {
  if (outcome.kind === 'failed') return { failed: outcome.reason }
  if (outcome.kind === 'refused' && outcome.statusCode === null) return 'unknown'
  return outcome.kind === 'lost' || outcome.kind === 'throttled' ? 'unknown' : 'succeeded'
}

const PAUSE_SECONDS = 5
const pauseSeconds = (asked: number | undefined) => Math.min(asked ?? PAUSE_SECONDS, RETRY_AFTER_CAP_SECONDS)

const attemptOutcome = ({ kind }: Ended['outcome']): AttemptOutcome => (kind === 'throttled' ? 'failed' : kind)

function toRecord({ claim, outcome }: Ended) {
  const verdict: Verdict =
    outcome.kind === 'lost'
      ? { state: 'waiting', dueInSeconds: 0, failure: 'The attempt was broken off.' }
      : judge(POLICIES[claim.channel.kind], claim, outcome, Math.random())
  const statusCode = outcome.kind === 'lost' ? null : outcome.statusCode
  return { claim, verdict, outcome: attemptOutcome(outcome), statusCode }
}
