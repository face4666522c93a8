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
  'clocks.feed_not_found': 404,
  'clocks.feed_is_a_file': 409,
  'clocks.feed_name_taken': 409,
  'clocks.too_many_feeds': 409,
  'clocks.feed_unreadable': 422,
})

export const calendarNotFound = () =>
  clockFault('clocks.calendar_not_found', {
    public: 'This tenant has no calendar with this id, or no such version of it.',
    internal: 'no such calendar in the tenant',
  })

export const feedNotFound = () =>
  clockFault('clocks.feed_not_found', {
    public: 'This calendar has no feed with this id.',
    internal: 'no such feed of the calendar',
  })

/** `why` ends a sentence about the feed. */
export const feedUnreadable = (why: string) =>
  clockFault('clocks.feed_unreadable', {
    public: `The feed cannot be used: ${why}. Nothing was changed.`,
    internal: `a feed of holidays cannot be used: ${why}`,
  })
