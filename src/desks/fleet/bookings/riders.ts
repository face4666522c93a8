import type { Affected } from '../../../core/actions/index.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { shown } from '../resources/index.ts'
import type { Riders, TripRow } from '../trips/index.ts'
import { movingUp } from './load.ts'
import { type BookingRow, bookingsOfTrip, loadOfTrip, setStatus } from './store.ts'

const person = ({ rider_id, rider_name }: BookingRow, effect: string): Affected => ({
  ...{ kind: 'rider', id: rider_id, name: rider_name, effect },
})

/** What becomes of bookings when something happens to their trip. */
export const riders: Riders = {
  load: loadOfTrip,
  happened: async (tx, { zone }, trip, event) => {
    const booked = await bookingsOfTrip(tx, trip.trip_id)
    switch (event.kind) {
      case 'cancelled': {
        for (const { booking_id } of booked)
          await setStatus(tx, booking_id, 'cancelled', `trip cancelled: ${event.reason}`.slice(0, 300))
        const people = booked.map((each) => person(each, `loses ${seatsOf(each)} on ${trip.name}`))
        const warnings =
          booked.length > 0 ? [`${booked.length} bookings are cancelled, and their riders have to be told.`] : []
        return { people, warnings }
      }
      case 'seats': {
        const moved = await moveUp(tx, trip.trip_id, { seats: event.seats, wheelchairs: event.wheelchairPlaces })
        return { people: moved, warnings: [] }
      }
      case 'times': {
        const when = `${trip.name} leaves at ${shown(zone, event.becomes)} instead of ${shown(zone, event.was)}`
        return { people: booked.map((each) => person(each, when)), warnings: [] }
      }
    }
  },
}

const seatsOf = ({ seats, status }: BookingRow) =>
  status === 'waiting' ? 'a place in the waiting list' : `${seats} ${seats === 1 ? 'seat' : 'seats'}`

/** Those who wait get what has become free, in their turn. The trip is locked. */
export async function moveUp(
  tx: Tx,
  tripId: string,
  capacity: { seats: number; wheelchairs: number },
): Promise<Affected[]> {
  const booked = await bookingsOfTrip(tx, tripId)
  const confirmed = booked.filter(({ status }) => status === 'confirmed')
  const waiting = booked.filter(({ status }) => status === 'waiting')
  const moved = movingUp(waiting, confirmed, capacity)
  for (const { booking_id } of moved) await setStatus(tx, booking_id, 'confirmed', null)
  return moved.map((each) =>
    person(each, `moves up from the waiting list to ${each.seats} ${each.seats === 1 ? 'seat' : 'seats'}`),
  )
}

export const capacityOf = (trip: TripRow) => ({ seats: trip.seats, wheelchairs: trip.wheelchair_places })
