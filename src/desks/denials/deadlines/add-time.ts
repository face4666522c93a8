import federal from '@18f/us-federal-holidays'
import type { Window } from '../facts/index.ts'

const DAY_MS = 86_400_000
const dayOf = (date: string) => Date.parse(`${date}T00:00:00Z`) / DAY_MS
const textOf = (day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10)

/**
 * The last day of a time that begins on a date, which itself is not counted. `date` is an ISO date, and so is the answer.
 *
 * Months and years end on the day of the same number; where a month does not have it, on its last: a day early at most, where the law
 * says the first of the next. Hours are counted in days, down: who is told a date must not come too late by it.
 */
export function addTime(date: string, { count, unit }: Pick<Window, 'count' | 'unit'>): string {
  if (unit === 'days') return textOf(dayOf(date) + count)
  if (unit === 'hours') return textOf(dayOf(date) + Math.floor(count / 24))
  if (unit === 'business_days') return addBusinessDays(date, count)
  const [year = 0, month = 1, day = 1] = date.split('-').map(Number)
  const months = year * 12 + month - 1 + count * (unit === 'years' ? 12 : 1)
  const last = new Date(Date.UTC(Math.floor(months / 12), (months % 12) + 1, 0)).getUTCDate()
  return new Date(Date.UTC(Math.floor(months / 12), months % 12, Math.min(day, last))).toISOString().slice(0, 10)
}

function addBusinessDays(date: string, count: number): string {
  let day = dayOf(date)
  for (let left = count; left > 0; ) {
    day += 1
    if (isBusinessDay(textOf(day))) left -= 1
  }
  return textOf(day)
}

/** The date itself, or the next one that is no Saturday, Sunday or federal holiday. */
export function rollOver(date: string): string {
  let day = dayOf(date)
  while (!isBusinessDay(textOf(day))) day += 1
  return textOf(day)
}

export function isBusinessDay(date: string): boolean {
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay()
  return weekday !== 0 && weekday !== 6 && !federal.isAHoliday(new Date(`${date}T12:00:00Z`), { utc: true })
}

export const daysBetween = (from: string, to: string): number => dayOf(to) - dayOf(from)
