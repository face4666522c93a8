import type { Tx } from '../../../platform/database/index.ts'
import { ALWAYS } from '../engine/calendar-document.ts'
import { type Calendar, openCalendar } from '../engine/working-time.ts'
import { calendarNotFound } from '../faults.ts'
import { ALWAYS_ID, withFeeds } from './calendar.ts'
import { findVersion } from './store.ts'

/** Intervals kept in memory over all calendars, 24 bytes each. */
const INTERVALS_MAX = 1_000_000

/** A version of a calendar; `always` has one. */
export type CalendarVersion = { tenantId: string; calendarId: string; version: number }

export type OpenedCalendars = {
  /** A version, opened; it never changes, so it is opened once. @throws clocks.calendar_not_found */
  open(tx: Tx, wanted: CalendarVersion): Promise<Calendar>
}

/** The calendars that were asked for last, with their years expanded. */
export function openedCalendars(intervalsMax = INTERVALS_MAX): OpenedCalendars {
  const always = openCalendar(ALWAYS)
  // In the order in which they were asked for, the last one at the end.
  const kept = new Map<string, Calendar>()
  const makeRoom = () => {
    let intervals = 0
    for (const calendar of kept.values()) intervals += calendar.intervalsKept()
    for (const [key, calendar] of kept) {
      if (intervals <= intervalsMax) return
      kept.delete(key)
      intervals -= calendar.intervalsKept()
    }
  }
  return {
    open: async (tx, { tenantId, calendarId, version }) => {
      if (calendarId === ALWAYS_ID) return always
      const key = `${tenantId} ${calendarId} ${version}`
      const known = kept.get(key)
      if (known) {
        kept.delete(key)
        kept.set(key, known)
        return known
      }
      const row = await findVersion(tx, calendarId, version)
      if (!row) throw calendarNotFound()
      const opened = openCalendar(withFeeds(row.document, row.feed_holidays))
      makeRoom()
      kept.set(key, opened)
      return opened
    },
  }
}
