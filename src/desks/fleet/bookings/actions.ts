import { sql } from 'kysely'
import { z } from 'zod'
import { type AnyAction, defineAction, refuseStale } from '../../../core/actions/index.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { given, line, TENANT, version } from '../resources/index.ts'
import { isOpen, lockTrip, stopsOfTrip, type TripRow } from '../trips/index.ts'
import { bookingFault } from './faults.ts'
import { fits } from './load.ts'
import { capacityOf, moveUp } from './riders.ts'
import { bookingsOfTrip, insertBooking, requireBooking, requireRider, setStatus } from './store.ts'

const dispatch = { permission: 'fleet.dispatch', undoWithinMinutes: 30 } as const
const Rider = {
  name: line(120),
  phone: z
    .string()
    .trim()
    .regex(/^\+?[0-9 ()/-]{3,29}$/, 'must be a phone number')
    .nullable(),
  email: z.email().max(254).nullable(),
  language: z.string().regex(/^[a-z]{2,3}$/, 'must be a language, as `en`'),
  office: line(120).nullable(),
}
const NewRider = z.strictObject({ ...z.object(Rider).partial().shape, name: Rider.name })
const RiderChange = z.strictObject({ ...z.object(Rider).partial().shape, rider_id: z.uuid(), version })
const NewBooking = z
  .strictObject({
    ...{ trip_id: z.uuid(), rider_id: z.uuid(), seats: z.int().min(1).max(50).default(1) },
    wheelchairs: z.int().min(0).max(20).default(0),
    pickup: z.int().min(0).max(198).optional().meta({ description: 'Position on the trip; without it the first stop' }),
    dropoff: z.int().min(1).max(199).optional().meta({ description: 'Without it the last stop' }),
    or_wait: z.boolean().default(false).meta({ description: 'Wait when there is no room, instead of being refused' }),
  })
  .refine(({ seats, wheelchairs }) => wheelchairs <= seats, {
    error: 'takes seats too: no more than seats',
    path: ['wheelchairs'],
  })

const addRider = defineAction<z.output<typeof NewRider>>({
  ...{ ...dispatch, name: 'rider.add', summary: 'Add a rider', parameters: NewRider, risk: 'safe', places: ['riders'] },
  change: async (tx, _context, fields) => {
    const columns = given(fields)
    const { rows } = await sql<{ id: string }>`
      insert into riders (tenant_id, ${sql.join(columns.map(([name]) => sql.ref(name)))})
      values (${TENANT}, ${sql.join(columns.map(([, value]) => value))}) returning rider_id as id`.execute(tx)
    const id = rows[0]?.id ?? ''
    return { subject: `rider:${id}`, summary: `Add the rider ${fields.name}.`, result: { rider_id: id } }
  },
})

const changeRider = defineAction<z.output<typeof RiderChange>>({
  ...{ ...dispatch, name: 'rider.change', summary: 'Change a rider’s name, phone, address, language or office' },
  ...{ parameters: RiderChange, risk: 'confirm', places: ['rider'] },
  change: async (tx, _context, { rider_id: id, version: from, ...fields }) => {
    await sql`select from riders where rider_id = ${id} for update`.execute(tx)
    const rider = await requireRider(tx, id)
    await refuseStale(tx, { table: 'riders', id, given: from, current: rider.version })
    const assignments = given(fields).map(([name, value]) => sql`${sql.ref(name)} = ${value}`)
    await sql`update riders set ${sql.join([...assignments, sql`version = version + 1`])} where rider_id = ${id}`.execute(
      tx,
    )
    const changed = given(fields)
      .map(([name]) => name)
      .join(', ')
    return { subject: `rider:${id}`, summary: `Change ${rider.name}: ${changed || 'nothing'}.` }
  },
})

