import type { Database } from '../../database/index.ts'
import { decodeMessage } from './message.ts'
import { finishMessage, returnMessage, type Taken, takeMessage } from './outbox.ts'
import type { SqsSettings } from './settings.ts'

export const REASON = 'a message says whose it is only when it has been taken'

/** What a received message came to. `over`: nothing is left to do, now or before; `not_ours`: nobody here can read it. */
export type Received = 'over' | 'not_ours'

export type Receiver = {
  /**
   * Takes what a message points to, has it handled and ends it. Rejects when that could not be begun or ended: the message
   * is to come again.
   */
  receive(body: string | undefined, handler: (data: object) => Promise<void>, hold: Hold): Promise<Received>
}

/** Told of what is held while it is handled, so that it can be extended. */
export type Hold = { visibilitySeconds: number; onTaken?: (taken: Taken) => void }

/** What is done with a message, however it came: by a call for it, or as a record of a Lambda event. */
export function openReceiver(database: Database, { resendSeconds }: SqsSettings): Receiver {
  return {
    receive: async (body, handler, { visibilitySeconds, onTaken }) => {
      const message = decodeMessage(body)
      if (!message) return 'not_ours'
      const { id } = message
      const [rows] = await database.acrossTenantsAtOnce(REASON, [takeMessage(id, visibilitySeconds)])
      const [row] = rows
      if (!row) return 'over'
      const taken = { id, takes: row.takes }
      onTaken?.(taken)
      try {
        await handler(row.data)
      } catch (error) {
        await database.acrossTenantsAtOnce(REASON, [returnMessage(taken, resendSeconds)])
        throw error
      }
      // Before the message itself: without it, the row would say until it is sent again that somebody is at it.
      await database.acrossTenantsAtOnce(REASON, [finishMessage(taken)])
      return 'over'
    },
  }
}
