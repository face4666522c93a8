import { beforeAll, describe, expect, it } from 'vitest'
import { type Fleet, testFleet } from '../harness/fleet.ts'
import { testSystem } from '../harness/system.ts'

const system = testSystem({ SIGNALBOX_ROLES: 'api', REQUESTS_PER_MINUTE: '1000000' })
const { tenant, sql } = testFleet(system)

let fleet: Fleet
let stops: string[]
let path: string
beforeAll(async () => {
  fleet = await tenant('alder', 'Asia/Kolkata')
  stops = await Promise.all([fleet.stop(), fleet.stop(), fleet.stop()])
  path = await fleet.path(stops)
})

type Trip = {
  status: string
  vehicle_id: string | null
  seats: number
  departs_at: string
  arrives_at: string
  missing: string[]
  version: number
}
const tripOf = async (id: string) => (await fleet.get<Trip>(`/trips/${id}`)).body
const assign = (trip_id: string, more: Record<string, unknown>) => ({
  action: 'trip.assign',
  parameters: { trip_id, ...more },
})
type Bookings = { bookings: { rider_name: string; status: string; booking_id: string }[]; legs: { seats: number }[] }
const bookingsOf = async (trip: string) => (await fleet.get<Bookings>(`/trips/${trip}/bookings`)).body
let days = 0
/** A day of the test's own. */
const freshDay = () => new Date(Date.UTC(2032, 0, 1 + 2 * ++days)).toISOString().slice(0, 10)

/** Does all, so many at a time. */
async function inTurns<Answer>(all: (() => Promise<Answer>)[], atOnce: number): Promise<Answer[]> {
  const answers: Answer[] = []
  const waiting = [...all.entries()]
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) answers[next[0]] = await next[1]()
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return answers
}

