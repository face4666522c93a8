import { z } from 'zod'
import { moment } from '../../../kernel/moment.ts'
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
import { dutyRulesOf, findDriver, findVehicle, listDrivers, listVehicles, occupationsBetween } from './store.ts'
import {
  DriverDetail,
  DriverView,
  DutyRulesView,
  presentDriver,
  presentOccupation,
  presentVehicle,
  VehicleDetail,
  VehicleView,
} from './view.ts'

const WEEK_MS = 7 * 86_400_000
const Words = z.string().min(1).max(100)
const since = moment
  .optional()
  .meta({ description: 'Occupations of the seven days from then on; without it from now on' })

const weekFrom = (from: string | undefined) => {
  const start = from === undefined ? new Date() : new Date(from)
  return { from: start, to: new Date(start.getTime() + WEEK_MS) }
}

/** Reading vehicles and drivers; they are changed by actions. */
export function resourceRoutes(): Route[] {
  const inTenant = { tag: 'Fleet', tenant: 'query', access: 'fleet.read' } as const
  const query = z.strictObject({ ...TenantQuery, from: since })

  return [
    tenantRoute({
      ...inTenant,
      operationId: 'listVehicles',
      method: 'GET',
      path: '/fleet/vehicles',
      summary: 'List vehicles by registration; `q` finds “blue bus” in registration, kind, colour and description',
      query: z.strictObject({ ...TenantQuery, ...PageQuery, q: Words.optional() }),
      responses: { 200: z.object({ vehicles: z.array(VehicleView), next_cursor: z.string().nullable() }) },
      handle: async ({ tx, query: { limit, cursor, q }, request }) => {
        const [after] = decodeCursor(cursor, z.tuple([z.string()])) ?? []
        const page = toPage(await listVehicles(tx, { after, words: q, limit: limit + 1 }), limit, (row) => [
          row.registration,
        ])
        const body = { vehicles: page.rows.map(presentVehicle), next_cursor: page.nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, page.nextCursor))
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'showVehicle',
      method: 'GET',
      path: '/fleet/vehicles/:vehicle_id',
      summary: 'Show a vehicle and what takes it in the next seven days',
      params: z.strictObject({ vehicle_id: z.uuid() }),
      query,
      responses: { 200: VehicleDetail },
      handle: async ({ tx, params: { vehicle_id: vehicleId }, query: { from } }) => {
        const vehicle = await findVehicle(tx, vehicleId)
        const taken = await occupationsBetween(tx, { vehicleId }, weekFrom(from))
        const body = { ...presentVehicle(vehicle), occupations: taken.map(presentOccupation) }
        return reply(200, body, { etag: `"${vehicle.version}"` })
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'listDrivers',
      method: 'GET',
      path: '/fleet/drivers',
      summary: 'List drivers by name',
      query: z.strictObject({ ...TenantQuery, ...PageQuery, q: Words.optional() }),
      responses: { 200: z.object({ drivers: z.array(DriverView), next_cursor: z.string().nullable() }) },
      handle: async ({ tx, query: { limit, cursor, q }, request }) => {
        const after = decodeCursor(cursor, z.tuple([z.string(), z.uuid()]))
        const page = toPage(await listDrivers(tx, { after, q, limit: limit + 1 }), limit, (row) => [
          row.name,
          row.driver_id,
        ])
        const body = { drivers: page.rows.map(presentDriver), next_cursor: page.nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, page.nextCursor))
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'showDriver',
      method: 'GET',
      path: '/fleet/drivers/:driver_id',
      summary: 'Show a driver and what takes them in the next seven days',
      params: z.strictObject({ driver_id: z.uuid() }),
      query,
      responses: { 200: DriverDetail },
      handle: async ({ tx, params: { driver_id: driverId }, query: { from } }) => {
        const driver = await findDriver(tx, driverId)
        const taken = await occupationsBetween(tx, { driverId }, weekFrom(from))
        const body = { ...presentDriver(driver), occupations: taken.map(presentOccupation) }
        return reply(200, body, { etag: `"${driver.version}"` })
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'showDutyRules',
      method: 'GET',
      path: '/fleet/duty-rules',
      summary: 'Show how long drivers may drive',
      query: z.strictObject(TenantQuery),
      responses: { 200: DutyRulesView },
      handle: async ({ tx }) => reply(200, await dutyRulesOf(tx)),
    }),
  ]
}
