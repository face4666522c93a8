import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Tx } from '../../platform/database/index.ts'
import { defineModule } from '../../platform/module/index.ts'
import type { RetentionByTable } from '../../platform/upkeep/index.ts'
import { auditModule } from '../audit/index.ts'
import { signalsModule } from '../signals/index.ts'
import { tasksModule } from '../tasks/index.ts'
import { tenancyModule } from '../tenancy/index.ts'
import { forgetSubjects } from './alerts/forget-subjects.ts'
import { startAlerting } from './alerts/start-alerting.ts'
import { type ReadCalendars, readingCalendars } from './calendars/calendars-over-time.ts'
import type { CalendarChanged } from './calendars/change-calendar.ts'
import { type OpenedCalendars, openedCalendars } from './calendars/opened-calendars.ts'
import { calendarRoutes } from './calendars/routes.ts'
import { forgetOldVersions } from './calendars/store.ts'
import { openReadFeed } from './feeds/read-feed.ts'
import { refreshingFeeds } from './feeds/refresh-feeds.ts'
import { feedRoutes } from './feeds/routes.ts'
import { readClocks, type SubjectClocks } from './subjects/read-clocks.ts'
import { type Recorded, recordEvents, type SubjectEvents } from './subjects/record-events.ts'
import { type Remeasure, remeasureWith, remeasuringClocks } from './subjects/remeasure.ts'
import { type SubjectKind, type SubjectView, subjectKinds, type TermsInForce } from './subjects/subject-kind.ts'
import { type SupposedClock, type SupposedExtent, supposeTerms } from './subjects/suppose-terms.ts'

export type { CalendarInForce, CalendarsOverTime, ReadCalendars } from './calendars/calendars-over-time.ts'
export {
  CLOCK_STATES,
  type Clock,
  type ClockState,
  type HistoryEntry,
} from './clock/clock.ts'
export { type ClockEvent, type PlacedEvent, placeEvents, SKEW, type SkewFlag, type SkewRule } from './clock/event.ts'
export { type ClockInput, foldClock, foldRounds } from './clock/fold-clock.ts'
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
export type { Rounds, Standing } from './subjects/measure.ts'
export type { SubjectClocks } from './subjects/read-clocks.ts'
export type { NewClockEvent, Recorded, SubjectEvents } from './subjects/record-events.ts'
export { clockStateNow, SUBJECT_STATES, type SubjectState, subjectStateNow } from './subjects/state-now.ts'
export type { SubjectKind, SubjectView, TermsInForce } from './subjects/subject-kind.ts'
export type { SupposedClock, SupposedExtent } from './subjects/suppose-terms.ts'

/** What desks do with clocks. `kind` is the name of a declared kind; subjects are UUIDs. */
export type ClocksApi = {
  opened: OpenedCalendars
  /** Once, when the desk is opened. */
  declare(kind: SubjectKind): void
  /** See `recordEvents`: at most 1,000 subjects, after everything else the transaction writes. */
  record(
    tx: Tx,
    tenantId: TenantId,
    kind: string,
    subjects: readonly SubjectEvents[],
  ): Promise<ReadonlyMap<string, Recorded>>
  /** Clocks of up to 1,000 subjects as they are now, with their histories; who has no events is left out. */
  read(tx: Tx, tenantId: TenantId, kind: string, subjectIds: readonly string[]): Promise<Map<string, SubjectClocks>>
  /** What other terms would do to the clocks of subjects that are not settled; see `supposeTerms`. Nothing is written. */
  suppose(
    tx: Tx,
    tenantId: TenantId,
    kind: string,
    options: { supposed: (nowMs: number) => Promise<TermsInForce>; limit: number },
    visit: (clock: SupposedClock) => void,
  ): Promise<SupposedExtent>
  /** What the desk says of subjects, for lists of them; who is missing is not known to it. */
  describe(
    tx: Tx,
    tenantId: TenantId,
    kind: string,
    subjectIds: readonly string[],
  ): Promise<ReadonlyMap<string, SubjectView>>
  /** Removes all that is known of subjects, and resolves what was told of them. */
  forget(tx: Tx, tenantId: TenantId, kind: string, subjectIds: readonly string[]): Promise<void>
  /**
   * Has all clocks of a kind measured again in the background, from the transaction that publishes a version: what is not settled, or all.
   * Changes of calendars do so by themselves.
   */
  remeasure: Remeasure
  /** The tenant's calendars over time, for `termsAt`; read again only when one has changed. */
  calendarsOf: ReadCalendars
}

/** Longer than any clock runs. What is older is not needed to measure one again. */
const VERSIONS_KEPT_DAYS = 1_096

const removedWithSubject = (what: string): RetentionByTable[string] => ({
  ...{ becomes: 'removed with', table: 'clock_subjects', what, why: 'A foreign key removes them.' },
})

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
    clock_subjects: {
      becomes: 'removed',
      what: 'what clocks ran for, since all of them have ended',
      why: 'Two years of reports; with the versions that they were measured with, a clock can be measured again.',
      days: 730,
      since: 'settled_at',
      when: 'settled_at is not null',
      // With all its events, clocks and alerts.
      rowsAtOnce: 100,
      scope: { of: 'tenant', least: 90, most: 1_095, id: 'subject_id', found: 'since' },
    },
    clock_events: removedWithSubject('what happened to it'),
    clocks: removedWithSubject('its clocks'),
    clock_alerts: removedWithSubject('what was told of its clocks'),
  },
  needs: { tenancy: tenancyModule, audit: auditModule, signals: signalsModule, tasks: tasksModule },
  open: (ground, { tasks }) => {
    const { database, sealer, logger, openOutbound } = ground
    const opened = openedCalendars()
    const kinds = subjectKinds()
    const remeasuring = remeasuringClocks(database, kinds)
    const remeasure = remeasureWith(tasks.enqueue, kinds, remeasuring)
    const onChanged: CalendarChanged = async (tx, tenantId, createdBy) => {
      for (const { name } of kinds.all()) await remeasure(tx, tenantId, name, { createdBy })
    }
    const feeds = { database, sealer, logger, onChanged, readFeed: openReadFeed(openOutbound()) }
    return {
      api: {
        opened,
        declare: kinds.declare,
        record: (tx, tenantId, kind, subjects) => recordEvents(tx, { tenantId, kind: kinds.of(kind) }, subjects),
        read: (tx, tenantId, kind, subjectIds) => readClocks(tx, { tenantId, kind: kinds.of(kind) }, subjectIds),
        suppose: (tx, tenantId, kind, options, visit) =>
          supposeTerms(tx, { tenantId, kind: kinds.of(kind) }, options, visit),
        describe: (tx, tenantId, kind, subjectIds) => kinds.of(kind).describe(tx, tenantId, subjectIds),
        forget: (tx, _tenantId, kind, subjectIds) => forgetSubjects(tx, kinds.of(kind).name, subjectIds),
        remeasure,
        calendarsOf: readingCalendars(opened),
      } satisfies ClocksApi,
      kinds: [remeasuring],
      routes: [...feedRoutes(feeds), ...calendarRoutes({ opened, onChanged })],
      schedules: [refreshingFeeds(feeds)],
      starts: { scheduler: () => startAlerting(ground, kinds) },
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