describe('a vehicle and a driver', () => {
  it('wanted by 64 overlapping trips at once go to one; the others are told which', async () => {
    const date = freshDay()
    const [vehicle_id, driver_id] = [await fleet.vehicle(), await fleet.driver()]
    const minute = (at: number) => String(at % 30).padStart(2, '0')
    const trips = await inTurns(
      Array.from(
        { length: 64 },
        (_, at) => () => fleet.trip(path, { date, departs: `08:${minute(at)}`, name: `Trip ${at}` }),
      ),
      8,
    )
    const plans = await inTurns(
      trips.map((id) => async () => {
        const steps = [assign(id, { vehicle_id, driver_id })]
        return { steps, ...(await fleet.preview(...steps)) }
      }),
      16,
    )
    expect(plans.map(({ status }) => status)).toEqual(Array(64).fill(200))
    const answers = await inTurns(
      plans.map(
        ({ steps, body }) =>
          () =>
            fleet.apply(steps, body.token),
      ),
      64,
    )
    const [winner] = answers.filter(({ status }) => status === 200)
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(63).fill(409)])
    const name = /Give (Trip \d+) /.exec(winner?.body.steps[0]?.summary ?? '')?.[1]
    for (const { status, body } of answers) {
      if (status === 200) continue
      expect([body.code, body.taken_by[0]?.what]).toEqual(['resources.taken', name])
      expect(body.detail).toContain(`taken by the trip “${name}”`)
    }
    const taken = await sql(`select from occupations where tenant_id = 'alder' and trip_id = any($1)`, [trips])
    expect(taken).toHaveLength(2)
  })

  it('cannot be taken twice by whoever writes: the database says so too', async () => {
    const [vehicle, date] = [await fleet.vehicle(), freshDay()]
    const insert = (from: string, to: string) =>
      sql(
        `insert into occupations (tenant_id, vehicle_id, kind, span) values ('alder', $1, 'blocked', tstzrange($2, $3))`,
        [vehicle, `${date}T${from}Z`, `${date}T${to}Z`],
      )
    await insert('08:00', '10:00')
    await expect(insert('09:59', '11:00')).rejects.toThrow('vehicle_taken_once')
    await insert('10:00', '11:00')
  })

  it('that is out of use is told so, not twice put out of use', async () => {
    const [vehicle_id, date] = [await fleet.vehicle(), freshDay()]
    const span = { from: `${date}T08:00:00Z`, to: `${date}T10:00:00Z` }
    const block = { action: 'vehicle.block', parameters: { vehicle_id, kind: 'blocked', reason: 'a scratch', ...span } }
    await fleet.act(block)
    expect((await fleet.preview(block)).body).toMatchObject({
      code: 'resources.taken',
      taken_by: [{ what: 'a scratch' }],
    })
  })

  it('in maintenance, retired, on leave, without licence or over their hours are refused with the reason', async () => {
    const date = freshDay()
    const trip = await fleet.trip(path, { date })
    const span = { from: `${date}T00:00:00Z`, to: `${date}T06:00:00Z`, reason: 'new brakes' }
    const [inWorkshop, retired, away, unlicensed] = [
      await fleet.vehicle(),
      await fleet.vehicle(),
      await fleet.driver(),
      await fleet.driver({ licences: [] }),
    ]
    await fleet.do('vehicle.block', { vehicle_id: inWorkshop, kind: 'maintenance', ...span })
    await fleet.do('vehicle.retire', { vehicle_id: retired })
    await fleet.do('driver.set_leave', { driver_id: away, ...span, reason: 'a wedding' })
    const bus = await fleet.vehicle()
    for (const [wanted, why] of [
      [{ vehicle_id: inWorkshop }, /maintenance “new brakes”/],
      [{ vehicle_id: retired }, /is retired/],
      [{ driver_id: away }, /leave “a wedding”/],
      [{ vehicle_id: bus, driver_id: unlicensed }, /no licence for a bus/],
    ] as const) {
      const { status, body } = await fleet.preview(assign(trip, wanted))
      expect([status, body.detail]).toEqual([409, expect.stringMatching(why)])
    }
    await fleet.do('duty_rules.set', { rules: { hours_per_day: 1 } })
    const second = await fleet.trip(path, { date, departs: '12:00' })
    const driver_id = await fleet.driver()
    await fleet.do('trip.assign', { trip_id: trip, driver_id })
    const { body } = await fleet.preview(assign(second, { driver_id }))
    await fleet.do('duty_rules.set', { rules: {} })
    expect([body.code, body.detail]).toEqual([
      'resources.unfit',
      expect.stringMatching(/would drive 1.3 h in a day, of 1 h/),
    ])
  })

  it('are suggested with reasons, those that go first', async () => {
    const date = freshDay()
    const own = await tenant(`suggest-${date}`)
    const way = await own.path([await own.stop(), await own.stop()])
    const [large, small, busy] = [
      await own.vehicle({ seats: 60 }),
      await own.vehicle({ seats: 45 }),
      await own.vehicle({ seats: 41 }),
    ]
    const trip = await own.trip(way, { date })
    await own.do('trip.assign', { trip_id: await own.trip(way, { date }), vehicle_id: busy })
    const { body } = await own.get<{ suggestions: { id: string; fits: boolean; against: string[] }[] }>(
      `/trips/${trip}/suggestions?for=vehicle`,
    )
    expect(body.suggestions.map(({ id, fits }) => [id, fits])).toEqual([
      [small, true],
      [large, true],
      [busy, false],
    ])
    expect(body.suggestions[2]?.against[0]).toMatch(/has the trip “Path \d+ 08:00”/)
    const drivers = await own.get<{ suggestions: unknown[] }>(`/trips/${trip}/suggestions?for=driver`)
    expect(drivers.body.suggestions).toEqual([])
  })
})

