import type { Outbound } from '../../../platform/outbound/index.ts'
import type { FeedHoliday } from '../calendars/calendar.ts'
import { countDays, FEED_DAYS_MAX, type FeedWindow, mergeHolidays } from './feed.ts'
import { fetchFeed } from './fetch-feed.ts'
import { publicHolidays } from './public-holidays.ts'
import { readIcalendar } from './read-icalendar.ts'

/** Where a feed's holidays are read from. */
export type FeedSource =
  | { kind: 'country'; country: string; region?: string | undefined }
  | { kind: 'url'; url: string }
  | { kind: 'file'; body: Buffer }

/** What a feed says, or the end of a sentence that says why it says nothing. */
export type FeedReading = { holidays: FeedHoliday[]; leftOut: number } | { failure: string }

export type ReadFeed = (source: FeedSource, window: FeedWindow, gone: AbortSignal) => Promise<FeedReading>

/** Reads a feed wherever it is. Rejects only with the reason of `gone`. */
export function openReadFeed(outbound: Pick<Outbound, 'check' | 'fetch'>): ReadFeed {
  const read: ReadFeed = async (source, window, gone) => {
    if (source.kind === 'country') return { holidays: await publicHolidays(source, window), leftOut: 0 }
    if (source.kind === 'file') return readIcalendar(source.body, window)
    const fetched = await fetchFeed(outbound, source.url, gone)
    return 'failure' in fetched ? fetched : readIcalendar(fetched.body, window)
  }
  return async (source, window, gone) => {
    const reading = await read(source, window, gone)
    if ('failure' in reading) return reading
    const holidays = mergeHolidays([reading.holidays])
    if (holidays.length === 0) return { failure: `it has no whole days from ${window.first} to ${window.last}` }
    if (countDays(holidays) > FEED_DAYS_MAX) return { failure: `it has more than ${FEED_DAYS_MAX} days` }
    return { holidays, leftOut: reading.leftOut }
  }
}
