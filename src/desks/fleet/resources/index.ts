import { actionsModule } from '../../../core/actions/index.ts'
import { tenancyModule } from '../../../core/tenancy/index.ts'
import { defineModule } from '../../../platform/module/index.ts'
import { driverActions } from './driver-actions.ts'
import { resourceRoutes } from './routes.ts'
import { vehicleActions } from './vehicle-actions.ts'

export { type DutyRules, dutyComplaints, type Work } from './duty.ts'
export { unfit } from './faults.ts'
export { given, line, version } from './fields.ts'
export { type Licence, licenceComplaint, VEHICLE_KINDS, type VehicleKind } from './licences.ts'
export {
  type DriverRow,
  dutyRulesOf,
  findVehicle,
  freeOfTrip,
  insertOccupation,
  listDrivers,
  listVehicles,
  lockDriver,
  lockVehicle,
  type OccupationRow,
  occupationsBetween,
  TENANT,
  type VehicleRow,
} from './store.ts'
export { describeOccupation, refuseTaken } from './take.ts'
export { addDays, dateIn, dayIn, instantOf, shown, spanOfDate } from './zoned.ts'

const what = 'What people have set up, until they remove it.'

/** What drives, who drives, and when each is taken. */
export const resourcesModule = defineModule({
  name: 'desks/fleet/resources',
  migrations: new URL('./migrations/', import.meta.url),
  permissions: { 'fleet.read': 'viewer', 'fleet.dispatch': 'agent', 'fleet.manage': 'manager' },
  needs: { actions: actionsModule, tenancy: tenancyModule },
  retention: {
    vehicles: { becomes: 'kept', what: 'vehicles', why: what },
    drivers: { becomes: 'kept', what: 'drivers', why: what },
    duty_rules: { becomes: 'kept', what: 'how long drivers may drive', why: 'One row for each tenant.' },
    occupations: {
      becomes: 'removed',
      what: 'what took a vehicle or a driver',
      why: 'A year tells how busy each was; duty rules look back two weeks.',
      days: 365,
      since: 'upper(span)',
      scope: { of: 'all', key: ['tenant_id', 'occupation_id'] },
    },
  },
  open: () => ({ api: undefined, routes: resourceRoutes(), actions: [...vehicleActions, ...driverActions] }),
})
