import { Temporal } from 'temporal-polyfill'

const DAY_MS = 86_400_000

/** The local date of an instant, `YYYY-MM-DD`. */
export const dateIn = (zone: string, at: Date): string =>
  Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone).toPlainDate().toString()

/** The local day of an instant, as days since 1970-01-01. */
export const dayIn =
  (zone: string) =>
  (ms: number): number =>
    Date.parse(`${dateIn(zone, new Date(ms))}T00:00:00Z`) / DAY_MS

/**
 * The instant of a local time of a date: `HH:MM`, and past midnight on: `25:10` is 01:10 of the day after. A time that the zone skips
 * is as much later as it skips; one that occurs twice is the first of the two.
 */
export function instantOf(zone: string, date: string, time: string): Date {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  const day = Temporal.PlainDate.from(date).add({ days: Math.floor(hours / 24) })
  const local = day.toPlainDateTime({ hour: hours % 24, minute: minutes })
  return new Date(local.toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds)
}

/** [start, end) of a local date: 23, 24 or 25 hours. */
export const spanOfDate = (zone: string, date: string): { from: Date; to: Date } => ({
  from: instantOf(zone, date, '00:00'),
  to: instantOf(zone, date, '24:00'),
})

export const addDays = (date: string, days: number): string => Temporal.PlainDate.from(date).add({ days }).toString()

/** An instant as the zone's clock shows it, `2026-03-02 09:30`. */
export const shown = (zone: string, at: Date): string =>
  Temporal.Instant.fromEpochMilliseconds(at.getTime())
    .toZonedDateTimeISO(zone)
    .toPlainDateTime()
    .toString({ smallestUnit: 'minute' })
    .replace('T', ' ')
