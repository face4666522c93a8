import { z } from 'zod'
import { type AnyAction, type Change, defineAction, refuseStale } from '../../../core/actions/index.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { requirePath, stopsOfPath } from '../network/index.ts'
import { dateIn, freeOfTrip, instantOf, line, shown, version } from '../resources/index.ts'
import { tripFault } from './faults.ts'
import { occupy } from './occupy.ts'
import type { Riders } from './people.ts'
import { isOpen, isOver, mayBecome, nextOf, type TripStatus } from './status.ts'
import { insertTrip, lockTrip, requireTrip, stopsOfTrip, type TripRow, updateTrip } from './store.ts'

const DEPARTS = z.string().regex(/^([0-3]\d|4[0-7]):[0-5]\d$/, 'must be HH:MM, past midnight 24:00 to 47:59')
const trip_id = z.uuid()
const reason = line(300)
const dispatch = { permission: 'fleet.dispatch', undoWithinMinutes: 30, places: ['trip', 'day'] } as const

const NewTrip = z.strictObject({
  ...{ path_id: z.uuid(), date: z.iso.date(), departs: DEPARTS, name: line(160).optional() },
  ...{ direction: z.enum(['up', 'down']).optional(), seats: z.int().min(0).max(300).default(0) },
})
const Assignment = z
  .strictObject({ trip_id, vehicle_id: z.uuid().optional(), driver_id: z.uuid().optional(), version })
  .refine((asked) => asked.vehicle_id || asked.driver_id, {
    error: 'name a vehicle, a driver, or both',
    path: ['vehicle_id'],
  })
const Removal = z.strictObject({ trip_id, what: z.enum(['vehicle', 'driver', 'both']), version })
const Reschedule = z.strictObject({ trip_id, date: z.iso.date().optional(), departs: DEPARTS, version })
const Delay = z.strictObject({ trip_id, minutes: z.int().min(0).max(1_440), reason, version })
const Move = z.strictObject({ trip_id, status: z.enum(['boarding', 'in_progress', 'completed']), version })

