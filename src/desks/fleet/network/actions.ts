import { sql } from 'kysely'
import { z } from 'zod'
import { type AnyAction, defineAction, refuseStale } from '../../../core/actions/index.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { given, line, TENANT, version } from '../resources/index.ts'
import { networkFault } from './faults.ts'
import { lockNetwork, requirePath, requireRoute, requireStop, usersOf } from './store.ts'

type Kind = 'stop' | 'path' | 'route'
const manages = { permission: 'fleet.manage', undoWithinMinutes: 60 } as const
const name = line(120)

const Stop = {
  name,
  names: z.record(z.string().regex(/^[a-z]{2,3}$/, 'must be a language, as `kn`'), line(120)),
  latitude: z.number().min(-90).max(90).nullable(),
  longitude: z.number().min(-180).max(180).nullable(),
  is_accessible: z.boolean(),
  is_active: z.boolean(),
}
const isPlace = (stop: { latitude?: number | null | undefined; longitude?: number | null | undefined }) =>
  (stop.latitude == null) === (stop.longitude == null)
const PLACE_MESSAGE = { error: 'has both, latitude and longitude, or neither', path: ['longitude'] }
const NewStop = z.strictObject({ ...z.object(Stop).partial().shape, name }).refine(isPlace, PLACE_MESSAGE)
const StopChange = z
  .strictObject({ ...z.object(Stop).partial().shape, stop_id: z.uuid(), version })
  .refine(isPlace, PLACE_MESSAGE)

const PathStops = z
  .array(
    z.strictObject({ stop_id: z.uuid(), minutes: z.int().min(0).max(2_880), metres: z.int().min(0).max(5_000_000) }),
  )
  .min(2)
  .max(200)
  .refine(
    (stops) =>
      stops.every(
        (stop, at) =>
          at === 0 || (stop.minutes > (stops[at - 1]?.minutes ?? 0) && stop.metres >= (stops[at - 1]?.metres ?? 0)),
      ),
    'minutes and metres count from the first stop and grow',
  )
  .refine((stops) => stops[0]?.minutes === 0 && stops[0]?.metres === 0, 'the first stop has 0 minutes and 0 metres')
const NewPath = z.strictObject({ name, stops: PathStops })
const PathChange = z.strictObject({ path_id: z.uuid(), name: name.optional(), stops: PathStops.optional(), version })

const DEPARTS = z.string().regex(/^([0-3]\d|4[0-7]):[0-5]\d$/, 'must be HH:MM, past midnight 24:00 to 47:59')
const Route = {
  name,
  path_id: z.uuid(),
  direction: z.enum(['up', 'down']),
  departs: DEPARTS,
  calendar_id: z.uuid().nullable(),
  valid_from: z.iso.date(),
  valid_to: z.iso.date().nullable(),
  planned_seats: z.int().min(0).max(300),
  is_active: z.boolean(),
}
const isPeriod = ({
  valid_from: from,
  valid_to: to,
}: {
  valid_from?: string | undefined
  valid_to?: string | null | undefined
}) => from === undefined || to == null || to >= from
const PERIOD_MESSAGE = { error: 'must not be before valid_from', path: ['valid_to'] }
const NewRoute = z
  .strictObject({
    ...{
      ...z.object(Route).shape,
      calendar_id: Route.calendar_id.default(null),
      valid_to: Route.valid_to.default(null),
    },
    is_active: Route.is_active.default(true),
  })
  .refine(isPeriod, PERIOD_MESSAGE)
const RouteChange = z
  .strictObject({ ...z.object(Route).partial().shape, route_id: z.uuid(), version })
  .refine(isPeriod, PERIOD_MESSAGE)

const addStop = defineAction<z.output<typeof NewStop>>({
  ...{ ...manages, name: 'stop.add', summary: 'Add a stop', parameters: NewStop, risk: 'safe', places: ['stops'] },
  change: async (tx, _context, fields) => {
    await lockNetwork(tx)
    const id = await insert(tx, 'stop', columnsOf(fields))
    return { subject: `stop:${id}`, summary: `Add the stop ${fields.name}.`, result: { stop_id: id } }
  },
})

const changeStop = defineAction<z.output<typeof StopChange>>({
  ...{ ...manages, name: 'stop.change', summary: 'Rename a stop, place it, or close it' },
  ...{ parameters: StopChange, risk: 'confirm', places: ['stop'] },
  change: async (tx, _context, { stop_id: id, version: from, ...fields }) => {
    await lockNetwork(tx)
    const stop = await requireStop(tx, id)
    await refuseStale(tx, { table: 'stops', id, given: from, current: stop.version })
    if (fields.is_active === false) await refuseUsed(tx, 'stop', id, stop.name)
    await update(tx, 'stop', id, columnsOf(fields))
    return { subject: `stop:${id}`, summary: `Change the stop ${stop.name}: ${named(fields)}.` }
  },
})

