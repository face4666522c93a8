import { sql } from 'kysely'
import { sleep } from '../../../kernel/abort.ts'
import type { Logger } from '../../../kernel/logger.ts'
import type { Database, SystemTx } from '../../database/index.ts'
import type { DeadHandler } from '../queue.ts'
import type { Incoming, SqsCalls } from './calls.ts'
import { decodeMessage } from './message.ts'
import type { SqsSettings } from './settings.ts'

const VISIBILITY_SECONDS = 60
const TROUBLE_SECONDS = 5
/** What nobody here can read stays for an operator, and is looked at again after the longest time that SQS hides one. */
const NOT_OURS_SECONDS = 12 * 3_600

/**
 * Watches where SQS puts what was received too often: whoever it was for is told, together with the end of its row, and
 * the message removed. Several processes may.
 */
export function watchDeadLetters(options: {
  database: Database
  calls: SqsCalls
  settings: SqsSettings
  logger: Logger
  url: string
  handler: DeadHandler<object>
}): { stop(): Promise<void> } {
  const { database, calls, settings, logger, url } = options
  const stopping = new AbortController()
  const { signal } = stopping

  const end = async ({ receipt, body, receives }: Incoming) => {
    const message = decodeMessage(body)
    if (!message) {
      logger.warn({ component: 'queue' }, 'among the dead letters is one that this program cannot read; it stays there')
      return calls.hide(url, [receipt], NOT_OURS_SECONDS)
    }
    await database.acrossTenants('a dead letter says whose it is only when its row is read', async (tx) => {
      const data = await endMessage(tx, message)
      if (!data) return
      logger.warn({ component: 'queue', count: receives }, 'a message came to the dead letters')
      await options.handler(tx, data)
    })
    await calls.remove(url, [receipt])
  }

  const run = async () => {
    const { waitSeconds } = settings
    while (!signal.aborted) {
      try {
        const asked = { max: 10, waitSeconds, visibilitySeconds: VISIBILITY_SECONDS, signal }
        for (const incoming of await calls.receive(url, asked)) await end(incoming)
      } catch (err) {
        if (signal.aborted) return
        logger.warn({ err, component: 'queue' }, 'could not look at the dead letters; trying again soon')
        await sleep(TROUBLE_SECONDS * 1_000, signal).catch(() => {})
      }
    }
  }
  const running = run()
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

/**
 * Ends the row of a message and returns its data; undefined where it is over, a worker has it after all, or it was sent
 * again since: then the younger message decides.
 */
async function endMessage(tx: SystemTx, { id, send }: { id: string; send: number }): Promise<object | undefined> {
  const { rows } = await sql<{ data: object }>`
    delete from outbox.messages
    where message_id = ${id} and sends <= ${send} and (state <> 'taken' or look_at <= clock_timestamp())
    returning data`.execute(tx)
  return rows[0]?.data
}
