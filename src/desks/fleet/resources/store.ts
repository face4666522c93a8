import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import { DEFAULT_RULES, type DutyRules, dutyRules } from './duty.ts'
import { driverNotFound, vehicleNotFound } from './faults.ts'
import type { Licence, VehicleKind } from './licences.ts'

export const TENANT = sql`current_setting('signalbox.tenant_id')`

export type VehicleRow = {
  vehicle_id: string
  registration: string
  kind: VehicleKind
  color: string | null
  description: string | null
  seats: number
  wheelchair_places: number
  cents_per_km: number
  service_due_on: string | null
  is_retired: boolean
  version: number
}

export type DriverRow = {
  driver_id: string
  name: string
  phone: string
  languages: string[]
  licences: Licence[]
  shifts: Record<string, { start: string; end: string }[]>
  is_retired: boolean
  version: number
}

const VEHICLE = sql`select vehicle_id, registration, kind, color, description, seats, wheelchair_places, cents_per_km,
  service_due_on::text as service_due_on, is_retired, version from vehicles`
const DRIVER = sql`select driver_id, name, phone, languages, licences, shifts, is_retired, version from drivers`

/**
 * Nobody else assigns, blocks or changes it until this transaction ends, so that what is looked up after it stays true.
 *
 * @throws resources.vehicle_not_found
 */
export async function lockVehicle(tx: Tx, vehicleId: string): Promise<VehicleRow> {
  const { rows } = await sql<VehicleRow>`${VEHICLE} where vehicle_id = ${vehicleId} for update`.execute(tx)
  if (!rows[0]) throw vehicleNotFound()
  return rows[0]
}

/** As lockVehicle. Whoever needs both locks the vehicle first. @throws resources.driver_not_found */
export async function lockDriver(tx: Tx, driverId: string): Promise<DriverRow> {
  const { rows } = await sql<DriverRow>`${DRIVER} where driver_id = ${driverId} for update`.execute(tx)
  if (!rows[0]) throw driverNotFound()
  return rows[0]
}

/** By registration; `after` is the last of the page before. `words`: each somewhere in registration, kind, color or description. */
export async function listVehicles(
  tx: Tx,
  page: { after?: string | undefined; words?: string | undefined; limit: number },
): Promise<VehicleRow[]> {
  const words = (page.words ?? '').split(/\s+/).filter(Boolean)
  const text = sql`lower(concat_ws(' ', registration, kind, color, description))`
  const conditions = [
    ...words.map((word) => sql`position(lower(${word}) in ${text}) > 0`),
    ...(page.after === undefined ? [] : [sql`registration > ${page.after}`]),
  ]
  const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
  const { rows } = await sql<VehicleRow>`${VEHICLE} ${where} order by registration limit ${page.limit}`.execute(tx)
  return rows
}

export async function listDrivers(
  tx: Tx,
  page: { after?: readonly [string, string] | undefined; q?: string | undefined; limit: number },
): Promise<DriverRow[]> {
  const conditions = [
    ...(page.q === undefined ? [] : [sql`position(lower(${page.q}) in lower(name)) > 0`]),
    ...(page.after === undefined ? [] : [sql`(name, driver_id) > (${page.after[0]}, ${page.after[1]}::uuid)`]),
  ]
  const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
  const { rows } = await sql<DriverRow>`${DRIVER} ${where} order by name, driver_id limit ${page.limit}`.execute(tx)
  return rows
}

export async function findVehicle(tx: Tx, vehicleId: string): Promise<VehicleRow> {
  const { rows } = await sql<VehicleRow>`${VEHICLE} where vehicle_id = ${vehicleId}`.execute(tx)
  if (!rows[0]) throw vehicleNotFound()
  return rows[0]
}

export async function findDriver(tx: Tx, driverId: string): Promise<DriverRow> {
  const { rows } = await sql<DriverRow>`${DRIVER} where driver_id = ${driverId}`.execute(tx)
  if (!rows[0]) throw driverNotFound()
  return rows[0]
}

/** The tenant's rules, or the default. */
export async function dutyRulesOf(tx: Tx): Promise<{ rules: DutyRules; version: number }> {
  const { rows } = await sql<{ rules: DutyRules; version: number }>`select rules, version from duty_rules`.execute(tx)
  return rows[0]
    ? { rules: dutyRules.parse(rows[0].rules), version: rows[0].version }
    : { rules: DEFAULT_RULES, version: 0 }
}

/** A vehicle or a driver. */
export type Resource = { vehicleId: string } | { driverId: string }

export type OccupationRow = {
  occupation_id: string
  kind: 'trip' | 'maintenance' | 'blocked' | 'leave'
  trip_id: string | null
  starts_at: Date
  ends_at: Date
  works_until: Date | null
  reason: string | null
}

export const ofResource = (resource: Resource) =>
  'vehicleId' in resource ? sql`vehicle_id = ${resource.vehicleId}` : sql`driver_id = ${resource.driverId}`

const OCCUPATION = sql`select occupation_id, kind, trip_id, lower(span) as starts_at, upper(span) as ends_at, works_until, reason from occupations`

/** What takes it at some time between the two, in order; `butTrip` does not count. */
export async function occupationsBetween(
  tx: Tx,
  resource: Resource,
  { from, to, butTrip }: { from: Date; to: Date; butTrip?: string | undefined },
): Promise<OccupationRow[]> {
  const { rows } = await sql<OccupationRow>`
    ${OCCUPATION} where ${ofResource(resource)} and span && tstzrange(${from}, ${to})
      ${butTrip === undefined ? sql`` : sql`and trip_id is distinct from ${butTrip}::uuid`}
    order by lower(span) limit 500`.execute(tx)
  return rows
}

export type NewOccupation = Pick<OccupationRow, 'kind' | 'reason' | 'trip_id' | 'works_until'> & {
  from: Date
  to: Date
}

export async function insertOccupation(tx: Tx, resource: Resource, taken: NewOccupation): Promise<string> {
  const [vehicle, driver] = 'vehicleId' in resource ? [resource.vehicleId, null] : [null, resource.driverId]
  const { rows } = await sql<{ id: string }>`
    insert into occupations (tenant_id, vehicle_id, driver_id, kind, trip_id, span, works_until, reason)
    values (${TENANT}, ${vehicle}, ${driver}, ${taken.kind}, ${taken.trip_id}, tstzrange(${taken.from}, ${taken.to}), ${taken.works_until},
      ${taken.reason})
    returning occupation_id as id`.execute(tx)
  return rows[0]?.id ?? ''
}

/** Frees what a trip took: its vehicle, its driver, or both. */
export async function freeOfTrip(tx: Tx, tripId: string, what: 'vehicle' | 'driver' | 'both' = 'both'): Promise<void> {
  const only = what === 'both' ? sql`` : sql.raw(`and ${what}_id is not null`)
  await sql`delete from occupations where trip_id = ${tripId} ${only}`.execute(tx)
}
