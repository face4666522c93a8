import { describe, expect, it } from 'vitest'
import { type Fleet, type Outcome, type Step, testFleet } from '../harness/fleet.ts'
import { testSystem } from '../harness/system.ts'

const system = testSystem({ SIGNALBOX_ROLES: 'api', REQUESTS_PER_MINUTE: '1000000' })
const { tenant, sql } = testFleet(system)

/** Written by actions alone, each with the column that names its rows. */
const TABLES: Record<string, string> = {
  ...{
    vehicles: 'vehicle_id',
    drivers: 'driver_id',
    occupations: 'occupation_id',
    duty_rules: 'tenant_id',
    stops: 'stop_id',
  },
  ...{ paths: 'path_id', path_stops: 'path_stop_id', routes: 'route_id', trips: 'trip_id', trip_stops: 'trip_stop_id' },
  ...{ riders: 'rider_id', bookings: 'booking_id' },
}
const SEEDS = [1, 2]
const STEPS_A_SEED = 70

type Row = Record<string, unknown>
type State = Map<string, Row>

/** Small and the same each time for a seed (Park and Miller's generator). */
function numbers(seed: number) {
  let state = seed
  const below = (limit: number) => {
    state = (state * 48_271) % 2_147_483_647
    return state % limit
  }
  return { below, oneOf: <T>(all: readonly T[]): T | undefined => all[below(Math.max(1, all.length))] }
}

async function stateOf(tenantId: string): Promise<State> {
  const each = Object.entries(TABLES).map(
    ([table, id]) =>
      `select '${table} ' || ${id} as key, to_jsonb(t) - 'tenant_id' as row from ${table} t where tenant_id = $1`,
  )
  const rows = await sql<{ key: string; row: Row }>(`${each.join(' union all ')} order by 1`, [tenantId])
  return new Map(rows.map(({ key, row }) => [key, row]))
}

/** What is different, as a preview lists it: by row, with the columns that changed. */
function changesBetween(before: State, after: State): string[] {
  const changes: string[] = []
  for (const [key, row] of after) {
    const was = before.get(key)
    if (!was) changes.push(`insert ${key.split(' ')[0]} ${shown(row)}`)
    else if (JSON.stringify(was) !== JSON.stringify(row)) {
      const columns = Object.keys(row).filter((column) => JSON.stringify(row[column]) !== JSON.stringify(was[column]))
      changes.push(`update ${key} ${shown(Object.fromEntries(columns.map((column) => [column, row[column]])))}`)
    }
  }
  for (const key of before.keys()) if (!after.has(key)) changes.push(`delete ${key}`)
  return changes.toSorted()
}

