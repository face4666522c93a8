import { sql } from 'kysely'
import { readWithinBytes, type Tx } from '../../../platform/database/index.ts'
import type { PathStop } from '../network/index.ts'
import { TENANT } from '../resources/index.ts'
import { tripNotFound } from './faults.ts'
import type { TripStatus } from './status.ts'

export type TripRow = {
  trip_id: string
  name: string
  route_id: string | null
  path_id: string
  service_date: string
  direction: 'up' | 'down' | null
  departs_at: Date
  arrives_at: Date
  delay_minutes: number
  status: TripStatus
  status_reason: string | null
  vehicle_id: string | null
  registration: string | null
  driver_id: string | null
  driver_name: string | null
  seats: number
  wheelchair_places: number
  version: number
}

const TRIP = sql`select t.trip_id, t.name, t.route_id, t.path_id, t.service_date::text as service_date, t.direction, t.departs_at, t.arrives_at,
  t.delay_minutes, t.status, t.status_reason, t.vehicle_id, v.registration, t.driver_id, d.name as driver_name, t.seats, t.wheelchair_places,
  t.version
  from trips t left join vehicles v using (tenant_id, vehicle_id) left join drivers d using (tenant_id, driver_id)`

/** Nobody else changes or books it until this transaction ends. @throws trips.not_found */
export async function lockTrip(tx: Tx, tripId: string): Promise<TripRow> {
  // The lock first: what a transaction that was waited for wrote is seen by the next statement.
  await sql`select from trips where trip_id = ${tripId} for update`.execute(tx)
  return requireTrip(tx, tripId)
}

export async function requireTrip(tx: Tx, tripId: string): Promise<TripRow> {
  const { rows } = await sql<TripRow>`${TRIP} where t.trip_id = ${tripId}`.execute(tx)
  if (!rows[0]) throw tripNotFound()
  return rows[0]
}

export type NewTrip = Pick<
  TripRow,
  'name' | 'route_id' | 'path_id' | 'service_date' | 'direction' | 'departs_at' | 'seats'
> & {
  made_for: string | null
  stops: readonly PathStop[]
}

/** Null when there is one made ahead for its route and day. */
export async function insertTrip(tx: Tx, trip: NewTrip): Promise<string | null> {
  const lasts = trip.stops.at(-1)?.minutes ?? 0
  const { rows } = await sql<{ id: string }>`
    insert into trips (tenant_id, name, route_id, path_id, service_date, made_for, direction, departs_at, arrives_at, seats)
    values (${TENANT}, ${trip.name}, ${trip.route_id}, ${trip.path_id}, ${trip.service_date}, ${trip.made_for}, ${trip.direction},
      ${trip.departs_at}, ${new Date(trip.departs_at.getTime() + lasts * 60_000)}, ${trip.seats})
    on conflict (tenant_id, route_id, made_for) do nothing returning trip_id as id`.execute(tx)
  const id = rows[0]?.id
  if (!id) return null
  const stops = trip.stops.map(
    (stop) =>
      sql`(${TENANT}, ${id}::uuid, ${stop.position}::int, ${stop.stop_id}::uuid, ${stop.minutes}::int, ${stop.metres}::int)`,
  )
  await sql`insert into trip_stops (tenant_id, trip_id, position, stop_id, minutes, metres) values ${sql.join(stops)}`.execute(
    tx,
  )
  return id
}

/** Columns by name, and the next version. */
export async function updateTrip(tx: Tx, tripId: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
  const assignments = Object.entries(fields).map(([name, value]) => sql`${sql.ref(name)} = ${value}`)
  await sql`update trips set ${sql.join([...assignments, sql`version = version + 1`])} where trip_id = ${tripId}`.execute(
    tx,
  )
}

export async function stopsOfTrip(tx: Tx, tripId: string): Promise<PathStop[]> {
  const { rows } = await sql<PathStop>`
    select position, stop_id, name, minutes, metres from trip_stops join stops using (tenant_id, stop_id)
    where trip_id = ${tripId} order by position`.execute(tx)
  return rows
}

export type TripFilter = {
  from: string
  to: string
  status?: TripStatus | undefined
  q?: string | undefined
  vehicleId?: string | undefined
  driverId?: string | undefined
}

/** By departure; `q` stands somewhere in its name, a stop's, its driver's or its vehicle's. */
export function listTrips(
  tx: Tx,
  page: TripFilter & { after?: readonly [string, string] | undefined; limit: number },
): Promise<{ rows: TripRow[]; found: number }> {
  const has = (
    text: string,
  ) => sql`(position(lower(${text}) in lower(concat_ws(' ', t.name, v.registration, d.name))) > 0 or exists (
    select from trip_stops join stops using (tenant_id, stop_id)
    where trip_stops.tenant_id = t.tenant_id and trip_stops.trip_id = t.trip_id and position(lower(${text}) in lower(stops.name || stops.names::text)) > 0))`
  const conditions = [
    sql`t.service_date between ${page.from} and ${page.to}`,
    ...(page.status === undefined ? [] : [sql`t.status = ${page.status}`]),
    ...(page.vehicleId === undefined ? [] : [sql`t.vehicle_id = ${page.vehicleId}`]),
    ...(page.driverId === undefined ? [] : [sql`t.driver_id = ${page.driverId}`]),
    ...(page.q === undefined ? [] : [has(page.q)]),
    ...(page.after === undefined
      ? []
      : [sql`(t.departs_at, t.trip_id) > (${page.after[0]}::timestamptz, ${page.after[1]}::uuid)`]),
  ]
  return readWithinBytes<TripRow>(tx, {
    ...{ order: sql`departs_at, trip_id`, bytes: sql`600` },
    rows: sql`${TRIP} where ${sql.join(conditions, sql` and `)} order by t.departs_at, t.trip_id limit ${page.limit + 1}`,
  })
}

/** Trips with a departure between the two that are not over. */
export async function openTripsBetween(tx: Tx, from: Date, to: Date): Promise<TripRow[]> {
  const { rows } = await sql<TripRow>`
    ${TRIP} where t.departs_at >= ${from} and t.departs_at < ${to} and t.status in ('scheduled', 'boarding', 'in_progress')
    order by t.departs_at, t.trip_id limit 2000`.execute(tx)
  return rows
}
