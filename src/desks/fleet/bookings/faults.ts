import { declareFaults } from '../../../kernel/faults.ts'

export const bookingFault = declareFaults({
  'bookings.rider_not_found': 404,
  'bookings.not_found': 404,
  'bookings.full': 409,
  'bookings.booked_already': 409,
  'bookings.too_late': 409,
  'bookings.no_such_leg': 422,
})
