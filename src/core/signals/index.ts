import type { Logger } from '../../kernel/logger.ts'
import { isTenantId } from '../../kernel/tenant-id.ts'
import { type Database, listen } from '../../platform/database/index.ts'
import { openHub } from './hub.ts'
import { operatorSignalRoutes } from './operator-routes.ts'
import { raiseOperatorSignal, raiseSignal, resolveOperatorSignal, resolveSignal } from './raise-signal.ts'
import { signalRoutes } from './routes.ts'
import { presentSignal } from './signal-view.ts'
import { listChangedAfter } from './store.ts'
import { signalStreamRoute } from './stream-route.ts'

export { raiseOperatorSignal, raiseSignal, resolveOperatorSignal, resolveSignal } from './raise-signal.ts'
export { type NewSignal, type RaisedSignal, SEVERITIES, type Severity, type Signal } from './signal.ts'
export { SIGNAL_STATES, type SignalState } from './state.ts'

export const signalsMigrations = { module: 'core/signals', directory: new URL('./migrations/', import.meta.url) }

/** This module's permissions and the least role that has each. */
export const signalPermissions = { 'signal.read': 'viewer', 'signal.handle': 'agent' } as const

const CHANNEL = 'signalbox_signals'
/** A listening connection that died without a word is noticed only by its silence. */
const LOOK_ANYWAY_EVERY_MS = 60_000

/**
 * What needs a person, of tenants and of operators. `startStream` opens the one connection that hears of changes: for
 * processes that answer requests.
 */
export function signalsModule(dependencies: { database: Database; databaseUrl: string; logger: Logger }) {
  const { database, databaseUrl, logger } = dependencies
  const hub = openHub({
    logger,
    read: async (tenantId, after, limit) => {
      const changed = await database.withTenant(tenantId, (tx) => listChangedAfter(tx, after, limit))
      // Written once, however many listen.
      return changed.map((signal) => ({
        ...{ change: signal.change, id: String(signal.change), event: 'signal' },
        data: JSON.stringify(presentSignal(signal)),
      }))
    },
  })
  let listening: { close(): Promise<void> } | undefined
  let looking: NodeJS.Timeout | undefined
  return {
    // The stream first: `stream` is no signal's id.
    routes: [signalStreamRoute(hub), ...signalRoutes(database), ...operatorSignalRoutes],
    startStream: async () => {
      looking = setInterval(hub.wakeAll, LOOK_ANYWAY_EVERY_MS)
      listening = await listen({
        ...{ url: databaseUrl, channel: CHANNEL, logger },
        onMessage: (tenant) => {
          if (isTenantId(tenant)) hub.wake(tenant)
        },
        onConnected: hub.wakeAll,
      })
    },
    /** Streams open in this process. */
    openStreams: hub.openStreams,
    /** Ends the streams. */
    close: async () => {
      clearInterval(looking)
      await listening?.close()
      await hub.close()
    },
    api: { raiseSignal, resolveSignal, raiseOperatorSignal, resolveOperatorSignal },
  }
}
