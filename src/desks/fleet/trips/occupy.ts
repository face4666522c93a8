import type { ActionContext, Money } from '../../../core/actions/index.ts'
import type { Tx } from '../../../platform/database/index.ts'
import {
  dutyRulesOf,
  freeOfTrip,
  insertOccupation,
  lockDriver,
  lockVehicle,
  refuseTaken,
  unfit,
  type VehicleRow,
} from '../resources/index.ts'
import { driverComplaints, isInShift, timesOfTrip, vehicleComplaints, workAround } from './fitness.ts'
import type { Riders } from './people.ts'
import { stopsOfTrip, type TripRow } from './store.ts'

export type Wanted = { vehicleId: string | null; driverId: string | null }

/**
 * Takes vehicle and driver for the times that the trip has, in place of what it had. The trip is locked. `isFact`: the times are what
 * happened (a delay); what breaks the duty rules is warned of then, not refused.
 *
 * @throws resources.taken, which names who has it, resources.unfit with all reasons
 */
export async function occupy(
  tx: Tx,
  { zone }: ActionContext,
  { trip, riders, isFact = false }: { trip: TripRow; riders: Riders; isFact?: boolean },
  { vehicleId, driverId }: Wanted,
): Promise<{ vehicle: VehicleRow | undefined; warnings: string[]; money: Money[] }> {
  // Always in this order: two who want the same two do not wait for each other.
  const vehicle = vehicleId ? await lockVehicle(tx, vehicleId) : undefined
  const driver = driverId ? await lockDriver(tx, driverId) : undefined
  const { rules } = await dutyRulesOf(tx)
  const { from, worksUntil, to } = timesOfTrip(trip, rules)
  const span = { from, to, butTrip: trip.trip_id }
  if (vehicle)
    await refuseTaken(tx, { resource: { vehicleId: vehicle.vehicle_id }, name: vehicle.registration, zone }, span)
  if (driver) await refuseTaken(tx, { resource: { driverId: driver.driver_id }, name: driver.name, zone }, span)
  const work = driver ? await workAround(tx, driver.driver_id, span) : []
  const reasons = [
    ...(vehicle ? vehicleComplaints(vehicle, await riders.load(tx, trip.trip_id)) : []),
    ...(driver ? driverComplaints(driver, { trip, rules, zone, vehicle, work }) : []),
  ]
  if (reasons.length > 0 && !isFact) throw unfit(reasons)
  await freeOfTrip(tx, trip.trip_id)
  const taken = { kind: 'trip', trip_id: trip.trip_id, reason: trip.name, from, to } as const
  if (vehicle) await insertOccupation(tx, { vehicleId: vehicle.vehicle_id }, { ...taken, works_until: null })
  if (driver) await insertOccupation(tx, { driverId: driver.driver_id }, { ...taken, works_until: worksUntil })
  const inShift = !driver || isInShift(driver, { trip, rules, zone })
  const serviceDue = vehicle?.service_due_on && vehicle.service_due_on <= trip.service_date
  return {
    vehicle,
    warnings: [
      ...(isFact ? reasons : []),
      ...(inShift ? [] : [`${driver?.name} drives outside of their shifts.`]),
      ...(serviceDue ? [`${vehicle.registration} is due for service on ${vehicle.service_due_on}.`] : []),
    ],
    money: vehicle ? await costOf(tx, trip, vehicle) : [],
  }
}

async function costOf(tx: Tx, trip: TripRow, vehicle: VehicleRow): Promise<Money[]> {
  if (vehicle.cents_per_km === 0 || trip.vehicle_id === vehicle.vehicle_id) return []
  const metres = (await stopsOfTrip(tx, trip.trip_id)).at(-1)?.metres ?? 0
  const cents = Math.round((metres / 1_000) * vehicle.cents_per_km)
  return [{ what: `${vehicle.registration} drives ${metres / 1_000} km`, cents }]
}
