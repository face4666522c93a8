import { actionsModule } from '../../../core/actions/index.ts'
import { clocksModule } from '../../../core/clocks/index.ts'
import { defineModule } from '../../../platform/module/index.ts'
import { networkModule } from '../network/index.ts'
import { resourcesModule } from '../resources/index.ts'
import { makeAhead, makingTripsAhead } from './make-ahead.ts'
import { NOBODY, type Riders } from './people.ts'
import { tripRoutes } from './routes.ts'
import { tripActions } from './trip-actions.ts'

export { DAYS_AHEAD, makeTripsAhead } from './make-ahead.ts'
export type { Load, Noticed, Riders, TripEvent } from './people.ts'
export { isOpen } from './status.ts'
export { lockTrip, requireTrip, stopsOfTrip, type TripRow } from './store.ts'

export type TripsApi = {
  /** Says who is booked on trips. Once, by the module that knows. */
  carries(riders: Riders): void
}

const needs = { actions: actionsModule, clocks: clocksModule, network: networkModule, resources: resourcesModule }

/** Trips: made ahead from routes or by hand, given a vehicle and a driver, driven or cancelled. */
export const tripsModule = defineModule<TripsApi, typeof needs>({
  name: 'desks/fleet/trips',
  migrations: new URL('./migrations/', import.meta.url),
  needs,
  retention: {
    trips: { becomes: 'kept', what: 'trips', why: 'What was driven is what the desk is for.' },
    trip_stops: { becomes: 'kept', what: 'where trips stopped', why: 'As trips.' },
    trip_horizons: { becomes: 'kept', what: 'up to when trips were made ahead', why: 'One row for each tenant.' },
  },
  open: ({ database }, { actions, clocks }) => {
    let carried: Riders = NOBODY
    const riders = () => carried
    return {
      api: {
        carries: (known) => {
          carried = known
        },
      },
      routes: tripRoutes(riders),
      actions: [...tripActions(riders), makeAhead],
      schedules: [makingTripsAhead({ database, actions, clocks })],
    }
  },
})
