import { bookingsModule } from './bookings/index.ts'
import { networkModule } from './network/index.ts'
import { resourcesModule } from './resources/index.ts'
import { tripsModule } from './trips/index.ts'

/** The fleet desk: who drives what, when, and whom. */
export const fleetDesk = [resourcesModule, networkModule, tripsModule, bookingsModule]
