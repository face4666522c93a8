import { sql } from 'kysely'
import { z } from 'zod'
import { type AnyAction, defineAction, refuseStale } from '../../../core/actions/index.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { dutyRules } from './duty.ts'
import { resourceFault } from './faults.ts'
import { given, isSpan, line, SPAN_MESSAGE, span, version } from './fields.ts'
import { licence } from './licences.ts'
import { dutyRulesOf, insertOccupation, lockDriver, occupationsBetween, TENANT } from './store.ts'
import { describeOccupation, refuseTaken } from './take.ts'

const driver_id = z.uuid()
const TIME = /^([01]\d|2[0-3]):[0-5]\d$/
const hours = z.array(z.strictObject({ start: z.string().regex(TIME), end: z.string().regex(TIME) })).max(4)
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const shifts = z.strictObject(Object.fromEntries(DAYS.map((day) => [day, hours.optional()])))
const Driver = {
  name: line(80),
  phone: z
    .string()
    .trim()
    .regex(/^\+?[0-9 ()/-]{3,29}$/, 'must be a phone number'),
  languages: z.array(z.string().regex(/^[a-z]{2,3}$/, 'must be a language, as `en`')).max(20),
  licences: z.array(licence).max(10),
  shifts,
}
const NewDriver = z.strictObject({
  ...{ ...Driver, languages: Driver.languages.default([]), licences: Driver.licences.default([]) },
  shifts: shifts.default({}),
})
const DriverChange = z.strictObject({ ...z.object(Driver).partial().shape, driver_id, version })

const addDriver = defineAction<z.output<typeof NewDriver>>({
  name: 'driver.add',
  summary: 'Add a driver',
  permission: 'fleet.manage',
  parameters: NewDriver,
  ...{ risk: 'safe', places: ['drivers'], undoWithinMinutes: 60 },
  change: async (tx, _context, fields) => {
    await refuseTakenPhone(tx, fields.phone)
    const { rows } = await sql<{ id: string }>`
      insert into drivers (tenant_id, name, phone, languages, licences, shifts)
      values (${TENANT}, ${fields.name}, ${fields.phone}, ${fields.languages}, ${JSON.stringify(fields.licences)}, ${JSON.stringify(fields.shifts)})
      returning driver_id as id`.execute(tx)
    const id = rows[0]?.id ?? ''
    return { subject: `driver:${id}`, summary: `Add the driver ${fields.name}.`, result: { driver_id: id } }
  },
})

const changeDriver = defineAction<z.output<typeof DriverChange>>({
  name: 'driver.change',
  summary: 'Change a driver’s name, phone, languages, licences or shifts',
  permission: 'fleet.manage',
  parameters: DriverChange,
  ...{ risk: 'confirm', places: ['driver'], undoWithinMinutes: 60 },
  change: async (tx, _context, { driver_id: id, version: from, ...fields }) => {
    const driver = await lockDriver(tx, id)
    await refuseStale(tx, { table: 'drivers', id, given: from, current: driver.version })
    if (fields.phone !== undefined && fields.phone !== driver.phone) await refuseTakenPhone(tx, fields.phone)
    const assignments = given(fields).map(
      ([name, value]) =>
        sql`${sql.ref(name)} = ${name === 'licences' || name === 'shifts' ? JSON.stringify(value) : value}`,
    )
    await sql`update drivers set ${sql.join([...assignments, sql`version = version + 1`])} where driver_id = ${id}`.execute(
      tx,
    )
    const changed = given(fields)
      .map(([name]) => name)
      .join(', ')
    return { subject: `driver:${id}`, summary: `Change ${driver.name}: ${changed || 'nothing'}.` }
  },
})

const Leave = z
  .strictObject({ driver_id, kind: z.enum(['leave', 'blocked']).default('leave'), ...span, reason: line(300) })
  .refine(isSpan, SPAN_MESSAGE)

const setLeave = defineAction<z.output<typeof Leave>>({
  name: 'driver.set_leave',
  summary: 'Say when a driver is not there',
  permission: 'fleet.dispatch',
  parameters: Leave,
  ...{ risk: 'safe', places: ['driver', 'day'], undoWithinMinutes: 60, limitPerDay: 500 },
  change: async (tx, { zone }, { driver_id: id, kind, from, to, reason }) => {
    const driver = await lockDriver(tx, id)
    const wanted = { from: new Date(from), to: new Date(to) }
    await refuseTaken(tx, { resource: { driverId: id }, name: driver.name, zone }, wanted)
    const made = { ...wanted, kind, reason, trip_id: null, works_until: null }
    const occupationId = await insertOccupation(tx, { driverId: id }, made)
    return {
      subject: `driver:${id}`,
      summary: `${driver.name} is not there: ${reason}.`,
      result: { occupation_id: occupationId },
    }
  },
})

