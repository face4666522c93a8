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

/**
 * Writes how attempts ended, those of one moment together: the circuit hears of each in the transaction that writes the
 * delivery. While the database is away it keeps them and tries again: what has arrived must not be sent a second time.
 */
export function openRecorder(options: {
  database: Database
  breaker: CircuitBreaker
  logger: Logger
  onEnded: (ended: { kind: string; outcome: AttemptOutcome }) => void
  onTransition: (circuit: string, transition: Transition) => void
}): Recorder {
  const { database, breaker, logger } = options
  let waiting: { ended: Ended; done: () => void }[] = []
  let isWriting = false
  const giveUp = new AbortController()

  const write = async () => {
    if (isWriting) return
    isWriting = true
    while (waiting.length > 0 && !giveUp.signal.aborted) {
      const batch = waiting.slice(0, AT_ONCE_MAX)
      const transitions: [string, Transition][] = []
      try {
        await database.acrossTenants(WHY, async (tx) => {
          transitions.push(
            ...(await recordCalls(
              tx,
              breaker,
              batch.map(({ ended }) => ended),
            )),
          )
          await recordAttempts(
            tx,
            batch.map(({ ended }) => toRecord(ended)),
          )
        })
      } catch (err) {
        logger.warn({ err, component: 'deliveries' }, 'attempts could not be recorded; trying again')
        await sleep(AGAIN_AFTER_MS, giveUp.signal).catch(() => {})
        continue
      }
      waiting = waiting.slice(batch.length)
      for (const { ended, done } of batch) {
        options.onEnded({ kind: ended.claim.channel.kind, outcome: attemptOutcome(ended.outcome) })
        done()
      }
      for (const [circuit, transition] of transitions) options.onTransition(circuit, transition)
    }
    isWriting = false
    if (giveUp.signal.aborted) for (const { done } of waiting) done()
  }

  return {
    add: (ended) =>
      new Promise((done) => {
        waiting.push({ ended, done })
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
): Promise<[string, Transition][]> {
  const news: CircuitNews[] = []
  for (const { circuit, permit, outcome, claim } of batch.toSorted((a, b) => (a.circuit < b.circuit ? -1 : 1))) {
    const transition = await breaker.record(tx, circuit, permit, callOutcome(outcome))
    if (outcome.kind === 'throttled') await breaker.pause(tx, circuit, pauseSeconds(outcome.retryAfterSeconds))
    if (transition) news.push({ circuit, transition, reason: 'reason' in outcome ? outcome.reason : null, claim })
  }
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

/** Who refuses or asks for a pause is well; whether our request is, is another matter. */
function callOutcome(outcome: Ended['outcome']): CallOutcome {
  if (outcome.kind === 'failed') return { failed: outcome.reason }
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
