import { defineModule, type Ground } from '../../platform/module/index.ts'
import { type CircuitBreaker, circuitBreaker } from '../../platform/resilience/index.ts'
import { inHeaps } from '../../platform/upkeep/index.ts'
import { channelsModule, type Send } from '../channels/index.ts'
import { signalsModule } from '../signals/index.ts'
import { circuitRoutes } from './circuit-routes.ts'
import { startDispatcher } from './dispatcher.ts'
import { forgetCircuits, giveUpOldDeliveries } from './grow-old.ts'
import { notifyCheck } from './notify-check.ts'
import { deliveryRoutes } from './routes.ts'

/** The log of deliveries and the circuits they go through. Processes with the role `worker` send what waits. */
export const deliveriesModule = defineModule({
  name: 'core/deliveries',
  migrations: new URL('./migrations/', import.meta.url),
  retention: {
    deliveries: {
      becomes: 'removed',
      what: 'deliveries that arrived or are dead',
      why: 'A quarter answers whether somebody was told; until then a dead one can be sent again.',
      days: 90,
      since: 'ended_at',
      when: `state in ('delivered', 'dead')`,
      scope: { of: 'tenant', least: 7, most: 730, id: 'delivery_id', found: 'id' },
    },
    delivery_attempts: {
      becomes: 'removed with',
      table: 'deliveries',
      what: 'attempts to deliver',
      why: 'A trigger removes them.',
    },
  },
  permissions: { 'delivery.read': 'agent', 'delivery.redrive': 'manager' },
  needs: { signals: signalsModule, channels: channelsModule },
  open: (ground, { channels }) => {
    const { database, config } = ground
    const breaker = circuitBreaker({ openSeconds: config.CIRCUIT_OPEN_SECONDS })
    return {
      api: undefined,
      routes: [...deliveryRoutes(database), ...circuitRoutes({ database, breaker })],
      healthChecks: [notifyCheck(breaker)],
      upkeep: [
        { name: 'deliveries.waiting', run: inHeaps((limit) => giveUpOldDeliveries(database, limit)) },
        { name: 'platform.circuits', run: inHeaps((limit) => forgetCircuits(database, limit)) },
      ],
      starts: { worker: () => startSending(ground, breaker, channels.send) },
    }
  },
})

async function startSending({ metrics, ...ground }: Ground, breaker: CircuitBreaker, send: Send) {
  const attempts = metrics.counter(
    'signalbox_delivery_attempts_total',
    'Attempts to deliver a signal, by kind of channel and how they ended',
    ['kind', 'outcome'],
  )
  const changes = metrics.counter(
    'signalbox_circuit_changes_total',
    'Changes of the state of circuit breakers, by whose it is and what it became',
    ['circuit', 'state'],
  )
  const dispatcher = await startDispatcher({
    ...{ ...ground, breaker, send, openSeconds: ground.config.CIRCUIT_OPEN_SECONDS },
    onEnded: (ended) => attempts.inc(ended),
    // Those of channels, of which there may be many, are counted as one.
    onTransition: (circuit, { to }) => changes.inc({ circuit: circuit.replace(/:.*/, ''), state: to }),
  })
  const help = 'Deliveries that this process is sending'
  return { gauges: [{ name: 'signalbox_deliveries_sending', help, read: dispatcher.sending }], stop: dispatcher.stop }
}