const retireDriver = defineAction<{ driver_id: string; version?: number | undefined }>({
  name: 'driver.retire',
  summary: 'A driver leaves: no trips are given to them any more',
  permission: 'fleet.manage',
  parameters: z.strictObject({ driver_id, version }),
  ...{ risk: 'confirm', places: ['driver'], undoWithinMinutes: 24 * 60 },
  change: async (tx, { now, zone }, { driver_id: id, version: from }) => {
    const driver = await lockDriver(tx, id)
    await refuseStale(tx, { table: 'drivers', id, given: from, current: driver.version })
    const ever = { from: now, to: new Date('9999-01-01T00:00:00Z') }
    const [first] = (await occupationsBetween(tx, { driverId: id }, ever)).filter(({ kind }) => kind === 'trip')
    if (first) {
      throw resourceFault('resources.still_needed', {
        public: `${driver.name} has ${describeOccupation(zone, first)} yet. Give it to somebody else before.`,
        internal: 'a driver still has trips',
        extensions: { trips: [first.trip_id] },
      })
    }
    await sql`update drivers set is_retired = true, version = version + 1 where driver_id = ${id}`.execute(tx)
    return { subject: `driver:${id}`, summary: `${driver.name} leaves.` }
  },
})

const free = defineAction<{ occupation_id: string }>({
  name: 'resource.free',
  summary: 'End a block, a maintenance or a leave: the vehicle or driver is free then',
  permission: 'fleet.dispatch',
  parameters: z.strictObject({ occupation_id: z.uuid() }),
  ...{ risk: 'safe', places: ['vehicle', 'driver', 'day'], undoWithinMinutes: 60 },
  change: async (tx, _context, { occupation_id: id }) => {
    const { rows } = await sql<{
      kind: string
      reason: string | null
      vehicle_id: string | null
      driver_id: string | null
    }>`
      delete from occupations where occupation_id = ${id} and kind <> 'trip' returning kind, reason, vehicle_id, driver_id`.execute(
      tx,
    )
    const [freed] = rows
    if (!freed) {
      throw resourceFault('resources.occupation_not_found', {
        public: 'There is no block, maintenance or leave with this id. What a trip has is freed at the trip.',
        internal: 'no such occupation in the tenant',
      })
    }
    const subject = freed.vehicle_id ? `vehicle:${freed.vehicle_id}` : `driver:${freed.driver_id}`
    return { subject, summary: `End the ${freed.kind}${freed.reason ? ` “${freed.reason}”` : ''}.` }
  },
})

const Rules = z.strictObject({ rules: dutyRules, version: z.int().min(0).optional() })

const setDutyRules = defineAction<z.output<typeof Rules>>({
  name: 'duty_rules.set',
  summary: 'Say how long drivers may drive, and how long vehicle and driver are taken after a trip',
  permission: 'fleet.manage',
  parameters: Rules,
  ...{ risk: 'confirm', places: ['drivers'], undoWithinMinutes: 60 },
  change: async (tx, { tenantId }, { rules, version: from }) => {
    await sql`select pg_advisory_xact_lock(71651, hashtext(${TENANT}))`.execute(tx)
    const { version: current } = await dutyRulesOf(tx)
    await refuseStale(tx, { table: 'duty_rules', id: tenantId, given: from, current })
    await sql`
      insert into duty_rules (tenant_id, rules) values (${TENANT}, ${JSON.stringify(rules)})
      on conflict (tenant_id) do update set rules = excluded.rules, version = duty_rules.version + 1`.execute(tx)
    const warnings = [
      'Trips that were assigned before stay as they are; the rules hold for what is assigned from now on.',
    ]
    return { subject: `tenant:${tenantId}`, summary: 'Change the duty rules.', warnings }
  },
})

export const driverActions: readonly AnyAction[] = [addDriver, changeDriver, setLeave, retireDriver, free, setDutyRules]

async function refuseTakenPhone(tx: Tx, phone: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(71650, hashtext(${TENANT}))`.execute(tx)
  const { rows } = await sql<{ name: string }>`select name from drivers where phone = ${phone}`.execute(tx)
  if (!rows[0]) return
  throw resourceFault('resources.name_taken', {
    public: `${rows[0].name} has the phone number ${phone}. Change that driver, or enter another number.`,
    internal: 'a phone number is taken',
  })
}
