import { Client } from 'pg'
import { sleep } from '../../kernel/abort.ts'
import type { Logger } from '../../kernel/logger.ts'
import { connectionSettings } from './connection-settings.ts'
import { ROLES } from './roles.ts'

const RECONNECT_MS = 1_000

export type Hearing = {
  channel: string
  onMessage: (payload: string) => void
  /** At first and after each reconnect, so that what was missed meanwhile can be looked up. */
  onConnected: () => void
  /** From now until `onConnected` nothing is heard. */
  onLost?: () => void
}

export type Listener = {
  /** Hears of a channel from now on. */
  listen(hearing: Hearing): Promise<{ close(): Promise<void> }>
  close(): Promise<void>
}

/**
 * Hears what the database notifies, on one connection for all channels of a process, which comes back by itself when it is
 * lost. Rejects when it cannot be made.
 */
export async function openListener({ url, logger }: { url: string; logger: Logger }): Promise<Listener> {
  const closing = new AbortController()
  const hearings = new Set<Hearing>()
  let current: Client | undefined

  /** Connects and listens to all that somebody hears; `lost` settles when that connection is over. */
  const connect = async (): Promise<{ lost: Promise<void> }> => {
    const client = new Client(connectionSettings(url, ROLES.serving, 'listen'))
    const lost = new Promise<void>((resolve) => {
      client.once('end', resolve)
      client.on('error', (err) => {
        logger.warn({ err, component: 'database' }, 'the listening connection was lost')
        resolve()
      })
    })
    client.on('notification', ({ channel, payload = '' }) => {
      for (const hearing of hearings) if (hearing.channel === channel) hearing.onMessage(payload)
    })
    try {
      await client.connect()
      // Whoever comes from here on has the connection listen to their channel themselves.
      current = client
      for (const { channel } of hearings) await client.query(`listen "${channel}"`)
    } catch (error) {
      current = undefined
      await client.end()
      throw error
    }
    for (const { onConnected } of hearings) onConnected()
    return { lost }
  }

  const keepConnected = async (first: { lost: Promise<void> }) => {
    let connection: { lost: Promise<void> } | undefined = first
    while (!closing.signal.aborted) {
      await connection?.lost
      current = undefined
      if (connection) for (const { onLost } of hearings) onLost?.()
      await sleep(RECONNECT_MS, closing.signal).catch(() => {})
      if (closing.signal.aborted) return
      connection = await connect().catch((err) => {
        logger.warn({ err, component: 'database' }, 'cannot listen; trying again')
        return undefined
      })
    }
    // A connection made while closing began would otherwise stay open.
    await current?.end()
  }

  const keeping = keepConnected(await connect())
  let turn: Promise<boolean | undefined> = Promise.resolve(undefined)
  return {
    listen: async (hearing) => {
      hearings.add(hearing)
      // Where it is lost, the next one listens to this channel, too, and says so.
      // One statement at a time: the driver keeps no queue for them.
      turn = turn.then(async () =>
        current?.query(`listen "${hearing.channel}"`).then(
          () => true,
          () => false,
        ),
      )
      const isHeard = await turn
      if (isHeard) hearing.onConnected()
      return { close: async () => void hearings.delete(hearing) }
    },
    close: async () => {
      closing.abort()
      await current?.end()
      await keeping
    },
  }
}
