import { declareFaults } from '../../../kernel/faults.ts'

export const tripFault = declareFaults({
  'trips.not_found': 404,
  'trips.wrong_status': 409,
  'trips.not_ready': 409,
  'trips.has_none': 409,
})

export const tripNotFound = () =>
  tripFault('trips.not_found', {
    public: 'This tenant has no trip with this id.',
    internal: 'no such trip in the tenant',
  })