const removeStop = defineAction<{ stop_id: string; version?: number | undefined }>({
  ...{ ...manages, name: 'stop.remove', summary: 'Remove a stop that no path and no trip uses' },
  ...{ parameters: z.strictObject({ stop_id: z.uuid(), version }), risk: 'confirm', places: ['stop'] },
  change: async (tx, _context, { stop_id: id, version: from }) => {
    await lockNetwork(tx)
    const stop = await requireStop(tx, id)
    await refuseStale(tx, { table: 'stops', id, given: from, current: stop.version })
    await refuseUsed(tx, 'stop', id, stop.name)
    await remove(tx, 'stop', id, stop.name)
    return { subject: `stop:${id}`, summary: `Remove the stop ${stop.name}.` }
  },
})

const addPath = defineAction<z.output<typeof NewPath>>({
  ...{ ...manages, name: 'path.add', summary: 'Add a path: stops in order, with minutes and metres' },
  ...{ parameters: NewPath, risk: 'safe', places: ['paths'] },
  change: async (tx, _context, { name: called, stops }) => {
    await lockNetwork(tx)
    const id = await insert(tx, 'path', [['name', called]])
    await insertStops(tx, id, stops)
    return {
      subject: `path:${id}`,
      summary: `Add the path ${called} with ${stops.length} stops.`,
      result: { path_id: id },
    }
  },
})

const changePath = defineAction<z.output<typeof PathChange>>({
  ...{ ...manages, name: 'path.change', summary: 'Rename a path, or give it other stops, minutes and metres' },
  ...{ parameters: PathChange, risk: 'confirm', places: ['path'] },
  change: async (tx, _context, { path_id: id, version: from, stops, ...fields }) => {
    await lockNetwork(tx)
    const path = await requirePath(tx, id)
    await refuseStale(tx, { table: 'paths', id, given: from, current: path.version })
    await update(tx, 'path', id, columnsOf(fields))
    if (stops) {
      await sql`delete from path_stops where path_id = ${id}`.execute(tx)
      await insertStops(tx, id, stops)
    }
    const routes = await usersOf(tx, 'path', id)
    const warnings =
      routes.length > 0
        ? [`Trips that are made from now on on ${routes.join(', ')} go this way; those that were made stay.`]
        : []
    return { subject: `path:${id}`, summary: `Change the path ${path.name}.`, warnings }
  },
})

const removePath = defineAction<{ path_id: string; version?: number | undefined }>({
  ...{ ...manages, name: 'path.remove', summary: 'Remove a path that no route and no trip uses' },
  ...{ parameters: z.strictObject({ path_id: z.uuid(), version }), risk: 'confirm', places: ['path'] },
  change: async (tx, _context, { path_id: id, version: from }) => {
    await lockNetwork(tx)
    const path = await requirePath(tx, id)
    await refuseStale(tx, { table: 'paths', id, given: from, current: path.version })
    await refuseUsed(tx, 'path', id, path.name)
    await sql`delete from path_stops where path_id = ${id}`.execute(tx)
    await remove(tx, 'path', id, path.name)
    return { subject: `path:${id}`, summary: `Remove the path ${path.name}.` }
  },
})

const addRoute = defineAction<z.output<typeof NewRoute>>({
  ...{ ...manages, name: 'route.add', summary: 'Add a route: a path, a time, and the days on which it is driven' },
  ...{ parameters: NewRoute, risk: 'safe', places: ['routes'] },
  change: async (tx, _context, fields) => {
    await lockNetwork(tx)
    await requirePath(tx, fields.path_id)
    await refuseNoCalendar(tx, fields.calendar_id)
    const id = await insert(tx, 'route', columnsOf(fields))
    const summary = `Add the route ${fields.name} at ${fields.departs}.`
    return { subject: `route:${id}`, summary, result: { route_id: id }, warnings: [MADE_AHEAD] }
  },
})

const changeRoute = defineAction<z.output<typeof RouteChange>>({
  ...{ ...manages, name: 'route.change', summary: 'Change a route’s name, path, time, days or seats' },
  ...{ parameters: RouteChange, risk: 'confirm', places: ['route'] },
  change: async (tx, _context, { route_id: id, version: from, ...fields }) => {
    await lockNetwork(tx)
    const route = await requireRoute(tx, id)
    await refuseStale(tx, { table: 'routes', id, given: from, current: route.version })
    if (fields.path_id !== undefined) await requirePath(tx, fields.path_id)
    await refuseNoCalendar(tx, fields.calendar_id)
    await update(tx, 'route', id, columnsOf(fields))
    return {
      subject: `route:${id}`,
      summary: `Change the route ${route.name}: ${named(fields)}.`,
      warnings: [MADE_AHEAD],
    }
  },
})