/** What a dispatcher does with a trip. */
export function tripActions(riders: () => Riders): readonly AnyAction[] {
  const addTrip = defineAction<z.output<typeof NewTrip>>({
    ...{
      ...dispatch,
      name: 'trip.add',
      summary: 'Add a trip by hand',
      parameters: NewTrip,
      risk: 'safe',
      places: ['day'],
    },
    change: async (tx, { zone }, { path_id, date, departs, seats, ...more }) => {
      const path = await requirePath(tx, path_id)
      const stops = await stopsOfPath(tx, path_id)
      const name = more.name ?? `${path.name} ${departs}`
      const id = await insertTrip(tx, {
        ...{ name, path_id, service_date: date, made_for: null, route_id: null, direction: more.direction ?? null },
        ...{ departs_at: instantOf(zone, date, departs), seats, stops },
      })
      return { subject: `trip:${id}`, summary: `Add the trip ${name} on ${date}.`, result: { trip_id: id } }
    },
  })

  const duplicate = defineAction<{ trip_id: string; date: string; departs: string }>({
    ...{
      ...dispatch,
      name: 'trip.duplicate',
      summary: 'Add the same trip on another day or time, without vehicle and driver',
    },
    ...{ parameters: z.strictObject({ trip_id, date: z.iso.date(), departs: DEPARTS }), risk: 'safe' },
    change: async (tx, { zone }, { trip_id: of, date, departs }) => {
      const trip = await requireTrip(tx, of)
      const id = await insertTrip(tx, {
        ...{ ...trip, service_date: date, made_for: null, departs_at: instantOf(zone, date, departs) },
        stops: await stopsOfTrip(tx, of),
      })
      return { subject: `trip:${id}`, summary: `Add ${trip.name} on ${date} at ${departs}.`, result: { trip_id: id } }
    },
  })

  const assign = defineAction<z.output<typeof Assignment>>({
    ...{ ...dispatch, name: 'trip.assign', summary: 'Give a trip a vehicle, a driver, or both' },
    ...{ parameters: Assignment, risk: 'confirm' },
    change: async (tx, context, asked) => {
      const trip = await lockOpen(tx, asked, 'assigned')
      const wanted = { vehicleId: asked.vehicle_id ?? trip.vehicle_id, driverId: asked.driver_id ?? trip.driver_id }
      const { vehicle, warnings, money } = await occupy(tx, context, { trip, riders: riders() }, wanted)
      const seats = vehicle?.seats ?? trip.seats
      const places = vehicle?.wheelchair_places ?? trip.wheelchair_places
      await updateTrip(tx, trip.trip_id, {
        ...{ vehicle_id: wanted.vehicleId, driver_id: wanted.driverId, seats, wheelchair_places: places },
      })
      const noticed = await riders().happened(tx, context, trip, { kind: 'seats', seats, wheelchairPlaces: places })
      const becomes = await requireTrip(tx, trip.trip_id)
      const given = [
        ...(asked.vehicle_id ? [`the vehicle ${becomes.registration}`] : []),
        ...(asked.driver_id ? [`the driver ${becomes.driver_name}`] : []),
      ]
      return {
        ...{
          subject: `trip:${trip.trip_id}`,
          summary: `Give ${trip.name} on ${trip.service_date} ${given.join(' and ')}.`,
        },
        ...{ money, people: noticed.people, warnings: [...replaced(trip, asked), ...warnings, ...noticed.warnings] },
      }
    },
  })

  const unassign = defineAction<z.output<typeof Removal>>({
    ...{ ...dispatch, name: 'trip.unassign', summary: 'Take vehicle or driver from a trip; its bookings stay' },
    ...{ parameters: Removal, risk: 'confirm' },
    change: async (tx, _context, { what, ...asked }) => {
      const trip = await lockOpen(tx, asked, 'left without')
      const takes = {
        vehicle: what !== 'driver' && trip.vehicle_id !== null,
        driver: what !== 'vehicle' && trip.driver_id !== null,
      }
      if (!takes.vehicle && !takes.driver) {
        throw tripFault('trips.has_none', {
          public: `${trip.name} has no ${what === 'both' ? 'vehicle and no driver' : what} to take away.`,
          internal: 'nothing to take from a trip',
        })
      }
      await freeOfTrip(tx, trip.trip_id, what)
      await updateTrip(tx, trip.trip_id, {
        ...(takes.vehicle ? { vehicle_id: null } : {}),
        ...(takes.driver ? { driver_id: null } : {}),
      })
      const taken = [...(takes.vehicle ? [trip.registration] : []), ...(takes.driver ? [trip.driver_name] : [])].join(
        ' and ',
      )
      const { bookings } = await riders().load(tx, trip.trip_id)
      const warnings = bookings > 0 ? [`${bookings} bookings stay, and the trip cannot leave like this.`] : []
      return {
        subject: `trip:${trip.trip_id}`,
        summary: `Take ${taken} from ${trip.name} on ${trip.service_date}.`,
        warnings,
      }
    },
  })

  const cancel = defineAction<{ trip_id: string; reason: string; version?: number | undefined }>({
    ...{
      ...dispatch,
      name: 'trip.cancel',
      summary: 'Cancel a trip: vehicle and driver are free, bookings are cancelled',
    },
    ...{ parameters: z.strictObject({ trip_id, reason, version }), risk: 'confirm', limitPerDay: 200 },
    change: async (tx, context, { reason: why, ...asked }) => {
      const trip = await lockToChange(tx, asked)
      refuseMove(trip, 'cancelled')
      await freeOfTrip(tx, trip.trip_id)
      await updateTrip(tx, trip.trip_id, { status: 'cancelled', status_reason: why, vehicle_id: null, driver_id: null })
      const noticed = await riders().happened(tx, context, trip, { kind: 'cancelled', reason: why })
      const freed = [trip.registration, trip.driver_name].filter(Boolean).join(' and ')
      return {
        ...{ subject: `trip:${trip.trip_id}`, people: noticed.people, warnings: noticed.warnings },
        summary: `Cancel ${trip.name} on ${trip.service_date}: ${why}.${freed ? ` ${freed} are free then.` : ''}`,
        clocks: [{ what: `departure of ${trip.name}`, was: trip.departs_at.toISOString(), becomes: null }],
      }
    },
  })

  const reschedule = defineAction<z.output<typeof Reschedule>>({
    ...{ ...dispatch, name: 'trip.reschedule', summary: 'Let this one trip leave at another time or on another day' },
    ...{ parameters: Reschedule, risk: 'confirm' },
    change: async (tx, context, { date, departs, ...asked }) => {
      const trip = await lockOpen(tx, asked, 'moved')
      const day = date ?? trip.service_date
      const departs_at = instantOf(context.zone, day, departs)
      const lasts = trip.arrives_at.getTime() - trip.departs_at.getTime()
      const moved = {
        ...trip,
        service_date: day,
        departs_at,
        arrives_at: new Date(departs_at.getTime() + lasts),
        delay_minutes: 0,
      }
      await updateTrip(tx, trip.trip_id, {
        ...{ service_date: day, made_for: null, departs_at, arrives_at: moved.arrives_at, delay_minutes: 0 },
      })
      return moveTimes(tx, context, {
        trip,
        moved,
        riders: riders(),
        isFact: false,
        summary: `Let ${trip.name} leave on ${day} at ${departs}.`,
      })
    },
  })

  const delay = defineAction<z.output<typeof Delay>>({
    ...{ ...dispatch, name: 'trip.delay', summary: 'Say that this one trip is late; 0 minutes is on time again' },
    ...{ parameters: Delay, risk: 'confirm' },
    change: async (tx, context, { minutes, reason: why, ...asked }) => {
      const trip = await lockToChange(tx, asked)
      if (isOver(trip.status)) throw wrongStatus(trip, 'late')
      await updateTrip(tx, trip.trip_id, { delay_minutes: minutes, status_reason: why })
      const moved = { ...trip, delay_minutes: minutes }
      return moveTimes(tx, context, {
        trip,
        moved,
        riders: riders(),
        isFact: true,
        summary: `${trip.name} is ${minutes} minutes late: ${why}.`,
      })
    },
  })

  const move = defineAction<z.output<typeof Move>>({
    ...{ ...dispatch, name: 'trip.set_status', summary: 'Let a trip board, leave or end' },
    ...{ parameters: Move, risk: 'confirm' },
    change: async (tx, _context, { status, ...asked }) => {
      const trip = await lockToChange(tx, asked)
      refuseMove(trip, status)
      const missing = [...(trip.vehicle_id ? [] : ['a vehicle']), ...(trip.driver_id ? [] : ['a driver'])]
      if (missing.length > 0 && status !== 'boarding') {
        throw tripFault('trips.not_ready', {
          public: `${trip.name} cannot leave: it has no ${missing.map((each) => each.slice(2)).join(' and no ')}. Give it ${missing.join(' and ')} before.`,
          internal: 'a trip was to leave without vehicle or driver',
        })
      }
      await updateTrip(tx, trip.trip_id, { status })
      return {
        subject: `trip:${trip.trip_id}`,
        summary: `${trip.name} on ${trip.service_date}: ${trip.status} → ${status}.`,
      }
    },
  })

  return [addTrip, duplicate, assign, unassign, cancel, reschedule, delay, move]
}

