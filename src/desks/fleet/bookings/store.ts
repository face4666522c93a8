import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import { TENANT } from '../resources/index.ts'
import type { Load } from '../trips/index.ts'
import { bookingFault } from './faults.ts'

export type RiderRow = {
  rider_id: string
  name: string
  phone: string | null
  email: string | null
  language: string
  office: string | null
  version: number
}

export type BookingStatus = 'confirmed' | 'waiting' | 'cancelled'
export type BookingRow = {
  booking_id: string
  trip_id: string
  rider_id: string
  rider_name: string
  seats: number
  wheelchairs: number
  pickup: number
  dropoff: number
  status: BookingStatus
  reason: string | null
  booked_at: Date
  version: number
}

const RIDER = sql`select rider_id, name, phone, email, language, office, version from riders`
const BOOKING = sql`select b.booking_id, b.trip_id, b.rider_id, r.name as rider_name, b.seats, b.wheelchairs, b.pickup, b.dropoff, b.status, b.reason,
  b.booked_at, b.version from bookings b join riders r using (tenant_id, rider_id)`

export async function requireRider(tx: Tx, riderId: string): Promise<RiderRow> {
  const { rows } = await sql<RiderRow>`${RIDER} where rider_id = ${riderId}`.execute(tx)
  if (rows[0]) return rows[0]
  throw bookingFault('bookings.rider_not_found', {
    public: 'This tenant has no rider with this id.',
    internal: 'no such rider in the tenant',
  })
}

/** By name; `q` stands somewhere in it. */
export async function listRiders(
  tx: Tx,
  page: { after?: readonly [string, string] | undefined; q?: string | undefined; limit: number },
): Promise<RiderRow[]> {
  const conditions = [
    ...(page.q === undefined ? [] : [sql`position(lower(${page.q}) in lower(name)) > 0`]),
    ...(page.after === undefined ? [] : [sql`(name, rider_id) > (${page.after[0]}, ${page.after[1]}::uuid)`]),
  ]
  const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
  return (await sql<RiderRow>`${RIDER} ${where} order by name, rider_id limit ${page.limit}`.execute(tx)).rows
}

export async function requireBooking(tx: Tx, bookingId: string): Promise<BookingRow> {
  const { rows } = await sql<BookingRow>`${BOOKING} where b.booking_id = ${bookingId}`.execute(tx)
  if (rows[0]) return rows[0]
  throw bookingFault('bookings.not_found', {
    public: 'This tenant has no booking with this id.',
    internal: 'no such booking in the tenant',
  })
}

/** All of a trip that are not cancelled, those that wait in their turn. With the trip locked they stay. */
export async function bookingsOfTrip(tx: Tx, tripId: string): Promise<BookingRow[]> {
  const { rows } = await sql<BookingRow>`
    ${BOOKING} where b.trip_id = ${tripId} and b.status <> 'cancelled' order by b.booked_at, b.booking_id limit 2000`.execute(
    tx,
  )
  return rows
}

export async function bookingsOfRider(tx: Tx, riderId: string, limit: number): Promise<BookingRow[]> {
  const { rows } = await sql<BookingRow>`
    ${BOOKING} where b.rider_id = ${riderId} order by b.booking_id desc limit ${limit}`.execute(tx)
  return rows
}

export async function loadOfTrip(tx: Tx, tripId: string): Promise<Load> {
  const { rows } = await sql<Load>`
    select l.seats, l.wheelchairs,
      (select count(*)::int from bookings where trip_id = ${tripId} and status <> 'cancelled') as bookings
    from trip_load(${TENANT}, ${tripId}) as l`.execute(tx)
  return rows[0] ?? { seats: 0, wheelchairs: 0, bookings: 0 }
}

export type NewBooking = Pick<
  BookingRow,
  'trip_id' | 'rider_id' | 'seats' | 'wheelchairs' | 'pickup' | 'dropoff' | 'status'
>

export async function insertBooking(tx: Tx, booking: NewBooking): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    insert into bookings (tenant_id, trip_id, rider_id, seats, wheelchairs, pickup, dropoff, status)
    values (${TENANT}, ${booking.trip_id}, ${booking.rider_id}, ${booking.seats}, ${booking.wheelchairs}, ${booking.pickup},
      ${booking.dropoff}, ${booking.status}) returning booking_id as id`.execute(tx)
  return rows[0]?.id ?? ''
}

export async function setStatus(
  tx: Tx,
  bookingId: string,
  status: BookingStatus,
  reason: string | null,
): Promise<void> {
  await sql`update bookings set status = ${status}, reason = ${reason}, version = version + 1 where booking_id = ${bookingId}`.execute(
    tx,
  )
}

/** Trips of these service days on which more is booked than there is: none, unless the database was written around. */
export async function overbookedTrips(tx: Tx, from: string, to: string) {
  const { rows } = await sql<{ trip_id: string; name: string; service_date: string; seats: number; booked: number }>`
    select t.trip_id, t.name, t.service_date::text as service_date, t.seats, l.seats as booked
    from trips t cross join lateral trip_load(t.tenant_id, t.trip_id) as l
    where t.service_date between ${from} and ${to} and t.status <> 'cancelled'
      and (l.seats > t.seats or l.wheelchairs > t.wheelchair_places) order by t.departs_at limit 500`.execute(tx)
  return rows
}

export type Demand = { name: string; bookings: number; seats: number }

/** Offices of riders, or stops where they get on, with the most bookings on these service days; cancelled ones do not count. */
export async function demandBy(
  tx: Tx,
  what: 'office' | 'stop',
  { from, to, limit }: { from: string; to: string; limit: number },
): Promise<Demand[]> {
  const [name, more] =
    what === 'office'
      ? [sql`coalesce(r.office, '')`, sql``]
      : [
          sql`s.name`,
          sql`join trip_stops p on p.tenant_id = b.tenant_id and p.trip_id = b.trip_id and p.position = b.pickup
          join stops s on s.tenant_id = p.tenant_id and s.stop_id = p.stop_id`,
        ]
  const { rows } = await sql<Demand>`
    select ${name} as name, count(*)::int as bookings, sum(b.seats)::int as seats
    from bookings b join trips t using (tenant_id, trip_id) join riders r on r.tenant_id = b.tenant_id and r.rider_id = b.rider_id ${more}
    where b.status = 'confirmed' and t.service_date between ${from} and ${to}
    group by 1 having ${name} <> '' order by bookings desc, name limit ${limit}`.execute(tx)
  return rows
}
