import type { CalendarDocument } from '../engine/calendar-document.ts'
import { dayOfText, textOfDay } from '../engine/civil-date.ts'

/** The built-in calendar that is open all the time. */
export const ALWAYS_ID = 'always'

/** A holiday that a feed says, from one date to another, both included. */
export type FeedHoliday = { from: string; to: string; name: string }

/**
 * What the engine computes with: what people wrote, and of what feeds said the dates that people did not take away.
 */
export function withFeeds(document: CalendarDocument, feedHolidays: readonly FeedHoliday[]): CalendarDocument {
  if (feedHolidays.length === 0) return document
  const removed = new Set(document.feed_removals)
  const dates = feedHolidays.flatMap(({ from, to, name }) =>
    datesBetween(from, to).flatMap((date) => (removed.has(date) ? [] : [{ kind: 'date' as const, date, name }])),
  )
  return { ...document, holidays: [...document.holidays, ...dates] }
}

function datesBetween(from: string, to: string): string[] {
  const first = dayOfText(from)
  return Array.from({ length: dayOfText(to) - first + 1 }, (_, place) => textOfDay(first + place))
}