type Asked = { trip_id: string; version?: number | undefined }

async function lockToChange(tx: Tx, { trip_id: id, version: given }: Asked): Promise<TripRow> {
  const trip = await lockTrip(tx, id)
  await refuseStale(tx, { table: 'trips', id, given, current: trip.version })
  return trip
}

async function lockOpen(tx: Tx, asked: Asked, what: string): Promise<TripRow> {
  const trip = await lockToChange(tx, asked)
  if (isOpen(trip.status)) return trip
  throw wrongStatus(trip, what)
}

const wrongStatus = ({ name, service_date, status }: TripRow, what: string) =>
  tripFault('trips.wrong_status', {
    public: `${name} on ${service_date} is ${status.replace('_', ' ')} and cannot be ${what} any more.`,
    internal: 'a trip in a status that does not allow it',
    extensions: { status, next: nextOf(status) },
  })

function refuseMove(trip: TripRow, to: TripStatus): void {
  if (!mayBecome(trip.status, to)) throw wrongStatus(trip, to.replace('_', ' '))
}

const replaced = (trip: TripRow, asked: z.output<typeof Assignment>): string[] => [
  ...(asked.vehicle_id && trip.vehicle_id && trip.vehicle_id !== asked.vehicle_id
    ? [`It replaces ${trip.registration}, which is free then.`]
    : []),
  ...(asked.driver_id && trip.driver_id && trip.driver_id !== asked.driver_id
    ? [`${trip.driver_name} had it, and is free then.`]
    : []),
]

type Moving = { trip: TripRow; moved: TripRow; riders: Riders; isFact: boolean; summary: string }

async function moveTimes(
  tx: Tx,
  context: Parameters<typeof occupy>[1],
  { trip, moved, riders, isFact, summary }: Moving,
): Promise<Change> {
  const wanted = { vehicleId: trip.vehicle_id, driverId: trip.driver_id }
  const { warnings } = await occupy(tx, context, { trip: moved, riders, isFact }, wanted)
  const late = (each: TripRow) => new Date(each.departs_at.getTime() + each.delay_minutes * 60_000)
  const [was, becomes] = [late(trip), late(moved)]
  const noticed = await riders.happened(tx, context, trip, { kind: 'times', was, becomes })
  const isOtherDay = dateIn(context.zone, was) !== dateIn(context.zone, becomes)
  return {
    ...{ subject: `trip:${trip.trip_id}`, summary, people: noticed.people },
    clocks: [{ what: `departure of ${trip.name}`, was: was.toISOString(), becomes: becomes.toISOString() }],
    warnings: [
      ...(isOtherDay ? [`It leaves on another day: ${shown(context.zone, becomes)}.`] : []),
      ...warnings,
      ...noticed.warnings,
    ],
  }
}
