import type { Load } from './people.ts'
import type { TripRow } from './store.ts'

/** What keeps a trip from leaving, as sentences; none when it is ready. */
export function missingFor(trip: TripRow, load: Load): string[] {
  if (trip.status === 'cancelled') return [`It is cancelled: ${trip.status_reason}.`]
  if (trip.status === 'completed') return ['It has been driven.']
  return [
    ...(trip.vehicle_id ? [] : ['It has no vehicle.']),
    ...(trip.driver_id ? [] : ['It has no driver.']),
    ...(load.seats > trip.seats ? [`${load.seats} seats are booked, and there are ${trip.seats}.`] : []),
    ...(load.wheelchairs > trip.wheelchair_places
      ? [`${load.wheelchairs} wheelchair places are booked, and there are ${trip.wheelchair_places}.`]
      : []),
  ]
}

/** Why somebody should look at a trip, as sentences: what is missing, and what is close to it. */
export function attentionFor(trip: TripRow, load: Load, now: Date): string[] {
  const minutes = Math.round((trip.departs_at.getTime() + trip.delay_minutes * 60_000 - now.getTime()) / 60_000)
  const isWaiting = trip.status === 'scheduled' || trip.status === 'boarding'
  return [
    ...(isWaiting ? missingFor(trip, load) : []),
    ...(isWaiting && minutes < 0 ? [`It should have left ${-minutes} minutes ago.`] : []),
    ...(trip.delay_minutes > 0 ? [`It is ${trip.delay_minutes} minutes late.`] : []),
    ...(isWaiting && trip.seats > 0 && load.seats <= trip.seats && load.seats * 100 > trip.seats * 85
      ? [`It is nearly full: ${load.seats} of ${trip.seats} seats.`]
      : []),
  ]
}
