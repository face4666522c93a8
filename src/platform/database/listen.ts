import { Client } from 'pg'
import { sleep } from '../../kernel/abort.ts'
import type { Logger } from '../../kernel/logger.ts'
import { connectionSettings } from './connection-settings.ts'
import { ROLES } from './roles.ts'

const RECONNECT_MS = 1_000

/**
 * Holds one connection that listens on `channel` and comes back by itself when it is lost.
 * `onConnected` runs after each (re)connect, so that what was missed meanwhile can be looked up.
 */
export async function listen(options: {
  url: string
  channel: string
  logger: Logger
  onMessage: (payload: string) => void
  onConnected: () => void
}): Promise<{ close(): Promise<void> }> {
  const closing = new AbortController()
  let current: Client | undefined

  /** Connects and listens; `lost` settles when that connection is over. */
  const connect = async (): Promise<{ lost: Promise<void> }> => {
    const client = new Client(connectionSettings(options.url, ROLES.serving, `listen ${options.channel}`))
    const lost = new Promise<void>((resolve) => {
      client.once('end', resolve)
      client.on('error', (err) => {
        options.logger.warn({ err, component: 'database' }, 'the listening connection was lost')
        resolve()
      })
    })
    client.on('notification', ({ payload }) => options.onMessage(payload ?? ''))
    try {
      await client.connect()
      await client.query(`listen "${options.channel}"`)
    } catch (error) {
      await client.end()
      throw error
    }
    current = client
    options.onConnected()
    return { lost }
  }

  const keepConnected = async (first: { lost: Promise<void> }) => {
    let connection: { lost: Promise<void> } | undefined = first
    while (!closing.signal.aborted) {
      await connection?.lost
      if (closing.signal.aborted) return
      await sleep(RECONNECT_MS, closing.signal).catch(() => {})
      connection = await connect().catch((err) => {
        options.logger.warn({ err, component: 'database' }, 'cannot listen; trying again')
        return undefined
      })
    }
    // A connection made while closing began would otherwise stay open.
    await current?.end()
  }

  const keeping = keepConnected(await connect())
  return {
    close: async () => {
      closing.abort()
      await current?.end()
      await keeping
    },
  }
}
