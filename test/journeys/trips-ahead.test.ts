import { expect, it } from 'vitest'
import { call } from '../harness/call.ts'
import { testFleet } from '../harness/fleet.ts'
import { OPERATOR_TOKEN, startSystemHere, testSystem } from '../harness/system.ts'
import { waitFor } from '../harness/wait-for.ts'

const system = testSystem({ SIGNALBOX_ROLES: 'api' })
const { tenant, sql } = testFleet(system)
const DAY_MS = 86_400_000
/** In the zone of the tenant, which is UTC here. */
const dayFrom = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10)

it('a scheduler makes the trips of the next 14 days once, on the days on which their calendar is open and their route is valid', async () => {
  const fleet = await tenant('larch', 'UTC')
  const path_id = await fleet.path([await fleet.stop(), await fleet.stop()])
  const weekly = Object.fromEntries(
    ['mon', 'tue', 'wed', 'thu', 'fri'].map((day) => [day, [{ start: '00:00', end: '24:00' }]]),
  )
  const holidays = [3, 4, 5].map((days) => ({ kind: 'date', date: dayFrom(days), name: 'closed' }))
  const calendar = await call<{ calendar_id: string }>(`${system.url}/api/v1/calendars?tenant_id=larch`, {
    ...{ method: 'POST', token: OPERATOR_TOKEN },
    body: { name: 'weekdays', document: { zone: 'UTC', weekly, holidays } },
  })
  expect(calendar.status, calendar.text).toBe(201)
  const route = { path_id, direction: 'up', departs: '08:00', planned_seats: 20 }
  const from = dayFrom(-1)
  const always = await fleet.make('route.add', { name: 'Daily', ...route, valid_from: from })
  const weekdays = await fleet.make('route.add', {
    ...{ name: 'Weekdays', ...route, valid_from: from, calendar_id: calendar.body.calendar_id },
  })
  await fleet.make('route.add', { name: 'Later', ...route, valid_from: dayFrom(400) })

  const schedulers = [1, 2].map(() => startSystemHere(system.databaseUrl, { SIGNALBOX_ROLES: 'scheduler' }))
  await Promise.all(schedulers)
  await waitFor('trips were never made ahead', async () => {
    const [horizon] = await sql(
      `select from trip_horizons where tenant_id = 'larch' and made_through > current_date + 12`,
    )
    return horizon !== undefined
  })
  const made = async (route_id: string) =>
    (
      await sql<{ day: string }>(
        `select to_char(made_for, 'YYYY-MM-DD') as day from trips where route_id = $1 order by made_for`,
        [route_id],
      )
    ).map(({ day }) => day)
  const daily = await made(always)
  expect([daily.length, new Set(daily).size]).toEqual([14, 14])
  const isWeekday = (day: string) => ![0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay())
  const closed = holidays.map(({ date }) => date)
  expect(await made(weekdays)).toEqual(daily.filter((day) => isWeekday(day) && !closed.includes(day)))
  const [{ count } = { count: -1 }] = await sql<{ count: number }>(
    `select count(*)::int as count from trips where tenant_id = 'larch'`,
  )
  expect(count).toBe(daily.length + (await made(weekdays)).length)
})
