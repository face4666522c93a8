import type { Tx } from '../../../platform/database/index.ts'
import {
  type DriverRow,
  type DutyRules,
  dateIn,
  dayIn,
  dutyComplaints,
  licenceComplaint,
  type OccupationRow,
  occupationsBetween,
  type VehicleRow,
} from '../resources/index.ts'
import type { Load } from './people.ts'
import type { TripRow } from './store.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

/** When a trip works and takes: with its delay, and its turnaround. */
export function timesOfTrip(trip: Pick<TripRow, 'departs_at' | 'arrives_at' | 'delay_minutes'>, rules: DutyRules) {
  const worksUntil = new Date(trip.arrives_at.getTime() + trip.delay_minutes * MINUTE_MS)
  return {
    from: trip.departs_at,
    worksUntil,
    to: new Date(worksUntil.getTime() + rules.turnaround_minutes * MINUTE_MS),
  }
}

/** What speaks against a vehicle for a trip besides that it may be taken. */
export function vehicleComplaints(vehicle: VehicleRow, load: Load): string[] {
  const { registration, seats, wheelchair_places: places } = vehicle
  return [
    ...(vehicle.is_retired ? [`${registration} is retired`] : []),
    ...(seats < load.seats ? [`${registration} has ${seats} seats, and ${load.seats} are booked`] : []),
    ...(places < load.wheelchairs
      ? [`${registration} has ${places} wheelchair places, and ${load.wheelchairs} are booked`]
      : []),
  ]
}

/** What the duty rules look at: two weeks before and after. */
export async function workAround(
  tx: Tx,
  driverId: string,
  { from, to, butTrip }: { from: Date; to: Date; butTrip: string },
) {
  const window = { from: new Date(from.getTime() - 14 * DAY_MS), to: new Date(to.getTime() + 14 * DAY_MS), butTrip }
  return workOf(await occupationsBetween(tx, { driverId }, window))
}

export const workOf = (occupations: readonly OccupationRow[]) =>
  occupations.flatMap(({ kind, starts_at, works_until }) =>
    kind === 'trip' && works_until ? [{ startMs: starts_at.getTime(), endMs: works_until.getTime() }] : [],
  )

export type Driving = {
  trip: TripRow
  rules: DutyRules
  zone: string
  vehicle: VehicleRow | undefined
  work: ReturnType<typeof workOf>
}

/** What speaks against a driver for a trip besides that they may be taken. */
export function driverComplaints(driver: DriverRow, { trip, rules, zone, vehicle, work }: Driving): string[] {
  const { from, worksUntil } = timesOfTrip(trip, rules)
  const licence = vehicle && licenceComplaint(driver.licences, vehicle.kind, dateIn(zone, worksUntil))
  const duty = dutyComplaints([...work, { startMs: from.getTime(), endMs: worksUntil.getTime() }], rules, dayIn(zone))
  return [...(driver.is_retired ? ['has left'] : []), ...(licence ? [licence] : []), ...duty].map(
    (why) => `${driver.name} ${why}`,
  )
}

/** Whether a driver's shifts, where there are any, hold the whole trip. */
export function isInShift(driver: DriverRow, { trip, rules, zone }: Pick<Driving, 'trip' | 'rules' | 'zone'>): boolean {
  if (Object.keys(driver.shifts).length === 0) return true
  const { from, worksUntil } = timesOfTrip(trip, rules)
  const day = dayIn(zone)
  const minuteOf = (at: Date) => {
    const time = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    }).format(at)
    return Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
  }
  const minutes = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
  return [0, 1].some((before) => {
    const weekday = WEEKDAYS[(((day(from.getTime()) - before + 3) % 7) + 7) % 7]
    const began = minuteOf(from) + before * 1_440
    const ends = began + (worksUntil.getTime() - from.getTime()) / MINUTE_MS
    return (driver.shifts[weekday ?? 'mon'] ?? []).some(({ start, end }) => {
      const until = minutes(end) + (minutes(end) <= minutes(start) ? 1_440 : 0)
      return began >= minutes(start) && ends <= until
    })
  })
}
