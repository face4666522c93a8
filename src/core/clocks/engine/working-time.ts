import { clockFault } from '../faults.ts'
import type { CalendarDocument } from './calendar-document.ts'
import { type OpenYear, openYear, readHours } from './open-year.ts'
import { END_MS, FIRST_MS, FIRST_YEAR, LAST_YEAR } from './time-range.ts'

/** A calendar whose years are expanded as they are asked for. Immutable to its users: the same questions have the same answers. */
export type Calendar = {
  readonly document: CalendarDocument
  year(year: number): OpenYear
  /** How many intervals its expanded years hold in memory. */
  intervalsKept(): number
}

/** A deadline further ahead than this is none: a calendar that is never open must not be searched for ever. */
export const YEARS_AHEAD = 20

export function openCalendar(document: CalendarDocument): Calendar {
  const hours = readHours(document)
  const years = new Map<number, OpenYear>()
  return {
    document,
    year: (year) => {
      const known = years.get(year)
      if (known) return known
      const expanded = openYear(hours, year)
      years.set(year, expanded)
      return expanded
    },
    intervalsKept: () => [...years.values()].reduce((sum, { starts }) => sum + starts.length, 0),
  }
}

/**
 * The earliest instant at which `durationMs` of open time have passed since `fromMs`; with nothing to pass, `fromMs` itself.
 * Instants are milliseconds since 1970-01-01 UTC; `durationMs` ≥ 0.
 *
 * @throws clocks.no_open_time when the calendar has less within 20 years, clocks.out_of_range outside the years 1973 to 2199
 */
export function addWorkingTime(calendar: Calendar, fromMs: number, durationMs: number): number {
  const dueMs = findDue(calendar, fromMs, durationMs)
  if (dueMs !== undefined) return dueMs
  throw clockFault('clocks.no_open_time', {
    public: `The calendar is not open for long enough: within ${YEARS_AHEAD} years there is less open time than was asked for. Give it opening hours, or choose another calendar.`,
    internal: `a calendar has less than ${durationMs} ms of open time in the ${YEARS_AHEAD} years after ${new Date(fromMs).toISOString()}`,
  })
}

/**
 * As addWorkingTime; undefined when the calendar has less open time within 20 years.
 *
 * @throws clocks.out_of_range
 */
export function findDue(calendar: Calendar, fromMs: number, durationMs: number): number | undefined {
  if (!(durationMs >= 0)) throw new RangeError(`a duration of ${durationMs} ms`)
  demandInRange(fromMs)
  if (durationMs === 0) return fromMs
  const firstYear = yearOf(fromMs)
  const first = calendar.year(firstYear)
  let leftMs = openBefore(first, fromMs) + durationMs
  for (let year = firstYear; year <= Math.min(firstYear + YEARS_AHEAD, LAST_YEAR); year++) {
    const open = calendar.year(year)
    if (leftMs <= open.totalMs) return instantWhenPassed(open, leftMs)
    leftMs -= open.totalMs
  }
  return undefined
}

/**
 * How much of [fromMs, toMs) was open, in milliseconds; negative when `toMs` lies before `fromMs`.
 *
 * @throws clocks.out_of_range
 */
export function workingTimeBetween(calendar: Calendar, fromMs: number, toMs: number): number {
  if (toMs < fromMs) return -workingTimeBetween(calendar, toMs, fromMs)
  demandInRange(fromMs)
  demandInRange(toMs)
  let sumMs = -openBefore(calendar.year(yearOf(fromMs)), fromMs)
  for (let year = yearOf(fromMs); year < yearOf(toMs); year++) sumMs += calendar.year(year).totalMs
  return sumMs + openBefore(calendar.year(yearOf(toMs)), toMs)
}

export type OpenInterval = { startMs: number; endMs: number }

/**
 * The open intervals in [fromMs, toMs), cut at both ends, in order; at most `intervalsMax`.
 *
 * @throws clocks.out_of_range
 */
export function openIntervals(
  calendar: Calendar,
  { fromMs, toMs, intervalsMax }: { fromMs: number; toMs: number; intervalsMax: number },
): OpenInterval[] {
  demandInRange(fromMs)
  demandInRange(toMs)
  const found: OpenInterval[] = []
  for (let year = yearOf(fromMs); year <= yearOf(toMs); year++) {
    const { starts, ends } = calendar.year(year)
    for (let place = countUpTo(ends, fromMs); place < starts.length; place++) {
      const startMs = Math.max(starts[place] as number, fromMs)
      const endMs = Math.min(ends[place] as number, toMs)
      if (startMs >= endMs) break
      const last = found.at(-1)
      // Years are expanded apart, and what goes over New Year is one interval all the same.
      if (last?.endMs === startMs) last.endMs = endMs
      else if (found.length === intervalsMax) return found
      else found.push({ startMs, endMs })
    }
  }
  return found
}

/** How much of the year was open before an instant of it. */
function openBefore({ starts, ends, before }: OpenYear, atMs: number): number {
  const place = countUpTo(starts, atMs) - 1
  if (place < 0) return 0
  return (before[place] as number) + Math.min(atMs, ends[place] as number) - (starts[place] as number)
}

/** The earliest instant at which so much of the year was open; 0 < passedMs ≤ total. */
function instantWhenPassed({ starts, before }: OpenYear, passedMs: number): number {
  // The last interval before which less has passed: at its end at the latest the rest is used up.
  const place = countBelow(before, passedMs) - 1
  return (starts[place] as number) + passedMs - (before[place] as number)
}

/** How many of the sorted values are ≤ limit. */
function countUpTo(values: Float64Array, limit: number): number {
  let [low, high] = [0, values.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((values[middle] as number) <= limit) low = middle + 1
    else high = middle
  }
  return low
}

/** How many of the sorted values are < limit. */
function countBelow(values: Float64Array, limit: number): number {
  let [low, high] = [0, values.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((values[middle] as number) < limit) low = middle + 1
    else high = middle
  }
  return low
}

const yearOf = (atMs: number) => new Date(atMs).getUTCFullYear()

function demandInRange(atMs: number): void {
  if (atMs >= FIRST_MS && atMs < END_MS) return
  throw clockFault('clocks.out_of_range', {
    public: `Clocks compute with times in the years ${FIRST_YEAR} to ${LAST_YEAR}.`,
    internal: `an instant outside of the years that clocks compute with: ${atMs}`,
  })
}
