import { sql } from 'kysely'
import type { Logger } from '../../../kernel/logger.ts'
import { type Listener, openDatabase } from '../../database/index.ts'
import type { Queue } from '../queue.ts'
import { openSqsCalls } from './calls.ts'
import { watchDeadLetters } from './dead-letters.ts'
import { addMessages } from './outbox.ts'
import { openReceiver, type Receiver } from './receive.ts'
import { startRelay } from './relay.ts'
import type { SqsSettings } from './settings.ts'
import { startWorking, type Working } from './work.ts'

export type SqsQueue = Queue & Receiver

/**
 * Opens the transport over SQS on its own small pool. `listener`: this process sends what is to leave, woken by it;
 * without one it only adds to the outbox and leaves sending to the others.
 */
export async function openSqsQueue(options: {
  url: string
  logger: Logger
  max: number
  settings: SqsSettings
  listener?: Listener | undefined
  onSent?: (seconds: number) => void
}): Promise<SqsQueue> {
  const { url, logger, max, settings, listener } = options
  const calls = await openSqsCalls(settings, logger)
  const database = openDatabase({ url, max, logger, purpose: 'queue' })
  const receiver = openReceiver(database, settings)
  const relay = listener && (await startRelay({ ...options, database, listener, calls }))
  const working = new Map<string, Working>()
  const watching: { stop(): Promise<void> }[] = []

  const close = async (graceSeconds: number) => {
    // What the last handlers add still leaves.
    await Promise.all([...working.values()].map((each) => each.stop(graceSeconds)))
    await Promise.all(watching.map((each) => each.stop()))
    await relay?.stop()
    calls.close()
    await database.close()
  }
  let stopping: Promise<void> | undefined

  return {
    ...receiver,
    add: addMessages,
    carries: (queue, field, value) => sql<boolean>`exists (
      select from outbox.messages where queue = ${queue} and data ->> ${sql.lit(field)} = ${value})`,
    // The share of a group is what the outbox releases of it, over all processes.
    work: async (queue, { slots }, handler) => {
      const handle = handler as (data: object) => Promise<void>
      working.set(queue, startWorking({ database, calls, receiver, settings, logger, slots, handler: handle }))
    },
    watchDead: async (_queue, handler) => {
      const { deadLetterUrl } = settings
      if (deadLetterUrl === undefined) return
      const dead = { database, calls, settings, logger, url: deadLetterUrl }
      watching.push(watchDeadLetters({ ...dead, handler: handler as never }))
    },
    stopFetching: async (queue) => working.get(queue)?.stopFetching(),
    stop: (graceSeconds) => (stopping ??= close(graceSeconds)),
  }
}