export const networkActions: readonly AnyAction[] = [
  ...[addStop, changeStop, removeStop, addPath, changePath, removePath, addRoute, changeRoute],
]

const MADE_AHEAD = 'It holds for trips that are made from now on; those that were made stay as they are.'

const named = (fields: Record<string, unknown>) =>
  given(fields)
    .map(([column]) => column)
    .join(', ') || 'nothing'

const columnsOf = (fields: Record<string, unknown>) =>
  given(fields).map(
    ([column, value]) => [column, column === 'names' ? JSON.stringify(value) : value] as [string, unknown],
  )

async function insert(tx: Tx, kind: Kind, columns: [string, unknown][]): Promise<string> {
  await refuseTakenName(tx, kind, columns)
  const { rows } = await sql<{ id: string }>`
    insert into ${sql.table(`${kind}s`)} (tenant_id, ${sql.join(columns.map(([column]) => sql.ref(column)))})
    values (${TENANT}, ${sql.join(columns.map(([, value]) => value))}) returning ${sql.ref(`${kind}_id`)} as id`.execute(
    tx,
  )
  return rows[0]?.id ?? ''
}

async function update(tx: Tx, kind: Kind, id: string, columns: [string, unknown][]): Promise<void> {
  await refuseTakenName(tx, kind, columns, id)
  const assignments = columns.map(([column, value]) => sql`${sql.ref(column)} = ${value}`)
  await sql`update ${sql.table(`${kind}s`)} set ${sql.join([...assignments, sql`version = version + 1`])}
    where ${sql.ref(`${kind}_id`)} = ${id}`.execute(tx)
}

async function remove(tx: Tx, kind: Kind, id: string, called: string): Promise<void> {
  const isUsed = sql`delete from ${sql.table(`${kind}s`)} where ${sql.ref(`${kind}_id`)} = ${id}`.execute(tx)
  await isUsed.catch((error: { code?: string }) => {
    throw error.code === '23503' ? stillUsed(called, ['trips']) : error
  })
}

async function refuseTakenName(tx: Tx, kind: Kind, columns: [string, unknown][], butId?: string): Promise<void> {
  const called = columns.find(([column]) => column === 'name')?.[1]
  if (called === undefined) return
  const { rows } = await sql`
    select from ${sql.table(`${kind}s`)} where name = ${called} and ${sql.ref(`${kind}_id`)} is distinct from ${butId ?? null}::uuid`.execute(
    tx,
  )
  if (rows.length === 0) return
  throw networkFault('network.name_taken', {
    public: `The tenant has a ${kind} ${String(called)} already. Choose another name.`,
    internal: `a ${kind}’s name is taken`,
  })
}

async function refuseUsed(tx: Tx, what: 'stop' | 'path', id: string, called: string): Promise<void> {
  const users = await usersOf(tx, what, id)
  if (users.length > 0) throw stillUsed(called, users)
}

const stillUsed = (called: string, users: readonly string[]) =>
  networkFault('network.still_used', {
    public: `${called} is used by ${users.slice(0, 5).join(', ')}. Change those before.`,
    internal: 'part of the network is still used',
    extensions: { used_by: users },
  })

async function insertStops(tx: Tx, pathId: string, stops: z.output<typeof PathStops>): Promise<void> {
  const ids = [...new Set(stops.map(({ stop_id }) => stop_id))]
  for (const id of ids) {
    const stop = await requireStop(tx, id)
    if (stop.is_active) continue
    throw networkFault('network.stop_inactive', {
      public: `The stop ${stop.name} is closed. Leave it out, or open it again.`,
      internal: 'a path leads to a closed stop',
    })
  }
  const rows = stops.map(
    (stop, at) =>
      sql`(${TENANT}, ${pathId}::uuid, ${at}::int, ${stop.stop_id}::uuid, ${stop.minutes}::int, ${stop.metres}::int)`,
  )
  await sql`insert into path_stops (tenant_id, path_id, position, stop_id, minutes, metres) values ${sql.join(rows)}`.execute(
    tx,
  )
}

async function refuseNoCalendar(tx: Tx, calendarId: string | null | undefined): Promise<void> {
  if (!calendarId) return
  const { rows } = await sql`select from calendars where calendar_id = ${calendarId} and removed_at is null`.execute(tx)
  if (rows.length === 0)
    throw networkFault('network.calendar_not_found', {
      public: 'This tenant has no calendar with this id.',
      internal: 'no such calendar',
    })
}
