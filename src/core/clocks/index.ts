import { defineModule } from '../../platform/module/index.ts'
import { auditModule } from '../audit/index.ts'
import { signalsModule } from '../signals/index.ts'
import { tenancyModule } from '../tenancy/index.ts'
import { openedCalendars } from './calendars/opened-calendars.ts'
import { calendarRoutes } from './calendars/routes.ts'
import { forgetOldVersions } from './calendars/store.ts'
import { openReadFeed } from './feeds/read-feed.ts'
import { refreshingFeeds } from './feeds/refresh-feeds.ts'
import { feedRoutes } from './feeds/routes.ts'

export {
  CLOCK_STATES,
  type Clock,
  type ClockState,
  type HistoryEntry,
} from './clock/clock.ts'
export { type ClockEvent, type PlacedEvent, placeEvents, SKEW, type SkewFlag, type SkewRule } from './clock/event.ts'
export { type ClockInput, foldClock } from './clock/fold-clock.ts'
export {
  type Attributes,
  CLOCK_TARGETS,
  type ClockTarget,
  type Terms,
  type TermsAt,
  type TermsChange,
  type Threshold,
} from './clock/terms.ts'
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

/** Longer than any clock runs. What is older is not needed to measure one again. */
const VERSIONS_KEPT_DAYS = 1_096

/** By when something must happen: calendars, and the engine that computes with them. */
export const clocksModule = defineModule({
  name: 'core/clocks',
  migrations: new URL('./migrations/', import.meta.url),
  permissions: { 'calendar.read': 'viewer', 'calendar.manage': 'manager' },
  retention: {
    calendars: {
      becomes: 'removed by',
      step: 'calendar_versions',
      what: 'calendars that were removed',
      days: VERSIONS_KEPT_DAYS,
      why: 'What was measured with them can be measured again; no clock runs longer.',
    },
    calendar_versions: {
      becomes: 'removed by',
      step: 'calendar_versions',
      what: 'versions of calendars that were replaced',
      days: VERSIONS_KEPT_DAYS,
      why: 'As calendars.',
    },
    calendar_feeds: {
      becomes: 'kept',
      what: 'where holidays come from',
      why: 'What people have set; goes with its calendar.',
    },
  },
  needs: { tenancy: tenancyModule, audit: auditModule, signals: signalsModule },
  open: ({ database, sealer, logger, openOutbound }) => {
    const opened = openedCalendars()
    const feeds = { database, sealer, logger, readFeed: openReadFeed(openOutbound()) }
    return {
      api: { opened },
      routes: [...feedRoutes(feeds), ...calendarRoutes({ opened })],
      schedules: [refreshingFeeds(feeds)],
      upkeep: [
        {
          name: 'calendar_versions',
          run: async () => {
            const before = new Date(Date.now() - VERSIONS_KEPT_DAYS * 86_400_000)
            const why = 'versions of calendars of all tenants are forgotten'
            return { rows: await database.acrossTenants(why, (tx) => forgetOldVersions(tx, before)), isDone: true }
          },
        },
      ],
    }
  },
})
