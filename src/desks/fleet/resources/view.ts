import { z } from 'zod'
import { dutyRules } from './duty.ts'
import { LICENCE_CLASSES, VEHICLE_KINDS } from './licences.ts'
import type { DriverRow, OccupationRow, VehicleRow } from './store.ts'

const text = z.string()
const timestamp = z.iso.datetime()

const vehicle = {
  vehicle_id: z.uuid(),
  registration: text,
  kind: z.enum(VEHICLE_KINDS),
  color: text.nullable(),
  description: text.nullable(),
  seats: z.int(),
  wheelchair_places: z.int(),
  cents_per_km: z.int(),
  service_due_on: z.iso.date().nullable(),
  is_retired: z.boolean(),
  version: z.int(),
}
const driver = {
  driver_id: z.uuid(),
  name: text,
  phone: text,
  languages: z.array(text),
  licences: z.array(z.object({ class: z.enum(LICENCE_CLASSES), until: z.iso.date() })),
  shifts: z.record(text, z.array(z.object({ start: text, end: text }))),
  is_retired: z.boolean(),
  version: z.int(),
}
const Occupation = z.object({
  occupation_id: z.uuid(),
  kind: z.enum(['trip', 'maintenance', 'blocked', 'leave']),
  trip_id: z.uuid().nullable(),
  what: text.nullable(),
  from: timestamp,
  to: timestamp,
})
const taken = { occupations: z.array(Occupation) }

export const VehicleView = z.object(vehicle).meta({ id: 'FleetVehicle' })
export const VehicleDetail = z.object({ ...vehicle, ...taken }).meta({ id: 'FleetVehicleDetail' })
export const DriverView = z.object(driver).meta({ id: 'FleetDriver' })
export const DriverDetail = z.object({ ...driver, ...taken }).meta({ id: 'FleetDriverDetail' })
export const DutyRulesView = z
  .object({ rules: dutyRules, version: z.int().meta({ description: '0: the default' }) })
  .meta({ id: 'FleetDutyRules' })

export const presentVehicle = (row: VehicleRow): z.input<typeof VehicleView> => row
export const presentDriver = (row: DriverRow): z.input<typeof DriverView> => row
export const presentOccupation = ({ starts_at, ends_at, reason, ...row }: OccupationRow) => ({
  ...{ occupation_id: row.occupation_id, kind: row.kind, trip_id: row.trip_id, what: reason },
  ...{ from: starts_at.toISOString(), to: ends_at.toISOString() },
})
