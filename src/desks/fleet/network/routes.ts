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
import {
  listPaths,
  listRoutes,
  listStops,
  requirePath,
  requireRoute,
  requireStop,
  stopsOfPath,
  usersOf,
} from './store.ts'
import { PathDetail, PathView, presentPath, RouteView, StopView } from './view.ts'

const Words = z.string().min(1).max(100)
const byName = z.tuple([z.string()])
const cursorOf = z.string().nullable()

/** Reading the network; it is changed by actions. */
export function networkRoutes(): Route[] {
  const inTenant = { tag: 'Fleet', tenant: 'query', access: 'fleet.read', query: z.strictObject(TenantQuery) } as const
  const listed = { ...TenantQuery, ...PageQuery }

  return [
    tenantRoute({
      ...{ ...inTenant, operationId: 'listStops', method: 'GET', path: '/fleet/stops' },
      summary: 'List stops by name; `q` stands somewhere in a name of any language',
      query: z.strictObject({ ...listed, q: Words.optional() }),
      responses: { 200: z.object({ stops: z.array(StopView), next_cursor: cursorOf }) },
      handle: async ({ tx, query: { limit, cursor, q }, request }) => {
        const [after] = decodeCursor(cursor, byName) ?? []
        const { rows, nextCursor } = toPage(await listStops(tx, { after, q, limit: limit + 1 }), limit, ({ name }) => [
          name,
        ])
        return reply(200, { stops: rows, next_cursor: nextCursor }, linkHeader(request.originalUrl, nextCursor))
      },
    }),
    tenantRoute({
      ...{ ...inTenant, operationId: 'showStop', method: 'GET', path: '/fleet/stops/:stop_id' },
      summary: 'Show a stop',
      params: z.strictObject({ stop_id: z.uuid() }),
      responses: { 200: StopView },
      handle: async ({ tx, params }) => {
        const stop = await requireStop(tx, params.stop_id)
        return reply(200, stop, { etag: `"${stop.version}"` })
      },
    }),
    tenantRoute({
      ...{ ...inTenant, operationId: 'listPaths', method: 'GET', path: '/fleet/paths' },
      summary: 'List paths by name',
      query: z.strictObject(listed),
      responses: { 200: z.object({ paths: z.array(PathView), next_cursor: cursorOf }) },
      handle: async ({ tx, query: { limit, cursor }, request }) => {
        const [after] = decodeCursor(cursor, byName) ?? []
        const { rows, nextCursor } = toPage(await listPaths(tx, { after, limit: limit + 1 }), limit, ({ name }) => [
          name,
        ])
        return reply(200, { paths: rows, next_cursor: nextCursor }, linkHeader(request.originalUrl, nextCursor))
      },
    }),
    tenantRoute({
      ...{ ...inTenant, operationId: 'showPath', method: 'GET', path: '/fleet/paths/:path_id' },
      summary: 'Show a path with its stops in order, and the routes that use it',
      params: z.strictObject({ path_id: z.uuid() }),
      responses: { 200: PathDetail },
      handle: async ({ tx, params: { path_id: id } }) => {
        const path = await requirePath(tx, id)
        const body = presentPath(path, await stopsOfPath(tx, id), await usersOf(tx, 'path', id))
        return reply(200, body, { etag: `"${path.version}"` })
      },
    }),
    tenantRoute({
      ...{ ...inTenant, operationId: 'listRoutes', method: 'GET', path: '/fleet/routes' },
      summary: 'List routes by name, all or those of a path',
      query: z.strictObject({ ...listed, path_id: z.uuid().optional() }),
      responses: { 200: z.object({ routes: z.array(RouteView), next_cursor: cursorOf }) },
      handle: async ({ tx, query: { limit, cursor, path_id: pathId }, request }) => {
        const [after] = decodeCursor(cursor, byName) ?? []
        const found = await listRoutes(tx, { after, pathId, limit: limit + 1 })
        const { rows, nextCursor } = toPage(found, limit, ({ name }) => [name])
        return reply(200, { routes: rows, next_cursor: nextCursor }, linkHeader(request.originalUrl, nextCursor))
      },
    }),
    tenantRoute({
      ...{ ...inTenant, operationId: 'showRoute', method: 'GET', path: '/fleet/routes/:route_id' },
      summary: 'Show a route',
      params: z.strictObject({ route_id: z.uuid() }),
      responses: { 200: RouteView },
      handle: async ({ tx, params }) => {
        const route = await requireRoute(tx, params.route_id)
        return reply(200, route, { etag: `"${route.version}"` })
      },
    }),
  ]
}