/** The same of what was announced; a row that is written twice by one action is announced twice and compared as a whole. */
function announced({ rows }: Outcome): string[] {
  const whole = new Map<string, Outcome['rows'][number]>()
  for (const row of rows) {
    const key = `${row.table} ${row.id}`
    const first = whole.get(key)
    if (!first) whole.set(key, row)
    else whole.set(key, { ...row, operation: first.operation, after: { ...first.after, ...row.after } })
  }
  return [...whole.values()]
    .map(({ table, id, operation, after }) =>
      operation === 'insert'
        ? `insert ${table} ${shown(after)}`
        : operation === 'delete'
          ? `delete ${table} ${id}`
          : `update ${table} ${id} ${shown(after)}`,
    )
    .toSorted()
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
/** Ids of what is new and times of the change are others each time; what stands in a row is compared without them. */
const shown = (row: Row | null) =>
  JSON.stringify(
    Object.entries(row ?? {})
      .filter(([column]) => !['added_at', 'made_at', 'booked_at'].includes(column))
      .toSorted(([a], [b]) => a.localeCompare(b)),
  )
    .replaceAll(UUID, 'id')
    .replaceAll(/new:\d+/g, 'id')

type Ids = Record<string, string[]>
const idsOf = (state: State): Ids => {
  const ids: Ids = {}
  for (const key of state.keys()) {
    const [table = '', id = ''] = key.split(' ')
    ids[table] = [...(ids[table] ?? []), id].toSorted()
  }
  return ids
}

/** For each action parameters that fit some states and not others. */
function stepsFor(ids: Ids, receipts: string[], random: ReturnType<typeof numbers>, n: number): Record<string, Row> {
  const { below, oneOf } = random
  const one = (table: string) => oneOf(ids[table] ?? []) ?? '00000000-0000-4000-8000-000000000000'
  const day = () => `2031-05-0${1 + below(3)}`
  const time = () => `${String(5 + below(20)).padStart(2, '0')}:${below(2) ? '00' : '30'}`
  const span = () => ({ from: `${day()}T00:00:00Z`, to: `2031-05-0${5 + below(3)}T00:00:00Z`, reason: 'a reason' })
  const stops = () =>
    Array.from({ length: 2 + below(3) }, (_, at) => ({
      stop_id: one('stops'),
      minutes: at * (5 + below(30)) + at,
      metres: at * 1_000,
    }))
  const trip_id = one('trips')
  return {
    'vehicle.add': {
      registration: `V${n}`,
      kind: oneOf(['bus', 'cab']),
      seats: 2 + below(6),
      cents_per_km: below(200),
    },
    'vehicle.change': {
      vehicle_id: one('vehicles'),
      seats: 1 + below(8),
      color: 'blue',
      version: below(2) ? 1 : undefined,
    },
    'vehicle.block': { vehicle_id: one('vehicles'), kind: 'maintenance', ...span() },
    'vehicle.retire': { vehicle_id: one('vehicles') },
    'driver.add': { name: `D${n}`, phone: `+49 ${1000 + n}`, licences: [{ class: 'D', until: '2031-05-02' }] },
    'driver.change': { driver_id: one('drivers'), licences: [{ class: oneOf(['B', 'D']), until: '2040-01-01' }] },
    'driver.set_leave': { driver_id: one('drivers'), ...span() },
    'driver.retire': { driver_id: one('drivers') },
    'resource.free': { occupation_id: one('occupations') },
    'duty_rules.set': { rules: { hours_per_day: 1 + below(9), turnaround_minutes: below(30) } },
    'stop.add': { name: `S${n}`, names: { kn: 'ನಿಲ್ದಾಣ' } },
    'stop.change': { stop_id: one('stops'), is_active: below(2) === 1 },
    'stop.remove': { stop_id: one('stops') },
    'path.add': { name: `P${n}`, stops: stops() },
    'path.change': { path_id: one('paths'), stops: stops() },
    'path.remove': { path_id: one('paths') },
    'route.add': {
      name: `R${n}`,
      path_id: one('paths'),
      direction: 'up',
      departs: time(),
      valid_from: '2031-05-01',
      planned_seats: 3,
    },
    'route.change': { route_id: one('routes'), departs: time() },
    'trip.add': { path_id: one('paths'), date: day(), departs: time(), seats: 1 + below(5) },
    'trip.duplicate': { trip_id, date: day(), departs: time() },
    'trip.make_ahead': { date: day(), route_ids: [one('routes')] },
    'trip.assign': { trip_id, vehicle_id: one('vehicles'), ...(below(2) ? { driver_id: one('drivers') } : {}) },
    'trip.unassign': { trip_id, what: oneOf(['vehicle', 'driver', 'both']) },
    'trip.reschedule': { trip_id, date: day(), departs: time() },
    'trip.delay': { trip_id, minutes: below(60), reason: 'snow' },
    'trip.set_status': { trip_id, status: oneOf(['boarding', 'in_progress', 'completed']) },
    'trip.cancel': { trip_id, reason: 'snow' },
    'rider.add': { name: `Rider ${n}`, office: oneOf(['North', 'South']) },
    'rider.change': { rider_id: one('riders'), language: 'kn' },
    'booking.add': { trip_id, rider_id: one('riders'), seats: 1 + below(3), or_wait: below(2) === 1 },
    'booking.cancel': { booking_id: one('bookings'), reason: 'ill' },
    'booking.cancel_all': { trip_id, reason: 'ill' },
    'action.undo': { receipt_id: oneOf(receipts) ?? '00000000-0000-4000-8000-000000000000' },
  }
}

async function begin(id: string): Promise<Fleet> {
  const fleet = await tenant(id)
  const stops = [await fleet.stop(), await fleet.stop(), await fleet.stop(), await fleet.stop()]
  for (const way of [await fleet.path(stops), await fleet.path(stops.slice(0, 3))]) {
    await fleet.trip(way, { date: '2031-05-01', seats: 3 })
    await fleet.trip(way, { date: '2031-05-02', seats: 3 })
  }
  for (let n = 0; n < 3; n += 1) {
    await fleet.vehicle({ seats: 4 })
    await fleet.driver()
    await fleet.rider()
  }
  return fleet
}

describe('a preview of any action in any state', () => {
  const done = new Set<string>()
  const actions = Object.keys(stepsFor({}, [], numbers(1), 0))

  it.each(SEEDS)(
    'announces exactly the rows that applying changes, and refuses what applying refuses (seed %i)',
    async (seed) => {
      const fleet = await begin(`seed-${seed}`)
      const random = numbers(seed * 7_919)
      const receipts: string[] = []
      let before = await stateOf(fleet.tenant)
      for (let n = 0; n < STEPS_A_SEED; n += 1) {
        const action = actions[n % actions.length] ?? ''
        // Some states refuse most parameters: a few are tried.
        for (let attempt = 0; attempt < 4; attempt += 1) {
          const parameters = stepsFor(idsOf(before), receipts.slice(-6), random, n * 10 + attempt)[action] ?? {}
          const steps: Step[] = [{ action, parameters }]
          const previewed = await fleet.preview(...steps)
          expect(await stateOf(fleet.tenant), `${action} left something behind when it was previewed`).toEqual(before)
          if (previewed.status !== 200) {
            if (previewed.body.code === 'http.internal')
              throw new Error(`${action} ${JSON.stringify(parameters)}: ${previewed.text}`)
            continue
          }
          const applied = await fleet.apply(steps, previewed.body.token)
          expect([action, applied.status, applied.body.code]).toEqual([action, 200, undefined])
          const after = await stateOf(fleet.tenant)
          expect({ action, rows: announced(previewed.body) }).toEqual({ action, rows: changesBetween(before, after) })
          expect(applied.body.people).toEqual(previewed.body.people)
          receipts.push(applied.body.receipt_id)
          done.add(action)
          before = after
          break
        }
      }
    },
  )

  it('was seen of every action that the desk has', async () => {
    const { body } = await (await tenant('offers')).actions()
    expect(actions.toSorted()).toEqual(body.actions.map(({ action }) => action).toSorted())
    expect([...done].toSorted()).toEqual(actions.toSorted())
  })

  it('left nothing risky that was not confirmed', async () => {
    const [unconfirmed] = await sql<{ n: number }>(
      `select count(*)::int as n from action_receipts where risk <> 'safe' and plan_id is null`,
    )
    const [confirmed] = await sql<{ n: number }>(
      `select count(*)::int as n from action_receipts where risk <> 'safe' and plan_id is not null`,
    )
    expect(unconfirmed?.n).toBe(0)
    expect(confirmed?.n).toBeGreaterThan(20)
  })
})
