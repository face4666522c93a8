import { sql } from 'kysely'
import { z } from 'zod'
import { type ActionsApi, type AnyAction, defineAction } from '../../../core/actions/index.ts'
import { type ClocksApi, openIntervals } from '../../../core/clocks/index.ts'
import { type TenantId, tenantId } from '../../../kernel/tenant-id.ts'
import type { Database, Tx } from '../../../platform/database/index.ts'
import type { Schedule } from '../../../platform/module/index.ts'
import { type RouteRow, requireRoute, routesBetween, stopsOfPath } from '../network/index.ts'
import { addDays, dateIn, instantOf, spanOfDate, TENANT } from '../resources/index.ts'
import { insertTrip } from './store.ts'

/** How far ahead trips are made, today included. */
export const DAYS_AHEAD = 14
const LOOK_EVERY_MINUTES = 10
/** A trip and its stops are so many rows at the most, of the 2,000 that an action may write. */
const ROUTES_AT_ONCE = 9

const MakeAhead = z.strictObject({ date: z.iso.date(), route_ids: z.array(z.uuid()).min(1).max(200) })
type MakeAhead = z.output<typeof MakeAhead>

/** Makes the trips of routes on a day, but for those that are there. */
export const makeAhead: AnyAction = defineAction<MakeAhead>({
  name: 'trip.make_ahead',
  summary: 'Make the trips of routes on a day; those that are there stay as they are',
  permission: 'fleet.manage',
  parameters: MakeAhead,
  ...{ risk: 'safe', places: ['route', 'day'], undoWithinMinutes: 30 },
  change: async (tx, { tenantId: tenant, zone }, { date, route_ids }) => {
    let made = 0
    for (const id of route_ids.toSorted()) {
      const route = await requireRoute(tx, id)
      const stops = await stopsOfPath(tx, route.path_id)
      const trip = await insertTrip(tx, {
        ...{ name: `${route.name} ${route.departs}`, route_id: id, path_id: route.path_id, direction: route.direction },
        ...{
          service_date: date,
          made_for: date,
          departs_at: instantOf(zone, date, route.departs),
          seats: route.planned_seats,
          stops,
        },
      })
      if (trip) made += 1
    }
    return { subject: `tenant:${tenant}`, summary: `Make ${made} trips on ${date}.`, result: { made } }
  },
})

/** Whether a route is driven on a date: within its days, while its calendar is open at some time of it. */
async function isDriven(
  tx: Tx,
  route: RouteRow,
  { date, zone, opened }: { date: string; zone: string; opened: OpenedCalendar },
) {
  if (date < route.valid_from || (route.valid_to !== null && date > route.valid_to)) return false
  if (route.calendar_id === null) return true
  const calendar = await opened(tx, route.calendar_id)
  if (!calendar) return false
  const { from, to } = spanOfDate(zone, date)
  return openIntervals(calendar, { fromMs: from.getTime(), toMs: to.getTime(), intervalsMax: 1 }).length > 0
}

type OpenedCalendar = (tx: Tx, calendarId: string) => Promise<Awaited<ReturnType<ClocksApi['opened']['open']>> | null>

const openedOf =
  (clocks: ClocksApi, tenant: TenantId): OpenedCalendar =>
  async (tx, calendarId) => {
    const { rows } = await sql<{ version: number }>`
      select max(version)::int as version from calendar_versions where calendar_id = ${calendarId} having max(version) is not null`.execute(
      tx,
    )
    return rows[0] ? clocks.opened.open(tx, { tenantId: tenant, calendarId, version: rows[0].version }) : null
  }

/** Routes that are driven on the date and have no trip for it yet. */
export async function missingRoutes(
  tx: Tx,
  clocks: ClocksApi,
  { tenant, date, zone }: { tenant: TenantId; date: string; zone: string },
): Promise<string[]> {
  const { rows } = await sql<{ route_id: string }>`select route_id from trips where made_for = ${date}`.execute(tx)
  const there = new Set(rows.map(({ route_id }) => route_id))
  const missing: string[] = []
  for (const route of await routesBetween(tx, date, date)) {
    if (there.has(route.route_id)) continue
    if (await isDriven(tx, route, { date, zone, opened: openedOf(clocks, tenant) })) missing.push(route.route_id)
  }
  return missing
}

type Making = { database: Database; actions: ActionsApi; clocks: ClocksApi }

/** Makes what is missing of a tenant's next 14 days. Repeated at will: what is there is not made again. */
export async function makeTripsAhead(
  { database, actions, clocks }: Making,
  tenant: TenantId,
  now: Date,
): Promise<number> {
  let made = 0
  const zone = await database.readTenant(tenant, async (tx) => {
    const { rows } = await sql<{
      zone: string
    }>`select time_zone as zone from tenants where tenant_id = ${TENANT}`.execute(tx)
    return rows[0]?.zone ?? 'UTC'
  })
  const today = dateIn(zone, now)
  // First, so that a tenant whose trips cannot be made does not stand before all others for ever.
  await database.withTenant(tenant, (tx) =>
    sql`insert into trip_horizons (tenant_id, looked_at, made_through) values (${TENANT}, now(), ${today})
      on conflict (tenant_id) do update set looked_at = excluded.looked_at`.execute(tx),
  )
  for (let ahead = 0; ahead < DAYS_AHEAD; ahead += 1) {
    const date = addDays(today, ahead)
    const missing = await database.readTenant(tenant, (tx) => missingRoutes(tx, clocks, { tenant, date, zone }))
    for (let at = 0; at < missing.length; at += ROUTES_AT_ONCE) {
      const parameters: MakeAhead = { date, route_ids: missing.slice(at, at + ROUTES_AT_ONCE) }
      await database.withTenant(tenant, (tx) =>
        actions.applyBySystem(tx, { tenantId: tenant }, { action: makeAhead, parameters }),
      )
      made += parameters.route_ids.length
    }
  }
  await database.withTenant(tenant, (tx) =>
    sql`insert into trip_horizons (tenant_id, looked_at, made_through) values (${TENANT}, now(), ${addDays(today, DAYS_AHEAD - 1)})
      on conflict (tenant_id) do update set looked_at = excluded.looked_at, made_through = excluded.made_through`.execute(
      tx,
    ),
  )
  return made
}

/** Looks at tenants with routes, those first that were not looked at for longest; one each time. */
export function makingTripsAhead(making: Making): Schedule {
  return {
    name: 'trips_ahead',
    everySeconds: 60,
    work: async () => {
      const { rows } = await making.database.readAcrossTenants('routes of all tenants have trips made ahead', (tx) =>
        sql<{ tenant_id: string }>`
          select distinct r.tenant_id, h.looked_at from routes r left join trip_horizons h using (tenant_id)
          where r.is_active and (h.looked_at is null or h.looked_at < now() - make_interval(mins => ${LOOK_EVERY_MINUTES}))
          order by h.looked_at nulls first limit 1`.execute(tx),
      )
      const [next] = rows
      if (!next) return undefined
      await makeTripsAhead(making, tenantId(next.tenant_id), new Date())
      return 'again'
    },
  }
}
