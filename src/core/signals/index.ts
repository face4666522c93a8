import { isTenantId, type TenantId } from '../../kernel/tenant-id.ts'
import { type Hub, openChangeHub } from '../../platform/http/index.ts'
import { defineModule, type Ground } from '../../platform/module/index.ts'
import { operatorSignalRoutes } from './operator-routes.ts'
import { signalRoutes } from './routes.ts'
import { presentSignal } from './signal-view.ts'
import { listChangedAfter } from './store.ts'
import { signalStreamRoute } from './stream-route.ts'

export { handleSignal, snoozeSignal } from './handle-signal.ts'
export { readUntil, SignalQuery, SNOOZE_DAYS_MAX, statesOf } from './query.ts'
export {
  raiseOperatorSignal,
  raiseSignal,
  raiseSignals,
  resolveOperatorSignal,
  resolveSignal,
  resolveSignals,
} from './raise-signal.ts'
export { type NewSignal, type RaisedSignal, SEVERITIES, type Severity, type Signal } from './signal.ts'
export { presentSignal, SignalView } from './signal-view.ts'
export { SIGNAL_STATES, type SignalState } from './state.ts'
export { findSignal, listSignals, SIGNALS } from './store.ts'

const CHANNEL = 'signalbox_signals'
/** A listening connection that died without a word is noticed only by its silence. */
const LOOK_ANYWAY_EVERY_MS = 60_000

/** What needs a person, of tenants and of operators. Processes that answer requests hear of changes on one connection. */
export const signalsModule = defineModule({
  name: 'core/signals',
  migrations: new URL('./migrations/', import.meta.url),
  retention: {
    signals: {
      becomes: 'removed',
      what: 'signals that are resolved, with their deliveries',
      why: 'Half a year shows what keeps coming back. What nobody has resolved stays.',
      days: 180,
      since: 'resolved_at',
      when: `state = 'resolved'`,
      scope: { of: 'tenant', least: 30, most: 1_095, id: 'signal_id', found: 'since' },
    },
    'platform.operator_signals': {
      becomes: 'removed',
      what: 'operators’ signals that are resolved',
      why: 'As those of tenants.',
      days: 180,
      since: 'resolved_at',
      when: `state = 'resolved'`,
      scope: { of: 'all', key: ['signal_id'] },
    },
  },
  permissions: { 'signal.read': 'viewer', 'signal.handle': 'agent' },
  open: (ground) => {
    const { database, logger } = ground
    const hub = openChangeHub<TenantId>({
      logger,
      read: async (tenantId, after, limit) => {
        const { changed, isAll } = await database.withTenant(tenantId, (tx) => listChangedAfter(tx, after, limit))
        // Written once, however many listen.
        const events = changed.map((signal) => ({
          ...{ change: signal.change, id: String(signal.change), event: 'signal' },
          data: JSON.stringify(presentSignal(signal)),
        }))
        return { events, isAll }
      },
    })
    return {
      api: undefined,
      // The stream first: `stream` is no signal's id.
      routes: [signalStreamRoute(hub), ...signalRoutes(database), ...operatorSignalRoutes],
      starts: { api: () => startStream(ground, hub) },
      close: () => hub.close(),
    }
  },
})

async function startStream({ listener }: Ground, hub: Hub<TenantId>) {
  const looking = setInterval(hub.wakeAll, LOOK_ANYWAY_EVERY_MS)
  const listening = await listener.listen({
    channel: CHANNEL,
    onMessage: (tenant) => {
      if (isTenantId(tenant)) hub.wake(tenant)
    },
    onConnected: hub.wakeAll,
  })
  return {
    stop: async () => {
      clearInterval(looking)
      await listening.close()
    },
  }
}
