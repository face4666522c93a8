/** Dates of the Gregorian calendar as days since 1970-01-01, which was a Thursday; no zone has a say in them. */
export const DAY_MS = 86_400_000

/** Monday first. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof WEEKDAYS)[number]

/** `month` 1 to 12. A day that the month does not have is one of the next month. */
export const dayOf = (year: number, month: number, day: number): number => Date.UTC(year, month - 1, day) / DAY_MS

/** The day of a date written `YYYY-MM-DD`. */
export const dayOfText = (date: string): number => Date.parse(`${date}T00:00:00Z`) / DAY_MS

export const textOfDay = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10)

/** 0 for Monday to 6 for Sunday. */
export const weekdayOf = (day: number): number => (((day + 3) % 7) + 7) % 7

export const daysInMonth = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate()
