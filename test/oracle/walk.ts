import type { CalendarDocument } from '../../src/core/clocks/index.ts'
import { isHoliday, shiftDate, weekdayOfDate } from './holiday-by-date.ts'
import type { WallTime } from './wall-time.ts'

/**
 * The rules of calendars once more, for one minute after the other and as slowly as they read. Shares nothing with the
 * engine but the document, and knows nothing of offsets: it looks at the clock on the wall.
 */

const MINUTE_MS = 60_000
const MINUTES_A_DAY = 1_440

/** Which minutes of a window are open by a calendar. `fromMs` is a whole minute of UTC. */
export type Window = { fromMs: number; isOpen: readonly boolean[] }

export function openMinutes(calendar: CalendarDocument, fromMs: number, walls: readonly WallTime[]): Window {
  const hours = new Map<string, Span[]>()
  const hoursOf = (date: string) => {
    const known = hours.get(date)
    if (known) return known
    const found = hoursOn(calendar, date)
    hours.set(date, found)
    return found
  }
  let today = ''
  let [todays, yesterdays]: [Span[], Span[]] = [[], []]
  const isOpen = walls.map(({ date, minuteOfDay }) => {
    if (date !== today) {
      today = date
      todays = hoursOf(date)
      yesterdays = hoursOf(shiftDate(date, -1))
    }
    return covers(todays, minuteOfDay) || covers(yesterdays, minuteOfDay + MINUTES_A_DAY)
  })
  return { fromMs, isOpen }
}

/** The earliest instant at which so much open time has passed, walking from `fromMs`; undefined when the window ends before. */
export function walkToDue(window: Window, fromMs: number, durationMs: number): number | undefined {
  let [atMs, leftMs] = [fromMs, durationMs]
  while (leftMs > 0) {
    const minute = Math.floor((atMs - window.fromMs) / MINUTE_MS)
    const isOpen = window.isOpen[minute]
    if (isOpen === undefined) return undefined
    const stepMs = window.fromMs + (minute + 1) * MINUTE_MS - atMs
    if (isOpen && leftMs <= stepMs) return atMs + leftMs
    if (isOpen) leftMs -= stepMs
    atMs += stepMs
  }
  return atMs
}

/** How much of [fromMs, toMs) is open, minute by minute. Both lie in the window. */
export function walkBetween(window: Window, fromMs: number, toMs: number): number {
  let sumMs = 0
  for (let atMs = fromMs; atMs < toMs; ) {
    const minute = Math.floor((atMs - window.fromMs) / MINUTE_MS)
    const stepMs = Math.min(window.fromMs + (minute + 1) * MINUTE_MS, toMs) - atMs
    if (window.isOpen[minute]) sumMs += stepMs
    atMs += stepMs
  }
  return sumMs
}

/** From which minute to which of the date on which it starts. */
type Span = { from: number; to: number }

const covers = (spans: readonly Span[], minute: number) => spans.some(({ from, to }) => minute >= from && minute < to)

function hoursOn(calendar: CalendarDocument, date: string): Span[] {
  const special = calendar.special_days.find((day) => day.date === date)
  if (special) return special.intervals.map(spanOf)
  if (calendar.holidays.some((rule) => isHoliday(rule, date))) return []
  return calendar.weekly[weekdayOfDate(date)].map(spanOf)
}

function spanOf({ start, end }: { start: string; end: string }): Span {
  const [from, to] = [start, end].map((text) => {
    const [hours, minutes] = text.split(':')
    return Number(hours) * 60 + Number(minutes)
  }) as [number, number]
  return { from, to: to <= from ? to + MINUTES_A_DAY : to }
}
