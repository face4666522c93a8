import type { Random } from '../../mock-provider/random.ts'
import {
  type CalendarDocument,
  calendarDocument,
  type HolidayRule,
  type Interval,
} from '../../src/core/clocks/index.ts'
import { shiftDate } from './holiday-by-date.ts'

/** Zones with rules that somebody got wrong before, and ordinary ones. */
export const ZONES = {
  odd: [
    ...['Australia/Lord_Howe', 'Asia/Kathmandu', 'Africa/Casablanca', 'Pacific/Apia', 'Antarctica/Troll'],
    ...['Pacific/Kwajalein', 'America/Caracas', 'Asia/Pyongyang', 'America/Havana', 'Africa/Cairo', 'Asia/Beirut'],
    ...['Asia/Gaza', 'America/Sao_Paulo', 'Atlantic/Azores', 'America/Nuuk', 'Europe/Istanbul', 'Pacific/Chatham'],
    ...['Asia/Tehran', 'Africa/El_Aaiun', 'Europe/Volgograd', 'Pacific/Kiritimati', 'America/Asuncion', 'Asia/Amman'],
    ...['Africa/Juba', 'America/Scoresbysund', 'Antarctica/Casey', 'America/Metlakatla', 'Asia/Dhaka', 'Europe/Dublin'],
    ...['America/Lima', 'Africa/Sao_Tome'],
  ],
  ordinary: [
    ...['UTC', 'Europe/Berlin', 'Europe/London', 'America/New_York', 'America/Los_Angeles', 'Asia/Kolkata'],
    ...['Asia/Tokyo', 'Australia/Sydney', 'America/Phoenix', 'Asia/Singapore', 'America/St_Johns', 'Africa/Lagos'],
  ],
} as const

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

const USUAL: readonly (readonly Interval[])[] = [
  [{ start: '09:00', end: '17:30' }],
  [
    { start: '08:00', end: '12:00' },
    { start: '13:00', end: '17:00' },
  ],
  [{ start: '00:00', end: '24:00' }],
  [{ start: '22:00', end: '06:00' }],
  [{ start: '20:30', end: '20:30' }],
  [
    { start: '00:00', end: '02:30' },
    { start: '23:00', end: '03:15' },
  ],
]

/** A calendar that may hold anything a document may hold; what it has of dates lies around the window. */
export function drawCalendar(random: Random, zone: string, firstDate: string, days: number): CalendarDocument {
  const date = () => shiftDate(firstDate, random.integer(-1, days + 1))
  const isSparse = random.chance(0.2)
  const weekly = Object.fromEntries(
    DAYS.map((day) => [day, random.chance(isSparse ? 0.7 : 0.2) ? [] : drawIntervals(random)]),
  )
  const holidays = Array.from({ length: random.integer(0, 4) }, () => drawHoliday(random, date))
  const dates = new Set(Array.from({ length: random.integer(0, 3) }, date))
  const special_days = [...dates].map((day) => ({
    date: day,
    intervals: random.chance(0.3) ? [] : drawIntervals(random),
  }))
  return calendarDocument.parse({ zone, weekly, holidays, special_days })
}

function drawIntervals(random: Random): Interval[] {
  if (random.chance(0.4)) return [...random.pick(USUAL)]
  // Bounds in order, so that no two intervals overlap; the last may go over midnight up to the first.
  const bounds = [...new Set(Array.from({ length: 2 * random.integer(1, 3) }, () => drawMinute(random)))].sort(
    (a, b) => a - b,
  )
  if (bounds.length % 2 === 1) bounds.pop()
  if (bounds.length > 0 && random.chance(0.3)) bounds.push(bounds.shift() as number)
  return Array.from({ length: bounds.length / 2 }, (_, place) => ({
    start: timeOf(bounds[2 * place] as number),
    end: timeOf(bounds[2 * place + 1] as number),
  }))
}

/** Often in the night, where clocks are changed. */
function drawMinute(random: Random): number {
  const hour = random.chance(0.5) ? random.integer(0, 3) : random.integer(0, 23)
  return hour * 60 + (random.chance(0.5) ? 15 * random.integer(0, 3) : random.integer(0, 59))
}

const timeOf = (minute: number) =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

function drawHoliday(random: Random, date: () => string): Partial<HolidayRule> {
  const day = date()
  const [year, month, dayOfMonth] = day.split('-').map(Number) as [number, number, number]
  const bounds = random.chance(0.2) ? { since_year: year - random.integer(-1, 1) } : {}
  const kind = random.pick(['date', 'range', 'yearly', 'weekday', 'easter'] as const)
  if (kind === 'range') return { kind, from: day, to: shiftDate(day, random.integer(0, 5)) }
  if (kind === 'yearly') {
    const observed = random.pick(['same_day', 'nearest_weekday', 'next_monday'] as const)
    return { kind, month, day: dayOfMonth, observed, ...bounds }
  }
  if (kind === 'weekday') {
    const weekday = random.pick(DAYS)
    const nth = (random.chance(0.5) ? 1 : -1) * random.integer(1, 5)
    return { kind, month, weekday, nth, plus_days: random.chance(0.3) ? random.integer(-6, 6) : 0, ...bounds }
  }
  if (kind === 'easter') {
    const church = random.chance(0.5) ? 'western' : 'orthodox'
    // From somewhere in spring to somewhere in the window, mostly missing it by little.
    const days = Math.round((Date.parse(day) - Date.UTC(year, 3, 8)) / 86_400_000) + random.integer(-16, 16)
    return { kind, church, days: Math.max(-100, Math.min(100, days)), ...bounds }
  }
  return { kind: 'date', date: day }
}
