import { declareFaults } from '../../../kernel/faults.ts'

export const resourceFault = declareFaults({
  'resources.vehicle_not_found': 404,
  'resources.driver_not_found': 404,
  'resources.occupation_not_found': 404,
  'resources.name_taken': 409,
  'resources.taken': 409,
  'resources.unfit': 409,
  'resources.still_needed': 409,
})

export const vehicleNotFound = () =>
  resourceFault('resources.vehicle_not_found', {
    public: 'This tenant has no vehicle with this id.',
    internal: 'no such vehicle in the tenant',
  })

export const driverNotFound = () =>
  resourceFault('resources.driver_not_found', {
    public: 'This tenant has no driver with this id.',
    internal: 'no such driver in the tenant',
  })

/** A vehicle or driver that would not do, with all that speaks against it. */
export const unfit = (reasons: readonly string[]) =>
  resourceFault('resources.unfit', {
    public: `This does not go: ${reasons.slice(0, 5).join('; ')}. Choose another vehicle or driver.`,
    internal: 'an assignment that would not do',
    extensions: { reasons },
  })
