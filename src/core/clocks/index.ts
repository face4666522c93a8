import { defineModule } from '../../platform/module/index.ts'

export {
  ALWAYS,
  CALENDAR_BOUNDS,
  type CalendarDocument,
  calendarDocument,
  type HolidayRule,
  type Interval,
} from './engine/calendar-document.ts'
export { FIRST_YEAR, LAST_YEAR } from './engine/time-range.ts'
export {
  addWorkingTime,
  type Calendar,
  findDue,
  type OpenInterval,
  openCalendar,
  openIntervals,
  workingTimeBetween,
  YEARS_AHEAD,
} from './engine/working-time.ts'

/** By when something must happen. */
export const clocksModule = defineModule({ name: 'core/clocks', open: () => ({ api: undefined }) })
