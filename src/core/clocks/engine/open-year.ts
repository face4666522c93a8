import type { CalendarDocument } from './calendar-document.ts'
import { DAY_MS, dayOfText, WEEKDAYS, weekdayOf } from './civil-date.ts'
import { holidaysBetween } from './holidays.ts'
import { type WallInterval, wallInterval } from './wall-interval.ts'
import { type Stretch, stretchesOf } from './zone-offsets.ts'

/** When a calendar is open within one UTC year: intervals of instants, sorted, apart from each other; milliseconds. */
export type OpenYear = {
  starts: Float64Array
  ends: Float64Array
  /** How much was open in the year before each interval. */
  before: Float64Array
  totalMs: number
}

type Intervals = readonly WallInterval[]
/** What a document says, read once for all its years. */
export type Hours = {
  document: CalendarDocument
  weekly: readonly Intervals[]
  special: ReadonlyMap<number, Intervals>
}

const MINUTE_MS = 60_000

export function readHours(document: CalendarDocument): Hours {
  const weekly = WEEKDAYS.map((day) => document.weekly[day].map(wallInterval))
  const special = document.special_days.map(
    ({ date, intervals }) => [dayOfText(date), intervals.map(wallInterval)] as const,
  )
  return { document, weekly, special: new Map(special) }
}

/**
 * Expands one year. An instant is open when its local time lies in an interval of the date on which that interval starts.
 * Each stretch of one offset is mapped for itself: a local time that occurs twice counts twice, one that is skipped not at all.
 */
export function openYear({ document, weekly, special }: Hours, year: number): OpenYear {
  const [fromMs, toMs] = [Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1)]
  // Local dates are up to 14 h ahead of UTC and 12 h behind, and an interval lasts up to a day from its own date.
  const [firstDay, lastDay] = [fromMs / DAY_MS - 3, toMs / DAY_MS + 2]
  const holidays = holidaysBetween(document.holidays, firstDay, lastDay)
  const stretches = stretchesOf(document.zone, fromMs, toMs)
  const found: [startMs: number, endMs: number][] = []
  for (let day = firstDay; day <= lastDay; day++) {
    const intervals = special.get(day) ?? (holidays.has(day) ? [] : (weekly[weekdayOf(day)] ?? []))
    for (const interval of intervals) {
      for (const stretch of stretches) {
        const startMs = Math.max(instantOf(day, interval.startMinute, stretch), stretch.fromMs, fromMs)
        const endMs = Math.min(instantOf(day, interval.endMinute, stretch), stretch.toMs, toMs)
        if (startMs < endMs) found.push([startMs, endMs])
      }
    }
  }
  return withRunningSums(joined(found))
}

const instantOf = (day: number, minute: number, { offsetMs }: Stretch) => day * DAY_MS + minute * MINUTE_MS - offsetMs

/** What overlaps or touches becomes one interval, so that no time counts twice. */
function joined(intervals: [startMs: number, endMs: number][]): [startMs: number, endMs: number][] {
  const apart: [startMs: number, endMs: number][] = []
  for (const [startMs, endMs] of intervals.sort(([a], [b]) => a - b)) {
    const last = apart.at(-1)
    if (last && startMs <= last[1]) last[1] = Math.max(last[1], endMs)
    else apart.push([startMs, endMs])
  }
  return apart
}

function withRunningSums(intervals: readonly (readonly [startMs: number, endMs: number])[]): OpenYear {
  const starts = Float64Array.from(intervals, ([startMs]) => startMs)
  const ends = Float64Array.from(intervals, ([, endMs]) => endMs)
  const before = new Float64Array(intervals.length)
  let totalMs = 0
  for (const [place, [startMs, endMs]] of intervals.entries()) {
    before[place] = totalMs
    totalMs += endMs - startMs
  }
  return { starts, ends, before, totalMs }
}
