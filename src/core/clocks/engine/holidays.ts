import type { HolidayRule } from './calendar-document.ts'
import { dayOf, dayOfText, daysInMonth, WEEKDAYS, weekdayOf } from './civil-date.ts'
import { easterSunday } from './easter.ts'

const SATURDAY = WEEKDAYS.indexOf('sat')
const SUNDAY = WEEKDAYS.indexOf('sun')

/** Every day from `firstDay` to `lastDay` that is a holiday by one of the rules, as days since 1970-01-01. */
export function holidaysBetween(rules: readonly HolidayRule[], firstDay: number, lastDay: number): Set<number> {
  const found = new Set<number>()
  const add = (day: number) => void (day >= firstDay && day <= lastDay && found.add(day))
  // One more on each side: a rule may move its day, or count from a day, into the year before or after.
  const firstYear = yearOf(firstDay) - 1
  const lastYear = yearOf(lastDay) + 1
  for (const rule of rules) {
    if (rule.kind === 'date') add(dayOfText(rule.date))
    else if (rule.kind === 'range') {
      const last = Math.min(dayOfText(rule.to), lastDay)
      for (let day = Math.max(dayOfText(rule.from), firstDay); day <= last; day++) add(day)
    } else {
      const until = Math.min(lastYear, rule.until_year ?? lastYear)
      for (let year = Math.max(firstYear, rule.since_year ?? firstYear); year <= until; year++) {
        const day = dayInYear(rule, year)
        if (day !== undefined) add(day)
      }
    }
  }
  return found
}

type YearlyRule = Exclude<HolidayRule, { kind: 'date' | 'range' }>

/** Undefined in a year that has no such day: 29 February, a fifth Monday. */
function dayInYear(rule: YearlyRule, year: number): number | undefined {
  if (rule.kind === 'easter') return easterSunday(year, rule.church) + rule.days
  if (rule.kind === 'weekday') {
    const day = weekdayInMonth(year, rule)
    return day === undefined ? undefined : day + rule.plus_days
  }
  if (rule.day > daysInMonth(year, rule.month)) return undefined
  return observedDay(dayOf(year, rule.month, rule.day), rule.observed)
}

function weekdayInMonth(
  year: number,
  { month, weekday, nth }: { month: number; weekday: (typeof WEEKDAYS)[number]; nth: number },
): number | undefined {
  const wanted = WEEKDAYS.indexOf(weekday)
  const first = dayOf(year, month, 1)
  const last = first + daysInMonth(year, month) - 1
  const day =
    nth > 0
      ? first + ((wanted - weekdayOf(first) + 7) % 7) + (nth - 1) * 7
      : last - ((weekdayOf(last) - wanted + 7) % 7) + (nth + 1) * 7
  return day >= first && day <= last ? day : undefined
}

function observedDay(day: number, observed: 'same_day' | 'nearest_weekday' | 'next_monday'): number {
  const weekday = weekdayOf(day)
  if (observed === 'same_day' || (weekday !== SATURDAY && weekday !== SUNDAY)) return day
  if (weekday === SUNDAY) return day + 1
  return observed === 'nearest_weekday' ? day - 1 : day + 2
}

const yearOf = (day: number) => new Date(day * 86_400_000).getUTCFullYear()
