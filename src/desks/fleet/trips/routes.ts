import { sql } from 'kysely'
import { z } from 'zod'
import type { Tx } from '../../../platform/database/index.ts'
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
import { addDays, dateIn, spanOfDate, TENANT } from '../resources/index.ts'
import { mostUsedVehicles, summaryOf } from './insight.ts'
import type { Riders } from './people.ts'
import { attentionFor, missingFor } from './readiness.ts'
import { TRIP_STATUSES } from './status.ts'
import { listTrips, openTripsBetween, requireTrip, stopsOfTrip } from './store.ts'
import { suggestDrivers, suggestVehicles } from './suggest.ts'
import {
  AttentionView,
  presentDetail,
  presentSuggestion,
  presentTrip,
  SuggestionView,
  TripDetail,
  TripView,
} from './view.ts'

const date = z.iso.date()
const count = z.int()
const Summary = z
  .object({
    ...{
      date,
      trips: count,
      scheduled: count,
      boarding: count,
      in_progress: count,
      completed: count,
      cancelled: count,
    },
    ...{ without_vehicle: count, without_driver: count, late: count, vehicles: count, drivers: count },
  })
  .meta({ id: 'FleetDay' })
const Use = z
  .object({ vehicle_id: z.uuid(), registration: z.string(), trips: count, minutes: count, metres: count })
  .meta({ id: 'FleetVehicleUse' })

/** The tenant's zone, and the date there. */
async function today(tx: Tx): Promise<{ zone: string; date: string; now: Date }> {
  const { rows } = await sql<{
    zone: string
  }>`select time_zone as zone from tenants where tenant_id = ${TENANT}`.execute(tx)
  const [zone, now] = [rows[0]?.zone ?? 'UTC', new Date()]
  return { zone, date: dateIn(zone, now), now }
}

/** Reading trips; they are changed by actions. */
export function tripRoutes(riders: () => Riders): Route[] {
  const inTenant = { tag: 'Fleet', tenant: 'query', access: 'fleet.read', query: z.strictObject(TenantQuery) } as const
  const ofTrip = { ...inTenant, params: z.strictObject({ trip_id: z.uuid() }) }

  return [
    tenantRoute({
      ...{ ...inTenant, operationId: 'listTrips', method: 'GET', path: '/fleet/trips' },
      summary: 'List trips by departure: of these service days, without them today’s',
      query: z.strictObject({
        ...{
          ...TenantQuery,
          ...PageQuery,
          from: date.optional(),
          to: date.optional(),
          status: z.enum(TRIP_STATUSES).optional(),
        },
        ...{ vehicle_id: z.uuid().optional(), driver_id: z.uuid().optional() },
        q: z
          .string()
          .min(1)
          .max(100)
          .optional()
          .meta({ description: 'Stands in the name of the trip, a stop, the driver, or the registration' }),
      }),
      responses: { 200: z.object({ trips: z.array(TripView), next_cursor: z.string().nullable() }) },
      handle: async ({ tx, query, request }) => {
        const from = query.from ?? query.to ?? (await today(tx)).date
        const after = decodeCursor(query.cursor, z.tuple([z.iso.datetime(), z.uuid()]))
        const { rows, found } = await listTrips(tx, {
          ...{ from, to: query.to ?? from, status: query.status, q: query.q, limit: query.limit, after },
          ...{ vehicleId: query.vehicle_id, driverId: query.driver_id },
        })
        const page = toPage(rows, query.limit, (row) => [row.departs_at.toISOString(), row.trip_id], found)
        const body = { trips: page.rows.map(presentTrip), next_cursor: page.nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, page.nextCursor))
      },
    }),
    tenantRoute({
      ...{ ...ofTrip, operationId: 'showTrip', method: 'GET', path: '/fleet/trips/:trip_id' },
      summary: 'Show a trip: its stops with times, who has it, and what keeps it from leaving',
      responses: { 200: TripDetail },
      handle: async ({ tx, params: { trip_id: id } }) => {
        const trip = await requireTrip(tx, id)
        const missing = missingFor(trip, await riders().load(tx, id))
        return reply(200, presentDetail(trip, await stopsOfTrip(tx, id), missing), { etag: `"${trip.version}"` })
      },
    }),
    tenantRoute({
      ...{ ...ofTrip, operationId: 'suggestForTrip', method: 'GET', path: '/fleet/trips/:trip_id/suggestions' },
      summary: 'Rank vehicles or drivers for a trip, with reasons, and what speaks against the others',
      query: z.strictObject({
        ...TenantQuery,
        for: z.enum(['vehicle', 'driver']),
        limit: z.coerce.number().int().min(1).max(100).default(10),
      }),
      responses: { 200: z.object({ suggestions: z.array(SuggestionView) }) },
      handle: async ({ tx, params, query }) => {
        const trip = await requireTrip(tx, params.trip_id)
        const asking = { trip, riders: riders(), zone: (await today(tx)).zone }
        const all = query.for === 'vehicle' ? await suggestVehicles(tx, asking) : await suggestDrivers(tx, asking)
        return reply(200, { suggestions: all.slice(0, query.limit).map(presentSuggestion) })
      },
    }),
    tenantRoute({
      ...{ ...inTenant, operationId: 'listTripsThatNeedAttention', method: 'GET', path: '/fleet/attention' },
      summary: 'List the trips of a day that need somebody, with why; without a date today’s',
      query: z.strictObject({ ...TenantQuery, date: date.optional() }),
      responses: { 200: z.object({ trips: z.array(AttentionView).meta({ description: '500 at the most' }) }) },
      handle: async ({ tx, query }) => {
        const { zone, date: itsDate, now } = await today(tx)
        const { from, to } = spanOfDate(zone, query.date ?? itsDate)
        const found = []
        for (const trip of await openTripsBetween(tx, from, to)) {
          const reasons = attentionFor(trip, await riders().load(tx, trip.trip_id), now)
          if (reasons.length > 0) found.push({ ...presentTrip(trip), reasons })
        }
        return reply(200, { trips: found.slice(0, 500) })
      },
    }),
    tenantRoute({
      ...{ ...inTenant, operationId: 'summarizeFleetDay', method: 'GET', path: '/fleet/summary' },
      summary: 'Count the trips of a service day; without a date today’s',
      query: z.strictObject({ ...TenantQuery, date: date.optional() }),
      responses: { 200: Summary },
      handle: async ({ tx, query }) => {
        const day = query.date ?? (await today(tx)).date
        return reply(200, { date: day, ...(await summaryOf(tx, day)) })
      },
    }),
    tenantRoute({
      ...{ ...inTenant, operationId: 'listMostUsedVehicles', method: 'GET', path: '/fleet/most-used-vehicles' },
      summary: 'List the vehicles with the most trips in the last days, today included',
      query: z.strictObject({
        ...{ ...TenantQuery, days: z.coerce.number().int().min(1).max(366).default(7) },
        limit: z.coerce.number().int().min(1).max(100).default(10),
      }),
      responses: { 200: z.object({ vehicles: z.array(Use) }) },
      handle: async ({ tx, query: { days, limit } }) => {
        const { date: to } = await today(tx)
        return reply(200, { vehicles: await mostUsedVehicles(tx, { from: addDays(to, 1 - days), to, limit }) })
      },
    }),
  ]
}
