import { isDeepStrictEqual } from 'node:util'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { recordAudit } from '../../audit/index.ts'
import type { CalendarDocument } from '../engine/calendar-document.ts'
import { calendarNotFound, clockFault } from '../faults.ts'
import { demandFreeName } from './add-calendar.ts'
import { ALWAYS_ID, type FeedHoliday } from './calendar.ts'
import { type CalendarRow, findCalendar, insertVersion, lockCalendars, markRemoved, renameCalendar } from './store.ts'

/** More than one a day for as long as versions are kept. */
export const VERSIONS_MAX = 2_000

/** Has what was measured with calendars measured again, in the transaction that changed one. */
export type CalendarChanged = (tx: Tx, tenantId: TenantId, changedBy: string) => Promise<void>

type Change = {
  name?: string | undefined
  document?: CalendarDocument | undefined
  /** The version that was read before it was changed; when there is a newer one, nothing is changed. */
  version?: number | undefined
}

/**
 * Renames a calendar, or gives it another version that is in force from now on. What says the same makes no version.
 *
 * @throws clocks.calendar_not_found, clocks.calendar_changed, clocks.calendar_name_taken, clocks.too_many_versions, clocks.built_in_calendar
 */
export async function changeCalendar(
  tx: Tx,
  who: { tenantId: TenantId; calendarId: string; changedBy: string },
  change: Change,
): Promise<CalendarRow> {
  const { tenantId, calendarId, changedBy } = who
  await lockCalendars(tx)
  const before = await requireOwnCalendar(tx, calendarId)
  if (change.version !== undefined && change.version !== before.version) throw changedMeanwhile(before.version)
  if (change.name !== undefined && change.name !== before.name) {
    await demandFreeName(tx, { name: change.name, calendarId })
    await renameCalendar(tx, calendarId, change.name)
  }
  const document = change.document ?? before.document
  await makeVersion(tx, before, { document, feedHolidays: before.feed_holidays, madeBy: changedBy })
  const after = await requireOwnCalendar(tx, calendarId)
  const [subject, details] = [`calendar:${calendarId}`, { name: after.name, version: after.version }]
  await recordAudit(tx, { tenantId, actor: changedBy, action: 'calendar.change', subject, details })
  return after
}

/**
 * The next version, if it says something else than the one in force. Under the lock; answers whether it was made.
 *
 * @throws clocks.too_many_versions
 */
export async function makeVersion(
  tx: Tx,
  before: CalendarRow,
  next: { document: CalendarDocument; feedHolidays: FeedHoliday[]; madeBy: string },
): Promise<boolean> {
  const { document, feedHolidays, madeBy } = next
  if (isDeepStrictEqual([before.document, before.feed_holidays], [document, feedHolidays])) return false
  if (before.version >= VERSIONS_MAX) {
    throw clockFault('clocks.too_many_versions', {
      public: `This calendar was changed ${VERSIONS_MAX} times and cannot be changed any more. Make a new one in its place.`,
      internal: `a calendar has ${before.version} versions`,
    })
  }
  await insertVersion(tx, {
    ...{ calendar_id: before.calendar_id, version: before.version + 1, document },
    ...{ feed_holidays: feedHolidays, made_by: madeBy },
  })
  return true
}

/** Nobody can choose it any more; clocks that were measured with it keep its versions. @throws clocks.calendar_not_found, clocks.built_in_calendar */
export async function removeCalendar(
  tx: Tx,
  { tenantId, calendarId, changedBy }: { tenantId: TenantId; calendarId: string; changedBy: string },
): Promise<void> {
  await lockCalendars(tx)
  const { name } = await requireOwnCalendar(tx, calendarId)
  await markRemoved(tx, calendarId)
  const [subject, details] = [`calendar:${calendarId}`, { name }]
  await recordAudit(tx, { tenantId, actor: changedBy, action: 'calendar.remove', subject, details })
}

/** @throws clocks.calendar_not_found, clocks.built_in_calendar */
export async function requireOwnCalendar(tx: Tx, calendarId: string): Promise<CalendarRow> {
  if (calendarId === ALWAYS_ID) {
    throw clockFault('clocks.built_in_calendar', {
      public: 'The calendar “always” is built in and cannot be changed. Make one of your own.',
      internal: 'the built-in calendar was to be changed',
    })
  }
  const calendar = await findCalendar(tx, calendarId)
  if (!calendar) throw calendarNotFound()
  return calendar
}

const changedMeanwhile = (version: number) =>
  clockFault('clocks.calendar_changed', {
    public: `Somebody has changed this calendar meanwhile: version ${version} is in force. Read it again and repeat the change.`,
    internal: 'a calendar was changed on the grounds of an old version',
    extensions: { version },
  })
