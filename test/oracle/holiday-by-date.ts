import type { HolidayRule } from '../../src/core/clocks/index.ts'

/** Whether one date is a holiday, asked the other way round than the engine does: from the date to the rule. */
export function isHoliday(rule: HolidayRule, date: string): boolean {
  if (rule.kind === 'date') return rule.date === date
  if (rule.kind === 'range') return rule.from <= date && date <= rule.to
  if (rule.kind === 'yearly') {
    return [-2, -1, 0, 1, 2].some((days) => {
      const actual = shiftDate(date, days)
      return isWithin(rule, actual) && isMonthAndDay(actual, rule) && movedFromWeekend(actual, rule.observed) === date
    })
  }
  const base = shiftDate(date, -(rule.kind === 'easter' ? rule.days : rule.plus_days))
  if (!isWithin(rule, base)) return false
  if (rule.kind === 'easter') return isEaster(base, rule.church)
  return monthOf(base) === rule.month && weekdayOfDate(base) === rule.weekday && nthInMonth(base, rule.nth)
}

export const weekdayOfDate = (date: string) =>
  (['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const)[new Date(`${date}T12:00:00Z`).getUTCDay()] ?? 'sun'

export function shiftDate(date: string, days: number): string {
  const shifted = new Date(`${date}T12:00:00Z`)
  shifted.setUTCDate(shifted.getUTCDate() + days)
  return shifted.toISOString().slice(0, 10)
}

const monthOf = (date: string) => Number(date.slice(5, 7))
const dayOfMonth = (date: string) => Number(date.slice(8, 10))

const isWithin = (
  { since_year = 0, until_year = 9_999 }: { since_year?: number | undefined; until_year?: number | undefined },
  date: string,
) => Number(date.slice(0, 4)) >= since_year && Number(date.slice(0, 4)) <= until_year

const isMonthAndDay = (date: string, { month, day }: { month: number; day: number }) =>
  monthOf(date) === month && dayOfMonth(date) === day

function movedFromWeekend(date: string, observed: 'same_day' | 'nearest_weekday' | 'next_monday'): string {
  const weekday = weekdayOfDate(date)
  if (observed === 'same_day' || !['sat', 'sun'].includes(weekday)) return date
  if (observed === 'nearest_weekday') return shiftDate(date, weekday === 'sat' ? -1 : 1)
  return shiftDate(date, weekday === 'sat' ? 2 : 1)
}

/** Whether the date is the nth of its weekday in its month, counted by walking through the month. */
function nthInMonth(date: string, nth: number): boolean {
  let count = 0
  for (let other = date; monthOf(other) === monthOf(date); other = shiftDate(other, nth > 0 ? -7 : 7)) count++
  return count === Math.abs(nth)
}

/** The paschal full moons as the Book of Common Prayer prints them (1900 to 2199), and as the Julian calendar has them, by golden number. */
const WESTERN_MOONS =
  '04-14 04-03 03-23 04-11 03-31 04-18 04-08 03-28 04-16 04-05 03-25 04-13 04-02 03-22 04-10 03-30 04-17 04-07 03-27'.split(
    ' ',
  )
const JULIAN_MOONS =
  '04-05 03-25 04-13 04-02 03-22 04-10 03-30 04-18 04-07 03-27 04-15 04-04 03-24 04-12 04-01 03-21 04-09 03-29 04-17'.split(
    ' ',
  )

/** Easter is the Sunday after the paschal full moon. */
function isEaster(date: string, church: 'western' | 'orthodox'): boolean {
  if (weekdayOfDate(date) !== 'sun') return false
  const year = Number(date.slice(0, 4))
  const moons = church === 'western' ? WESTERN_MOONS : JULIAN_MOONS
  const moon = `${year}-${moons[year % 19]}`
  const fullMoon = church === 'western' ? moon : shiftDate(moon, year < 2100 ? 13 : 14)
  return date > fullMoon && shiftDate(date, -7) <= fullMoon
}
