import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import {
  type DriverRow,
  describeOccupation,
  dutyRulesOf,
  findVehicle,
  listDrivers,
  listVehicles,
  type OccupationRow,
  type VehicleRow,
} from '../resources/index.ts'
import { driverComplaints, isInShift, timesOfTrip, vehicleComplaints, workOf } from './fitness.ts'
import type { Riders } from './people.ts'
import { stopsOfTrip, type TripRow } from './store.ts'

/** Looked at, by name; who has more asks for less. */
const CANDIDATES_MAX = 500
const FORTNIGHT_MS = 14 * 86_400_000

export type Suggestion = {
  id: string
  name: string
  /** Why it does not go; empty: it does. */
  against: string[]
  /** Why it stands where it does. */
  reasons: string[]
  cents: number
  order: number
}

type Asking = { trip: TripRow; riders: Riders; zone: string }

/** Vehicles, those that go first: the fewest seats too many, then what it costs. */
export async function suggestVehicles(tx: Tx, { trip, riders, zone }: Asking): Promise<Suggestion[]> {
  const { rules } = await dutyRulesOf(tx)
  const { from, to } = timesOfTrip(trip, rules)
  const [load, taken] = [
    await riders.load(tx, trip.trip_id),
    await takenBetween(tx, 'vehicle', { from, to }, trip.trip_id),
  ]
  const km = ((await stopsOfTrip(tx, trip.trip_id)).at(-1)?.metres ?? 0) / 1_000
  const all = (await listVehicles(tx, { limit: CANDIDATES_MAX })).filter((vehicle) => !vehicle.is_retired)
  return ranked(
    all.map((vehicle: VehicleRow) => {
      const [spare, cents] = [vehicle.seats - load.seats, Math.round(km * vehicle.cents_per_km)]
      return {
        ...{ id: vehicle.vehicle_id, name: vehicle.registration, cents, order: spare * 1_000_000 + cents },
        against: [...vehicleComplaints(vehicle, load), ...busy(taken, vehicle.vehicle_id, zone)],
        reasons: [`${vehicle.seats} seats for ${load.seats} that are booked`, `${km} km cost ${cents / 100}`],
      }
    }),
  )
}

/** Drivers, those that go first: within their shifts, then who has driven least in these two weeks. */
export async function suggestDrivers(tx: Tx, { trip, zone }: Asking): Promise<Suggestion[]> {
  const { rules } = await dutyRulesOf(tx)
  const { from, to } = timesOfTrip(trip, rules)
  const around = { from: new Date(from.getTime() - FORTNIGHT_MS), to: new Date(to.getTime() + FORTNIGHT_MS) }
  const taken = await takenBetween(tx, 'driver', around, trip.trip_id)
  const vehicle = trip.vehicle_id ? await findVehicle(tx, trip.vehicle_id) : undefined
  const all = (await listDrivers(tx, { limit: CANDIDATES_MAX })).filter((driver) => !driver.is_retired)
  return ranked(
    all.map((driver: DriverRow) => {
      const own = taken.get(driver.driver_id) ?? []
      const work = workOf(own)
      const hours = Math.round(work.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0) / 360_000) / 10
      const inShift = isInShift(driver, { trip, rules, zone })
      const meanwhile = own.filter(({ starts_at, ends_at }) => starts_at < to && ends_at > from)
      return {
        ...{ id: driver.driver_id, name: driver.name, cents: 0, order: (inShift ? 0 : 1_000_000) + hours },
        against: [
          ...driverComplaints(driver, { trip, rules, zone, vehicle, work: meanwhile.length > 0 ? [] : work }),
          ...busy(new Map([[driver.driver_id, meanwhile]]), driver.driver_id, zone),
        ],
        reasons: [inShift ? 'within their shifts' : 'outside of their shifts', `drives ${hours} h in these weeks`],
      }
    }),
  )
}

const ranked = (all: Suggestion[]): Suggestion[] =>
  all.toSorted(
    (a, b) =>
      Number(a.against.length > 0) - Number(b.against.length > 0) || a.order - b.order || a.name.localeCompare(b.name),
  )

const busy = (taken: ReadonlyMap<string, OccupationRow[]>, id: string, zone: string): string[] =>
  (taken.get(id) ?? []).slice(0, 2).map((each) => `has ${describeOccupation(zone, each)}`)

async function takenBetween(
  tx: Tx,
  what: 'vehicle' | 'driver',
  { from, to }: { from: Date; to: Date },
  butTrip: string,
) {
  const id = sql.ref(`${what}_id`)
  const { rows } = await sql<OccupationRow & { id: string }>`
    select ${id} as id, occupation_id, kind, trip_id, lower(span) as starts_at, upper(span) as ends_at, works_until, reason from occupations
    where ${id} is not null and span && tstzrange(${from}, ${to}) and trip_id is distinct from ${butTrip}::uuid
    order by lower(span) limit 20000`.execute(tx)
  return Map.groupBy(rows, ({ id: of }) => of) as ReadonlyMap<string, OccupationRow[]>
}