describe('a trip', () => {
  it('that is cancelled frees vehicle and driver, cancels its bookings and says whom to tell; once', async () => {
    const date = freshDay()
    const [trip_id, vehicle_id, driver_id] = [
      await fleet.trip(path, { date }),
      await fleet.vehicle(),
      await fleet.driver(),
    ]
    await fleet.do('trip.assign', { trip_id, vehicle_id, driver_id })
    await fleet.do('booking.add', { trip_id, rider_id: await fleet.rider({ name: 'Asha' }) })
    const cancelled = await fleet.do('trip.cancel', { trip_id, reason: 'snow' })
    expect(cancelled.people).toMatchObject([{ name: 'Asha', effect: expect.stringMatching(/loses 1 seat/) }])
    expect(cancelled.clocks).toMatchObject([{ becomes: null }])
    expect((await bookingsOf(trip_id)).bookings).toEqual([])
    const other = await fleet.trip(path, { date })
    await fleet.do('trip.assign', { trip_id: other, vehicle_id, driver_id })
    const again = await fleet.preview({ action: 'trip.cancel', parameters: { trip_id, reason: 'again' } })
    expect(again.body.code).toBe('trips.wrong_status')
  })

  it('leaves with both or not at all, and never goes back', async () => {
    const date = freshDay()
    const trip_id = await fleet.trip(path, { date })
    const leave = { action: 'trip.set_status', parameters: { trip_id, status: 'in_progress' } }
    expect((await fleet.preview(leave)).body).toMatchObject({
      code: 'trips.not_ready',
      detail: expect.stringMatching(/no vehicle and no driver/),
    })
    expect((await tripOf(trip_id)).missing).toEqual(['It has no vehicle.', 'It has no driver.'])
    const driver_id = await fleet.driver()
    await fleet.do('trip.assign', { trip_id, vehicle_id: await fleet.vehicle(), driver_id })
    for (const status of ['boarding', 'in_progress', 'completed'])
      await fleet.do('trip.set_status', { trip_id, status })
    for (const status of ['boarding', 'in_progress']) {
      expect((await fleet.preview({ action: 'trip.set_status', parameters: { trip_id, status } })).body.code).toBe(
        'trips.wrong_status',
      )
    }
    expect((await fleet.preview(assign(trip_id, { driver_id: await fleet.driver() }))).body.code).toBe(
      'trips.wrong_status',
    )
  })

  it('that is late or moved stays the only one: its route’s other days keep their times, riders are told', async () => {
    const date = freshDay()
    const route_id = await fleet.make('route.add', {
      ...{
        name: `Route ${date}`,
        path_id: path,
        direction: 'up',
        departs: '08:00',
        valid_from: date,
        planned_seats: 20,
      },
    })
    const nextDay = new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10)
    for (const day of [date, nextDay]) await fleet.do('trip.make_ahead', { date: day, route_ids: [route_id] })
    const { body } = await fleet.get<{ trips: { trip_id: string; departs_at: string }[] }>(
      `/trips?from=${date}&to=${nextDay}&q=Route ${date}`,
    )
    const [first, second] = body.trips
    await fleet.do('booking.add', { trip_id: first?.trip_id, rider_id: await fleet.rider({ name: 'Bela' }) })
    const late = await fleet.do('trip.delay', { trip_id: first?.trip_id, minutes: 15, reason: 'a flat tyre' })
    expect(late.people).toMatchObject([{ name: 'Bela', effect: expect.stringMatching(/08:15 instead of .*08:00/) }])
    expect((await tripOf(second?.trip_id ?? '')).departs_at).toBe(second?.departs_at)
    const moved = await fleet.do('trip.reschedule', { trip_id: first?.trip_id, departs: '09:30' })
    expect(moved.clocks[0]?.becomes).toBe(`${date}T04:00:00.000Z`)
  })

  it('past midnight belongs to its day and ends on the next; on nights when the clock changes it lasts as long as it lasts', async () => {
    const berlin = await tenant('berlin', 'Europe/Berlin')
    const way = await berlin.path([await berlin.stop(), await berlin.stop()])
    const departs = async (date: string, time: string) => {
      const id = await berlin.trip(way, { date, departs: time })
      const { departs_at, arrives_at } = (await berlin.get<Trip>(`/trips/${id}`)).body
      return [departs_at, (Date.parse(arrives_at) - Date.parse(departs_at)) / 60_000]
    }
    expect(await departs('2031-01-10', '24:30')).toEqual(['2031-01-10T23:30:00.000Z', 20])
    expect(await departs('2031-01-10', '22:00')).toEqual(['2031-01-10T21:00:00.000Z', 20])
    // 30 March 2031: 02:30 does not exist. 26 October 2031: 02:30 occurs twice.
    expect(await departs('2031-03-30', '02:30')).toEqual(['2031-03-30T01:30:00.000Z', 20])
    expect(await departs('2031-10-26', '02:30')).toEqual(['2031-10-26T00:30:00.000Z', 20])
    expect(await departs('2031-10-25', '26:30')).toEqual(['2031-10-26T00:30:00.000Z', 20])
  })

  it('of another tenant is not there', async () => {
    const other = await tenant('birch')
    const trip_id = await fleet.trip(path, { date: freshDay() })
    expect((await other.get(`/trips/${trip_id}`)).status).toBe(404)
    for (const [action, more] of Object.entries({
      'trip.cancel': { reason: 'not ours' },
      'trip.assign': { vehicle_id: await other.vehicle() },
      'booking.add': { rider_id: await other.rider() },
    })) {
      expect((await other.preview({ action, parameters: { trip_id, ...more } })).status).toBe(404)
    }
  })
})

