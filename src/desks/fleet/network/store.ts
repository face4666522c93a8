import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import { notFound } from './faults.ts'

export type StopRow = {
  stop_id: string
  name: string
  names: Record<string, string>
  latitude: number | null
  longitude: number | null
  is_accessible: boolean
  is_active: boolean
  version: number
}
export type PathRow = { path_id: string; name: string; version: number }
export type PathStop = { position: number; stop_id: string; name: string; minutes: number; metres: number }
export type RouteRow = {
  route_id: string
  name: string
  path_id: string
  direction: 'up' | 'down'
  departs: string
  calendar_id: string | null
  valid_from: string
  valid_to: string | null
  planned_seats: number
  is_active: boolean
  version: number
}

const STOP = sql`select stop_id, name, names, latitude, longitude, is_accessible, is_active, version from stops`
const PATH = sql`select path_id, name, version from paths`
const ROUTE = sql`select route_id, name, path_id, direction, departs, calendar_id, valid_from::text as valid_from,
  valid_to::text as valid_to, planned_seats, is_active, version from routes`

/** Until the end of the transaction nobody else changes the network of this tenant: what is checked stays true. */
export async function lockNetwork(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(71652, hashtext(current_setting('signalbox.tenant_id')))`.execute(tx)
}

export async function requireStop(tx: Tx, id: string): Promise<StopRow> {
  const { rows } = await sql<StopRow>`${STOP} where stop_id = ${id}`.execute(tx)
  if (!rows[0]) throw notFound('stop')
  return rows[0]
}
export async function requirePath(tx: Tx, id: string): Promise<PathRow> {
  const { rows } = await sql<PathRow>`${PATH} where path_id = ${id}`.execute(tx)
  if (!rows[0]) throw notFound('path')
  return rows[0]
}
export async function requireRoute(tx: Tx, id: string): Promise<RouteRow> {
  const { rows } = await sql<RouteRow>`${ROUTE} where route_id = ${id}`.execute(tx)
  if (!rows[0]) throw notFound('route')
  return rows[0]
}

export async function stopsOfPath(tx: Tx, pathId: string): Promise<PathStop[]> {
  const { rows } = await sql<PathStop>`
    select position, stop_id, name, minutes, metres from path_stops join stops using (tenant_id, stop_id)
    where path_id = ${pathId} order by position`.execute(tx)
  return rows
}

export type NamedPage = { after?: string | undefined; limit: number }

const byName = ({ after, limit }: NamedPage, condition = sql`true`) =>
  sql`where ${condition} and ${after === undefined ? sql`true` : sql`name > ${after}`} order by name limit ${limit}`

/** By name; `q` stands somewhere in a name of any language. */
export async function listStops(tx: Tx, page: NamedPage & { q?: string | undefined }): Promise<StopRow[]> {
  const matches =
    page.q === undefined ? sql`true` : sql`position(lower(${page.q}) in lower(name || ' ' || names::text)) > 0`
  return (await sql<StopRow>`${STOP} ${byName(page, matches)}`.execute(tx)).rows
}
export async function listPaths(tx: Tx, page: NamedPage): Promise<PathRow[]> {
  return (await sql<PathRow>`${PATH} ${byName(page)}`.execute(tx)).rows
}
export async function listRoutes(tx: Tx, page: NamedPage & { pathId?: string | undefined }): Promise<RouteRow[]> {
  const matches = page.pathId === undefined ? sql`true` : sql`path_id = ${page.pathId}`
  return (await sql<RouteRow>`${ROUTE} ${byName(page, matches)}`.execute(tx)).rows
}

/** Routes that may have trips between two service days. */
export async function routesBetween(tx: Tx, from: string, to: string): Promise<RouteRow[]> {
  const { rows } = await sql<RouteRow>`
    ${ROUTE} where is_active and valid_from <= ${to} and (valid_to is null or valid_to >= ${from}) order by route_id`.execute(
    tx,
  )
  return rows
}

/** The paths that use a stop, the routes that use a path. */
export async function usersOf(tx: Tx, what: 'stop' | 'path', id: string): Promise<string[]> {
  const { rows } =
    what === 'stop'
      ? await sql<{ name: string }>`
          select distinct name from path_stops join paths using (tenant_id, path_id) where stop_id = ${id} order by name limit 50`.execute(
          tx,
        )
      : await sql<{ name: string }>`select name from routes where path_id = ${id} order by name limit 50`.execute(tx)
  return rows.map(({ name }) => name)
}
