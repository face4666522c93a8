import { sql } from 'kysely'
import { z } from 'zod'
import { type AnyAction, defineAction, refuseStale } from '../../../core/actions/index.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { resourceFault } from './faults.ts'
import { given, isSpan, line, SPAN_MESSAGE, span, version } from './fields.ts'
import { VEHICLE_KINDS } from './licences.ts'
import { insertOccupation, lockVehicle, occupationsBetween, TENANT } from './store.ts'
import { describeOccupation, refuseTaken } from './take.ts'

const vehicle_id = z.uuid()
const Vehicle = {
  registration: line(20),
  kind: z.enum(VEHICLE_KINDS),
  color: line(40).nullable().optional(),
  description: line(300).nullable().optional(),
  seats: z.int().min(1).max(300),
  wheelchair_places: z.int().min(0).max(20),
  cents_per_km: z.int().min(0).max(100_000),
  service_due_on: z.iso.date().nullable().optional(),
}
const NewVehicle = z.strictObject({
  ...Vehicle,
  wheelchair_places: Vehicle.wheelchair_places.default(0),
  cents_per_km: Vehicle.cents_per_km.default(0),
})
const VehicleChange = z.strictObject({ ...z.object(Vehicle).partial().shape, vehicle_id, version })

const addVehicle = defineAction<z.output<typeof NewVehicle>>({
  name: 'vehicle.add',
  summary: 'Add a vehicle',
  permission: 'fleet.manage',
  parameters: NewVehicle,
  ...{ risk: 'safe', places: ['vehicles'], undoWithinMinutes: 60 },
  change: async (tx, _context, fields) => {
    await refuseTakenRegistration(tx, fields.registration)
    const columns = given({ ...fields })
    const { rows } = await sql<{ id: string }>`
      insert into vehicles (tenant_id, ${sql.join(columns.map(([name]) => sql.ref(name)))})
      values (${TENANT}, ${sql.join(columns.map(([, value]) => value))}) returning vehicle_id as id`.execute(tx)
    const id = rows[0]?.id ?? ''
    const summary = `Add the ${fields.kind} ${fields.registration} with ${fields.seats} seats.`
    return { subject: `vehicle:${id}`, summary, result: { vehicle_id: id } }
  },
})

const changeVehicle = defineAction<z.output<typeof VehicleChange>>({
  name: 'vehicle.change',
  summary: 'Change what a vehicle is: its registration, seats, colour, service',
  permission: 'fleet.manage',
  parameters: VehicleChange,
  ...{ risk: 'confirm', places: ['vehicle'], undoWithinMinutes: 60 },
  change: async (tx, { now, zone }, { vehicle_id: id, version: from, ...fields }) => {
    const vehicle = await lockVehicle(tx, id)
    await refuseStale(tx, { table: 'vehicles', id, given: from, current: vehicle.version })
    if (fields.registration !== undefined && fields.registration !== vehicle.registration)
      await refuseTakenRegistration(tx, fields.registration)
    const isLess =
      (fields.seats ?? vehicle.seats) < vehicle.seats ||
      (fields.wheelchair_places ?? vehicle.wheelchair_places) < vehicle.wheelchair_places
    // Seats of trips that have it are promised.
    if (isLess || (fields.kind !== undefined && fields.kind !== vehicle.kind))
      await refuseNeeded(tx, { id, name: vehicle.registration }, { now, zone })
    const assignments = given(fields).map(([name, value]) => sql`${sql.ref(name)} = ${value}`)
    await sql`update vehicles set ${sql.join([...assignments, sql`version = version + 1`])} where vehicle_id = ${id}`.execute(
      tx,
    )
    return {
      subject: `vehicle:${id}`,
      summary: `Change ${vehicle.registration}: ${
        given(fields)
          .map(([name]) => name)
          .join(', ') || 'nothing'
      }.`,
    }
  },
})

const Block = z
  .strictObject({ vehicle_id, kind: z.enum(['maintenance', 'blocked']), ...span, reason: line(300) })
  .refine(isSpan, SPAN_MESSAGE)

const blockVehicle = defineAction<z.output<typeof Block>>({
  name: 'vehicle.block',
  summary: 'Take a vehicle out of use for a while: a workshop, or another reason',
  permission: 'fleet.dispatch',
  parameters: Block,
  ...{ risk: 'safe', places: ['vehicle', 'day'], undoWithinMinutes: 60, limitPerDay: 500 },
  change: async (tx, { zone }, { vehicle_id: id, kind, from, to, reason }) => {
    const vehicle = await lockVehicle(tx, id)
    const wanted = { from: new Date(from), to: new Date(to) }
    await refuseTaken(tx, { resource: { vehicleId: id }, name: vehicle.registration, zone }, wanted)
    const made = { ...wanted, kind, reason, trip_id: null, works_until: null }
    const occupationId = await insertOccupation(tx, { vehicleId: id }, made)
    const summary = `Take ${vehicle.registration} out of use: ${reason}.`
    return { subject: `vehicle:${id}`, summary, result: { occupation_id: occupationId } }
  },
})

const retireVehicle = defineAction<{ vehicle_id: string; version?: number | undefined }>({
  name: 'vehicle.retire',
  summary: 'Retire a vehicle: it is not assigned any more',
  permission: 'fleet.manage',
  parameters: z.strictObject({ vehicle_id, version }),
  ...{ risk: 'confirm', places: ['vehicle'], undoWithinMinutes: 24 * 60 },
  change: async (tx, { now, zone }, { vehicle_id: id, version: from }) => {
    const vehicle = await lockVehicle(tx, id)
    await refuseStale(tx, { table: 'vehicles', id, given: from, current: vehicle.version })
    await refuseNeeded(tx, { id, name: vehicle.registration }, { now, zone })
    await sql`update vehicles set is_retired = true, version = version + 1 where vehicle_id = ${id}`.execute(tx)
    return { subject: `vehicle:${id}`, summary: `Retire ${vehicle.registration}.` }
  },
})

export const vehicleActions: readonly AnyAction[] = [addVehicle, changeVehicle, blockVehicle, retireVehicle]

async function refuseTakenRegistration(tx: Tx, registration: string): Promise<void> {
  // Those who add at the same time wait for each other: what is looked up stays true.
  await sql`select pg_advisory_xact_lock(71650, hashtext(${TENANT}))`.execute(tx)
  const { rows } = await sql`select from vehicles where registration = ${registration}`.execute(tx)
  if (rows.length === 0) return
  throw resourceFault('resources.name_taken', {
    public: `The tenant has a vehicle ${registration} already. Change that one, or choose another registration.`,
    internal: 'a registration is taken',
  })
}

async function refuseNeeded(
  tx: Tx,
  vehicle: { id: string; name: string },
  { now, zone }: { now: Date; zone: string },
): Promise<void> {
  const ever = { from: now, to: new Date('9999-01-01T00:00:00Z') }
  const trips = (await occupationsBetween(tx, { vehicleId: vehicle.id }, ever)).filter(({ kind }) => kind === 'trip')
  const [first] = trips
  if (!first) return
  throw resourceFault('resources.still_needed', {
    public: `${vehicle.name} has ${trips.length} trips yet, first ${describeOccupation(zone, first)}. Give them another vehicle before.`,
    internal: 'a vehicle still has trips',
    extensions: { trips: trips.slice(0, 20).map(({ trip_id }) => trip_id) },
  })
}