describe('trips ahead', () => {
  it('are made once per route and day, on a loop too', async () => {
    const date = freshDay()
    const loop = await fleet.path([stops[0] ?? '', stops[1] ?? '', stops[0] ?? ''])
    const route_id = await fleet.make('route.add', {
      ...{
        name: `Loop ${date}`,
        path_id: loop,
        direction: 'up',
        departs: '23:50',
        valid_from: date,
        planned_seats: 20,
      },
    })
    const steps = [{ action: 'trip.make_ahead', parameters: { date, route_ids: [route_id] } }]
    const answers = await Promise.all([1, 2, 3, 4].map(() => fleet.apply(steps)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    const { body } = await fleet.get<{ trips: { arrives_at: string }[] }>(`/trips?from=${date}&q=Loop ${date}`)
    expect(body.trips).toHaveLength(1)
  })
})

describe('seats', () => {
  it('are sold once: of 1,000 bookings on 40 seats 40 are confirmed, and nobody is told otherwise', async () => {
    const trip_id = await fleet.trip(path, { date: freshDay(), seats: 40 })
    const riders = await sql<{ id: string }>(
      `insert into riders (tenant_id, name) select 'alder', 'Crowd ' || n from generate_series(1, 1000) as n returning rider_id as id`,
    )
    const answers = await inTurns(
      riders.map(
        ({ id }) =>
          () =>
            fleet.apply([{ action: 'booking.add', parameters: { trip_id, rider_id: id } }]),
      ),
      48,
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(40)
    expect(new Set(answers.filter(({ status }) => status !== 200).map(({ body }) => body.code))).toEqual(
      new Set(['bookings.full']),
    )
    const [sold] = await sql<{ seats: number }>(
      `select sum(seats)::int as seats from bookings where trip_id = $1 and status = 'confirmed'`,
      [trip_id],
    )
    expect(sold?.seats).toBe(40)
  })

  it('are counted leg by leg, groups and wheelchairs too', async () => {
    const trip_id = await fleet.trip(path, { date: freshDay(), seats: 3 })
    const book = async (more: Record<string, unknown>) =>
      (await fleet.act({ action: 'booking.add', parameters: { trip_id, rider_id: await fleet.rider(), ...more } })).body
        .code
    expect(await book({ seats: 3, dropoff: 1 })).toBeUndefined()
    expect(await book({ seats: 1, dropoff: 1 })).toBe('bookings.full')
    expect(await book({ seats: 2, pickup: 1 })).toBeUndefined()
    expect(await book({ seats: 2, pickup: 1 })).toBe('bookings.full')
    expect(await book({ seats: 1, pickup: 1, wheelchairs: 1 })).toBe('bookings.full')
    expect(await book({ pickup: 1, dropoff: 1 })).toBe('bookings.no_such_leg')
    expect((await bookingsOf(trip_id)).legs.map(({ seats }) => seats)).toEqual([3, 2])
  })

  it('that become free go to whoever waits longest and fits', async () => {
    const trip_id = await fleet.trip(path, { date: freshDay(), seats: 2 })
    const book = async (name: string, seats: number) =>
      fleet.make('booking.add', { trip_id, rider_id: await fleet.rider({ name }), seats, or_wait: true })
    const first = await book('first', 1)
    for (const [name, seats] of [
      ['second', 1],
      ['group', 2],
      ['single', 1],
    ] as const)
      await book(name, seats)
    const cancelled = await fleet.do('booking.cancel', { booking_id: first, reason: 'ill' })
    expect(cancelled.people).toMatchObject([
      { name: 'first' },
      { name: 'single', effect: expect.stringMatching(/moves up/) },
    ])
    await fleet.do('trip.assign', { trip_id, vehicle_id: await fleet.vehicle({ seats: 10 }) })
    const { bookings } = await bookingsOf(trip_id)
    expect(bookings.map(({ rider_name, status }) => [rider_name, status])).toEqual([
      ['second', 'confirmed'],
      ['group', 'confirmed'],
      ['single', 'confirmed'],
    ])
  })

  it('are not lost to a smaller vehicle: 16 people do not get a cab of 4', async () => {
    const trip_id = await fleet.trip(path, { date: freshDay(), seats: 40 })
    await fleet.do('booking.add', { trip_id, rider_id: await fleet.rider(), seats: 16 })
    const cab = await fleet.vehicle({ kind: 'cab', seats: 4 })
    expect((await fleet.preview(assign(trip_id, { vehicle_id: cab }))).body.detail).toMatch(
      /has 4 seats, and 16 are booked/,
    )
    await expect(sql('update trips set seats = 4 where trip_id = $1', [trip_id])).rejects.toThrow('16 seats')
    const book = sql(
      `insert into bookings (tenant_id, trip_id, rider_id, seats, pickup, dropoff, status)
       select tenant_id, $1, rider_id, 50, 0, 1, 'confirmed' from riders where tenant_id = 'alder' limit 1`,
      [trip_id],
    )
    await expect(book).rejects.toThrow('66 seats')
  })

  it('of a booking are taken back only while they are free', async () => {
    const trip_id = await fleet.trip(path, { date: freshDay(), seats: 1 })
    const booking_id = await fleet.make('booking.add', { trip_id, rider_id: await fleet.rider() })
    const cancelled = await fleet.do('booking.cancel', { booking_id, reason: 'ill' })
    await fleet.do('booking.add', { trip_id, rider_id: await fleet.rider() })
    const undo = await fleet.preview({ action: 'action.undo', parameters: { receipt_id: cancelled.receipt_id } })
    expect([undo.status, undo.body.code]).toEqual([409, 'actions.not_undoable'])
  })
})

describe('what people ask', () => {
  it('which trips need somebody lists those, with why, and no others', async () => {
    const date = freshDay()
    const [bare, ready] = [
      await fleet.trip(path, { date, name: 'bare' }),
      await fleet.trip(path, { date, name: 'ready', departs: '10:00' }),
    ]
    await fleet.do('trip.assign', {
      trip_id: ready,
      vehicle_id: await fleet.vehicle(),
      driver_id: await fleet.driver(),
    })
    const { body } = await fleet.get<{ trips: { trip_id: string; reasons: string[] }[] }>(`/attention?date=${date}`)
    expect(body.trips.map(({ trip_id, reasons }) => [trip_id, reasons])).toEqual([
      [bare, ['It has no vehicle.', 'It has no driver.']],
    ])
    const summary = await fleet.get(`/summary?date=${date}`)
    expect(summary.body).toMatchObject({ trips: 2, without_vehicle: 1, without_driver: 1, vehicles: 1 })
  })

  it('a blue bus is found by what it is called', async () => {
    const blue = await fleet.vehicle({ color: 'blue', description: 'with a bicycle rack' })
    const { body } = await fleet.get<{ vehicles: { vehicle_id: string }[] }>('/vehicles?q=Blue bus')
    expect(body.vehicles.map(({ vehicle_id }) => vehicle_id)).toEqual([blue])
  })

  it('where demand is counts confirmed bookings by office and by the stop where people get on', async () => {
    const date = freshDay()
    const trip_id = await fleet.trip(path, { date })
    const rider_id = await fleet.rider({ office: 'North' })
    await fleet.do('booking.add', { trip_id, rider_id, seats: 2, pickup: 1 })
    const gone = await fleet.make('booking.add', { trip_id, rider_id: await fleet.rider({ office: 'South' }) })
    await fleet.do('booking.cancel', { booking_id: gone, reason: 'ill' })
    const office = await fleet.get(`/demand?by=office&from=${date}&to=${date}`)
    expect(office.body).toEqual({ demand: [{ name: 'North', bookings: 1, seats: 2 }] })
    const stop = await fleet.get<{ demand: { seats: number }[] }>(`/demand?by=stop&from=${date}&to=${date}`)
    expect(stop.body.demand).toMatchObject([{ seats: 2 }])
    expect((await fleet.get(`/overbooked?from=${date}&to=${date}`)).body).toEqual({ trips: [] })
  })
})
