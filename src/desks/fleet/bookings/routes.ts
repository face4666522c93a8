import { z } from 'zod'
import {
  decodeCursor,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  TenantQuery,
  tenantRoute,
  toPage,
} from '../../../platform/http/index.ts'
import { requireTrip, stopsOfTrip } from '../trips/index.ts'
import { loadPerLeg } from './load.ts'
import {
  type BookingRow,
  bookingsOfRider,
  bookingsOfTrip,
  demandBy,
  listRiders,
  overbookedTrips,
  requireRider,
} from './store.ts'

const text = z.string()
const count = z.int()
const date = z.iso.date()
const RiderView = z
  .object({
    ...{ rider_id: z.uuid(), name: text, phone: text.nullable(), email: text.nullable(), language: text },
    ...{ office: text.nullable(), version: count },
  })
  .meta({ id: 'FleetRider' })
const BookingView = z
  .object({
    ...{
      booking_id: z.uuid(),
      trip_id: z.uuid(),
      rider_id: z.uuid(),
      rider_name: text,
      seats: count,
      wheelchairs: count,
    },
    ...{
      pickup: count,
      dropoff: count,
      status: z.enum(['confirmed', 'waiting', 'cancelled']),
      reason: text.nullable(),
    },
    ...{ booked_at: z.iso.datetime(), version: count },
  })
  .meta({ id: 'FleetBooking' })
const RiderDetail = z.object({ ...RiderView.shape, bookings: z.array(BookingView) }).meta({ id: 'FleetRiderDetail' })

const present = ({ booked_at, ...row }: BookingRow) => ({ ...row, booked_at: booked_at.toISOString() })

/** Reading riders and bookings; they are changed by actions. */
export function bookingRoutes(): Route[] {
  const inTenant = { tag: 'Fleet', tenant: 'query', access: 'fleet.read', query: z.strictObject(TenantQuery) } as const
  const days = z.strictObject({ ...TenantQuery, from: date, to: date })

  return [
    tenantRoute({
      ...{ ...inTenant, operationId: 'listRiders', method: 'GET', path: '/fleet/riders' },
      summary: 'List riders by name',
      query: z.strictObject({ ...TenantQuery, ...PageQuery, q: z.string().min(1).max(100).optional() }),
      responses: { 200: z.object({ riders: z.array(RiderView), next_cursor: text.nullable() }) },
      handle: async ({ tx, query: { limit, cursor, q }, request }) => {
        const after = decodeCursor(cursor, z.tuple([z.string(), z.uuid()]))
        const found = await listRiders(tx, { after, q, limit: limit + 1 })
        const { rows, nextCursor } = toPage(found, limit, (row) => [row.name, row.rider_id])
        return reply(200, { riders: rows, next_cursor: nextCursor }, linkHeader(request.originalUrl, nextCursor))
      },
    }),
    tenantRoute({
      ...{ ...inTenant, operationId: 'showRider', method: 'GET', path: '/fleet/riders/:rider_id' },
      summary: 'Show a rider and their last hundred bookings',
      params: z.strictObject({ rider_id: z.uuid() }),
      responses: { 200: RiderDetail },
      handle: async ({ tx, params: { rider_id: id } }) => {
        const rider = await requireRider(tx, id)
        const body = { ...rider, bookings: (await bookingsOfRider(tx, id, 100)).map(present) }
        return reply(200, body, { etag: `"${rider.version}"` })
      },
    }),
    tenantRoute({
      ...{ ...inTenant, operationId: 'listBookingsOfTrip', method: 'GET', path: '/fleet/trips/:trip_id/bookings' },
      summary: 'List who is booked on a trip and who waits, in their turn, with the load of each leg',
      params: z.strictObject({ trip_id: z.uuid() }),
      responses: {
        200: z.object({
          bookings: z.array(BookingView),
          seats: count,
          wheelchair_places: count,
          legs: z.array(z.object({ from: text, to: text, seats: count, wheelchairs: count })),
        }),
      },
      handle: async ({ tx, params: { trip_id: id } }) => {
        const trip = await requireTrip(tx, id)
        const [bookings, stops] = [await bookingsOfTrip(tx, id), await stopsOfTrip(tx, id)]
        const confirmed = bookings.filter(({ status }) => status === 'confirmed')
        const legs = loadPerLeg(confirmed, Math.max(0, stops.length - 1)).map((load, at) => ({
          ...{ from: stops[at]?.name ?? '', to: stops[at + 1]?.name ?? '' },
          ...load,
        }))
        return reply(200, {
          bookings: bookings.map(present),
          seats: trip.seats,
          wheelchair_places: trip.wheelchair_places,
          legs,
        })
      },
    }),
    tenantRoute({
      ...{ ...inTenant, operationId: 'listOverbookedTrips', method: 'GET', path: '/fleet/overbooked' },
      summary: 'List trips of these service days with more booked than there is, counted anew from the bookings',
      query: days,
      responses: {
        200: z.object({
          trips: z.array(z.object({ trip_id: z.uuid(), name: text, service_date: date, seats: count, booked: count })),
        }),
      },
      handle: async ({ tx, query: { from, to } }) => reply(200, { trips: await overbookedTrips(tx, from, to) }),
    }),
    tenantRoute({
      ...{ ...inTenant, operationId: 'listFleetDemand', method: 'GET', path: '/fleet/demand' },
      summary: 'List the offices, or the stops where people get on, with the most bookings on these service days',
      query: z.strictObject({
        ...days.shape,
        by: z.enum(['office', 'stop']),
        limit: z.coerce.number().int().min(1).max(100).default(10),
      }),
      responses: { 200: z.object({ demand: z.array(z.object({ name: text, bookings: count, seats: count })) }) },
      handle: async ({ tx, query: { by, from, to, limit } }) =>
        reply(200, { demand: await demandBy(tx, by, { from, to, limit }) }),
    }),
  ]
}
