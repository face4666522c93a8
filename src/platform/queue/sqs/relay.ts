import { sleep } from '../../../kernel/abort.ts'
import type { Logger } from '../../../kernel/logger.ts'
import type { Database, Listener } from '../../database/index.ts'
import { BATCH_MAX, type SqsCalls } from './calls.ts'
import { encodeMessage } from './message.ts'
import { markSent, markUnsent, OUTBOX_CHANNEL, RELEASED_AT_ONCE, type Released, releaseMessages } from './outbox.ts'
import type { SqsSettings } from './settings.ts'

/** NOTIFY wakes the relay; this is the backstop for a lost listener. */
const LOOK_EVERY_SECONDS = 4
/** Until what SQS has refused is tried again; a call that failed has been retried before. */
const PAUSE_SECONDS = 2
/** Batches on their way at a time: one that is retried holds up nobody, and many that are bound this process. */
const BATCHES_MAX = 8

export type Relay = { stop(): Promise<void> }

export type RelayOptions = {
  database: Database
  listener: Listener
  calls: SqsCalls
  settings: SqsSettings
  logger: Logger
  /** Seconds from when a message might leave until SQS had it. */
  onSent?: ((seconds: number) => void) | undefined
}

const REASON = 'messages of all tenants leave in one order'

/** Sends what the outbox releases as soon as it does, until stopped. Several processes may. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const { database, calls, settings, logger } = options
  const stopping = new AbortController()
  const bell = makeBell(stopping.signal)
  const sending = new Set<Promise<void>>()

  const send = async (batch: readonly Released[]) => {
    const ids = batch.map(({ message_id }) => message_id)
    const began = performance.now()
    const refused = await calls.send(batch.map(outgoing)).then(
      (answer) => new Set(answer.refused),
      (err) => {
        logger.warn({ err, component: 'relay', count: batch.length }, 'messages could not be sent; trying again soon')
        return new Set(ids)
      },
    )
    const accepted = batch.filter(({ message_id }) => !refused.has(message_id))
    const took = (performance.now() - began) / 1_000
    for (const { waited_seconds } of accepted) options.onSent?.(waited_seconds + took)
    // Not written down, they are sent again when their time as `sending` is over: once too often, which is harmless.
    await database
      .acrossTenantsAtOnce(REASON, [
        markSent(
          accepted.map(({ message_id }) => message_id),
          settings.resendSeconds,
        ),
        markUnsent([...refused], PAUSE_SECONDS),
      ])
      .catch((err) => logger.warn({ err, component: 'relay' }, 'could not write down what was sent'))
  }

  const round = async (): Promise<number> => {
    const chosen = await releaseMessages(database, settings)
    for (const batch of inBatches(chosen.released)) {
      const sent = send(batch).finally(() => sending.delete(sent))
      sending.add(sent)
      if (sending.size >= BATCHES_MAX) await Promise.race(sending)
    }
    if (chosen.released.length === RELEASED_AT_ONCE) return 0
    return Math.min(LOOK_EVERY_SECONDS, Math.max(0, chosen.nextSeconds ?? LOOK_EVERY_SECONDS))
  }

  const run = async () => {
    while (!stopping.signal.aborted) {
      const seconds = await round().catch((err) => {
        logger.warn({ err, component: 'relay' }, 'could not look for what is to be sent')
        return LOOK_EVERY_SECONDS
      })
      await bell.wait(seconds)
    }
    await Promise.all(sending)
  }
  const hearing = await options.listener.listen({
    channel: OUTBOX_CHANNEL,
    onMessage: bell.ring,
    onConnected: bell.ring,
  })
  const running = run()
  return {
    stop: async () => {
      stopping.abort()
      await running
      await hearing.close()
    },
  }
}

const outgoing = ({ message_id: id, sends: send, data, group_id: group }: Released) => ({
  id,
  body: encodeMessage({ id, send, data }),
  group,
  // Of a FIFO queue: what is sent again on purpose is no repetition.
  deduplication: `${id}:${send}`,
})

function* inBatches(messages: readonly Released[]): Generator<readonly Released[]> {
  for (let start = 0; start < messages.length; start += BATCH_MAX) yield messages.slice(start, start + BATCH_MAX)
}

/** A wait that somebody may end; a ring while nobody waits ends the next wait. */
function makeBell(signal: AbortSignal) {
  let rung = false
  let waiting: AbortController | undefined
  return {
    ring: () => {
      rung = true
      waiting?.abort()
    },
    wait: async (seconds: number) => {
      if (!rung) {
        waiting = new AbortController()
        await sleep(seconds * 1_000, AbortSignal.any([signal, waiting.signal])).catch(() => {})
      }
      rung = false
    },
  }
}
