import { z } from 'zod'
import { timeZoneName } from '../../../kernel/time-zone.ts'
import { dayOfText, daysInMonth, WEEKDAYS } from './civil-date.ts'
import { FIRST_YEAR, LAST_YEAR } from './time-range.ts'
import { wallInterval } from './wall-interval.ts'

/** What a calendar may cost: its year is expanded day by day, and a tenant has many. */
export const CALENDAR_BOUNDS = {
  intervalsPerDay: 12,
  holidays: 1_000,
  specialDays: 500,
  feedRemovals: 500,
  rangeDays: 366,
  nameCharacters: 200,
} as const

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day from 00:00 to 23:59')
const endTime = z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time of day from 00:00 to 24:00')

const interval = z
  .strictObject({ start: time, end: endTime })
  .meta({ description: 'Local time; an end at or before the start is on the next day' })

const intervals = z.array(interval).max(CALENDAR_BOUNDS.intervalsPerDay).superRefine(refuseOverlap)

const date = z.iso
  .date('must be a date, as 2026-12-24')
  .refine((text) => Number(text.slice(0, 4)) >= FIRST_YEAR && Number(text.slice(0, 4)) <= LAST_YEAR, {
    error: `must lie in the years ${FIRST_YEAR} to ${LAST_YEAR}`,
  })
const name = z.string().trim().max(CALENDAR_BOUNDS.nameCharacters).default('')
const year = z.int().min(FIRST_YEAR).max(LAST_YEAR)
const years = { since_year: year.optional(), until_year: year.optional() }
const month = z.int().min(1).max(12)

const holiday = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('date'), date, name }),
  z
    .strictObject({ kind: z.literal('range'), from: date, to: date, name })
    .refine(({ from, to }) => from <= to, { path: ['to'], error: 'must not lie before `from`' })
    .refine(({ from, to }) => dayOfText(to) - dayOfText(from) < CALENDAR_BOUNDS.rangeDays, {
      path: ['to'],
      error: `must lie within ${CALENDAR_BOUNDS.rangeDays} days of \`from\``,
    }),
  z
    .strictObject({
      kind: z.literal('yearly'),
      month,
      day: z.int().min(1).max(31),
      observed: z
        .enum(['same_day', 'nearest_weekday', 'next_monday'])
        .default('same_day')
        .meta({ description: 'Where it moves from a Saturday or Sunday' }),
      ...years,
      name,
    })
    // 2024 is a leap year: 29 February is a holiday of the years that have it.
    .refine((rule) => rule.day <= daysInMonth(2024, rule.month), { path: ['day'], error: 'is not a day of the month' }),
  z.strictObject({
    kind: z.literal('weekday'),
    month,
    weekday: z.enum(WEEKDAYS),
    nth: z
      .int()
      .min(-5)
      .max(5)
      .refine((nth) => nth !== 0, 'must not be 0; 1 is the first, -1 the last')
      .meta({ description: '1 is the first of the month, -1 the last' }),
    plus_days: z.int().min(-31).max(31).default(0),
    ...years,
    name,
  }),
  z.strictObject({
    kind: z.literal('easter'),
    days: z.int().min(-100).max(100).meta({ description: 'After Easter Sunday; negative: before' }),
    church: z.enum(['western', 'orthodox']).default('western'),
    ...years,
    name,
  }),
])

const specialDay = z.strictObject({ date, intervals, name })

/** When work is done: as it is written, checked and stored. A version of a calendar is one of these and is never edited. */
export const calendarDocument = z
  .strictObject({
    zone: z
      .string()
      .max(64)
      .refine((text) => timeZoneName(text) !== null, 'must be an IANA time zone such as Europe/Berlin')
      .overwrite((text) => timeZoneName(text) ?? text)
      .meta({ description: 'IANA time zone', example: 'Europe/Berlin' }),
    weekly: z
      .strictObject(
        Object.fromEntries(WEEKDAYS.map((day) => [day, intervals.default([])])) as Record<
          (typeof WEEKDAYS)[number],
          z.ZodDefault<typeof intervals>
        >,
      )
      .prefault({}),
    holidays: z.array(holiday).max(CALENDAR_BOUNDS.holidays).default([]),
    special_days: z
      .array(specialDay)
      .max(CALENDAR_BOUNDS.specialDays)
      .superRefine(refuseRepeatedDates)
      .default([])
      .meta({ description: 'Days with hours of their own; they win over holidays' }),
    feed_removals: z
      .array(date)
      .max(CALENDAR_BOUNDS.feedRemovals)
      .default([])
      .meta({ description: 'Dates that are no holidays here, although a feed says so' }),
  })
  .meta({ id: 'CalendarDocument' })

export type CalendarDocument = z.output<typeof calendarDocument>
export type HolidayRule = CalendarDocument['holidays'][number]
export type Interval = z.output<typeof interval>

/** Open all the time. */
export const ALWAYS: CalendarDocument = {
  zone: 'UTC',
  weekly: Object.fromEntries(
    WEEKDAYS.map((day) => [day, [{ start: '00:00', end: '24:00' }]]),
  ) as CalendarDocument['weekly'],
  holidays: [],
  special_days: [],
  feed_removals: [],
}

function refuseOverlap(list: readonly Interval[], context: z.RefinementCtx): void {
  const places = list.map((one, place) => ({ place, ...wallInterval(one) }))
  for (const { place, startMinute, endMinute } of places) {
    const other = places.find((one) => one.place < place && one.startMinute < endMinute && startMinute < one.endMinute)
    if (!other) continue
    const { start, end } = list[other.place] as Interval
    context.addIssue({ code: 'custom', path: [place], message: `overlaps with ${start}–${end} of the same day` })
  }
}

function refuseRepeatedDates(list: readonly { date: string }[], context: z.RefinementCtx): void {
  const seen = new Set<string>()
  for (const [place, { date }] of list.entries()) {
    if (seen.has(date))
      context.addIssue({ code: 'custom', path: [place, 'date'], message: `${date} stands here twice` })
    seen.add(date)
  }
}
