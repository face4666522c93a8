import { sql } from 'kysely'
import type { Database, SystemTx } from '../../platform/database/index.ts'
import { type CircuitBreaker, circuitBreaker } from '../../platform/resilience/index.ts'
import { circuitRoutes } from './circuit-routes.ts'
import { notifyCheck } from './notify-check.ts'
import { deliveryRoutes } from './routes.ts'

export { type Dispatcher, type DispatcherOptions, startDispatcher } from './dispatcher.ts'

export const deliveriesMigrations = { module: 'core/deliveries', directory: new URL('./migrations/', import.meta.url) }

/** This module's permissions and the least role that has each. */
export const deliveryPermissions = { 'delivery.read': 'agent', 'delivery.redrive': 'manager' } as const

/** The log of deliveries and the circuits they go through. The dispatcher is started by a process that has the role. */
export function deliveriesModule({
  database,
  breaker = circuitBreaker(),
}: {
  database: Database
  breaker?: CircuitBreaker
}) {
  return {
    breaker,
    routes: [...deliveryRoutes(database), ...circuitRoutes({ database, breaker })],
    healthChecks: [notifyCheck(breaker)],
  }
}

/** Deletes the circuits of channels that are gone. */
export const forgetCircuits = (tx: SystemTx) =>
  sql`
    delete from platform.circuits
    where name like 'channel:%' and not exists (select from channels where channels.circuit = circuits.name)`.execute(
    tx,
  )