const addBooking = defineAction<z.output<typeof NewBooking>>({
  ...{ ...dispatch, name: 'booking.add', summary: 'Book seats on a trip for a rider, or a place in its waiting list' },
  ...{ parameters: NewBooking, risk: 'safe', places: ['trip', 'rider'] },
  change: async (tx, _context, { trip_id, rider_id, or_wait, ...asked }) => {
    const trip = await lockBookable(tx, trip_id)
    const rider = await requireRider(tx, rider_id)
    const last = ((await stopsOfTrip(tx, trip_id)).at(-1)?.position ?? 0) as number
    const ride = { ...asked, pickup: asked.pickup ?? 0, dropoff: asked.dropoff ?? last }
    refuseNoLeg(ride, last, trip)
    const booked = await bookingsOfTrip(tx, trip_id)
    if (booked.some((each) => each.rider_id === rider_id)) {
      throw bookingFault('bookings.booked_already', {
        public: `${rider.name} is on ${trip.name} already. Change that booking, or cancel it before.`,
        internal: 'a rider is on a trip already',
      })
    }
    const confirmed = booked.filter(({ status }) => status === 'confirmed')
    const hasRoom = fits(ride, confirmed, capacityOf(trip))
    if (!hasRoom && !or_wait) {
      throw bookingFault('bookings.full', {
        public: `${trip.name} has no room for ${ride.seats} more on this way: it has ${trip.seats} seats and ${trip.wheelchair_places} wheelchair places. Choose another trip, or let them wait.`,
        internal: 'no room on a trip',
        extensions: { seats: trip.seats, waiting: booked.length - confirmed.length },
      })
    }
    const status = hasRoom ? 'confirmed' : 'waiting'
    const id = await insertBooking(tx, { ...ride, trip_id, rider_id, status })
    const effect = hasRoom ? `has ${ride.seats} seats on ${trip.name}` : `waits for ${ride.seats} seats on ${trip.name}`
    return {
      ...{ subject: `trip:${trip_id}`, summary: `Book ${trip.name} on ${trip.service_date} for ${rider.name}.` },
      ...{ result: { booking_id: id, status }, people: [{ kind: 'rider', id: rider_id, name: rider.name, effect }] },
    }
  },
})

const Cancel = z.strictObject({ booking_id: z.uuid(), reason: line(300), version })
const cancelBooking = defineAction<z.output<typeof Cancel>>({
  ...{ ...dispatch, name: 'booking.cancel', summary: 'Cancel a booking; who waits moves up' },
  ...{ parameters: Cancel, risk: 'confirm', places: ['trip', 'rider'] },
  change: async (tx, _context, { booking_id: id, reason, version: from }) => {
    const { trip_id } = await requireBooking(tx, id)
    const trip = await lockBookable(tx, trip_id)
    const booking = await requireBooking(tx, id)
    await refuseStale(tx, { table: 'bookings', id, given: from, current: booking.version })
    if (booking.status === 'cancelled') {
      throw bookingFault('bookings.not_found', {
        public: 'This booking is cancelled.',
        internal: 'a booking is cancelled already',
      })
    }
    await setStatus(tx, id, 'cancelled', reason)
    const moved = await moveUp(tx, trip_id, capacityOf(trip))
    const effect = `loses ${booking.seats} seats on ${trip.name}`
    return {
      ...{
        subject: `trip:${trip_id}`,
        summary: `Cancel the booking of ${booking.rider_name} on ${trip.name}: ${reason}.`,
      },
      people: [{ kind: 'rider', id: booking.rider_id, name: booking.rider_name, effect }, ...moved],
    }
  },
})

const CancelAll = z.strictObject({ trip_id: z.uuid(), reason: line(300) })
const cancelAll = defineAction<z.output<typeof CancelAll>>({
  ...{ ...dispatch, name: 'booking.cancel_all', summary: 'Cancel every booking of a trip, those that wait too' },
  ...{ parameters: CancelAll, risk: 'confirm', places: ['trip'], limitPerDay: 50 },
  change: async (tx, _context, { trip_id, reason }) => {
    const trip = await lockBookable(tx, trip_id)
    const booked = await bookingsOfTrip(tx, trip_id)
    for (const { booking_id } of booked) await setStatus(tx, booking_id, 'cancelled', reason)
    return {
      ...{ subject: `trip:${trip_id}`, summary: `Cancel all ${booked.length} bookings of ${trip.name}: ${reason}.` },
      people: booked.map(({ rider_id, rider_name, seats }) => ({
        ...{ kind: 'rider', id: rider_id, name: rider_name, effect: `loses ${seats} seats on ${trip.name}` },
      })),
    }
  },
})

export const bookingActions: readonly AnyAction[] = [addRider, changeRider, addBooking, cancelBooking, cancelAll]

async function lockBookable(tx: Tx, tripId: string): Promise<TripRow> {
  const trip = await lockTrip(tx, tripId)
  if (isOpen(trip.status)) return trip
  throw bookingFault('bookings.too_late', {
    public: `${trip.name} on ${trip.service_date} is ${trip.status.replace('_', ' ')}: its bookings do not change any more.`,
    internal: 'a trip is not booked any more',
  })
}

function refuseNoLeg({ pickup, dropoff }: { pickup: number; dropoff: number }, last: number, trip: TripRow): void {
  if (pickup < dropoff && dropoff <= last) return
  throw bookingFault('bookings.no_such_leg', {
    public: `${trip.name} goes from position 0 to ${last}: the pickup comes before the drop-off.`,
    internal: 'a ride that the trip does not make',
  })
}
