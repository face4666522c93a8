import { declareFaults } from '../../kernel/faults.ts'

export const clockFault = declareFaults({
  'clocks.no_open_time': 422,
  'clocks.out_of_range': 422,
  'clocks.calendar_not_found': 404,
  'clocks.calendar_name_taken': 409,
  'clocks.calendar_changed': 409,
  'clocks.built_in_calendar': 409,
  'clocks.too_many_calendars': 409,
  'clocks.too_many_versions': 409,
})

export const calendarNotFound = () =>
  clockFault('clocks.calendar_not_found', {
    public: 'This tenant has no calendar with this id, or no such version of it.',
    internal: 'no such calendar in the tenant',
  })
