import { actionsModule } from '../../../core/actions/index.ts'
import { defineModule } from '../../../platform/module/index.ts'
import { resourcesModule } from '../resources/index.ts'
import { tripsModule } from '../trips/index.ts'
import { bookingActions } from './actions.ts'
import { riders } from './riders.ts'
import { bookingRoutes } from './routes.ts'

const needs = { actions: actionsModule, resources: resourcesModule, trips: tripsModule }

/** Who is driven, on which trips, and who waits. */
export const bookingsModule = defineModule<undefined, typeof needs>({
  name: 'desks/fleet/bookings',
  migrations: new URL('./migrations/', import.meta.url),
  needs,
  retention: {
    riders: { becomes: 'kept', what: 'riders', why: 'What people have set up.' },
    bookings: { becomes: 'kept', what: 'bookings', why: 'As trips.' },
  },
  open: (_ground, { trips }) => {
    trips.carries(riders)
    return { api: undefined, routes: bookingRoutes(), actions: bookingActions }
  },
})
