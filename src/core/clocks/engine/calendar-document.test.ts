import { describe, expect, test } from 'vitest'
import { CALENDAR_BOUNDS, calendarDocument } from './calendar-document.ts'

const problemsOf = (document: object) => {
  const { error } = calendarDocument.safeParse({ zone: 'Europe/Berlin', ...document })
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
}
const interval = (start: string, end: string) => ({ start, end })
const holidays = (...list: object[]) => problemsOf({ holidays: list })

describe('a calendar document', () => {
  test('needs nothing but its zone, whose name is spelt properly', () => {
    const empty = calendarDocument.parse({ zone: 'europe/berlin' })
    expect(empty).toMatchObject({ zone: 'Europe/Berlin', holidays: [], special_days: [], weekly: { mon: [], sun: [] } })
  })

  test.for<[string, string[]]>([
    [JSON.stringify({ zone: 'Mars/Olympus' }), ['zone: must be an IANA time zone such as Europe/Berlin']],
    [JSON.stringify({ zone: '+01:00' }), ['zone: must be an IANA time zone such as Europe/Berlin']],
    [
      JSON.stringify({ weekly: { mon: [interval('09:00', '25:00')] } }),
      ['weekly.mon.0.end: must be a time of day from 00:00 to 24:00'],
    ],
    [
      JSON.stringify({ weekly: { mon: [interval('24:00', '09:00')] } }),
      ['weekly.mon.0.start: must be a time of day from 00:00 to 23:59'],
    ],
    [JSON.stringify({ weekly: { monday: [] } }), ['weekly: Unrecognized key: "monday"']],
    [
      JSON.stringify({ weekly: { tue: [interval('09:00', '17:00'), interval('16:59', '18:00')] } }),
      ['weekly.tue.1: overlaps with 09:00–17:00 of the same day'],
    ],
    [
      JSON.stringify({
        special_days: [
          { date: '2026-01-02', intervals: [] },
          { date: '2026-01-02', intervals: [] },
        ],
      }),
      ['special_days.1.date: 2026-01-02 stands here twice'],
    ],
    [
      JSON.stringify({ holidays: [{ kind: 'date', date: '2026-02-29' }] }),
      ['holidays.0.date: must be a date, as 2026-12-24'],
    ],
    [
      JSON.stringify({ holidays: [{ kind: 'date', date: '2200-01-01' }] }),
      ['holidays.0.date: must lie in the years 1973 to 2199'],
    ],
    [
      JSON.stringify({ holidays: [{ kind: 'range', from: '2026-01-02', to: '2026-01-01' }] }),
      ['holidays.0.to: must not lie before `from`'],
    ],
    [
      JSON.stringify({ holidays: [{ kind: 'yearly', month: 4, day: 31 }] }),
      ['holidays.0.day: is not a day of the month'],
    ],
    [
      JSON.stringify({ holidays: [{ kind: 'weekday', month: 4, weekday: 'mon', nth: 0 }] }),
      ['holidays.0.nth: must not be 0; 1 is the first, -1 the last'],
    ],
  ])('%s is refused with %j', ([document, problems]) => {
    expect(problemsOf(JSON.parse(document))).toEqual(problems)
  })

  test('takes intervals that touch, go over midnight, last a day or fill it', () => {
    const weekly = {
      mon: [interval('09:00', '12:00'), interval('12:00', '13:00')],
      tue: [interval('22:00', '06:00'), interval('06:00', '09:00')],
      wed: [interval('09:00', '09:00')],
      thu: [interval('00:00', '24:00')],
    }
    expect(problemsOf({ weekly })).toEqual([])
  })

  test('is bounded in intervals a day, holidays, special days and the length of a range, and takes what is at the bound', () => {
    const minutes = (count: number) =>
      Array.from({ length: count }, (_, hour) =>
        interval(`${String(hour).padStart(2, '0')}:00`, `${String(hour).padStart(2, '0')}:30`),
      )
    const yearly = (length: number) => Array.from({ length }, () => ({ kind: 'yearly', month: 1, day: 1 }))
    const special = (length: number) =>
      Array.from({ length }, (_, day) => ({
        date: new Date(Date.UTC(2026, 0, 1 + day)).toISOString().slice(0, 10),
        intervals: [],
      }))
    const { intervalsPerDay, holidays: holidaysMax, specialDays } = CALENDAR_BOUNDS
    const atBounds = {
      weekly: { mon: minutes(intervalsPerDay) },
      holidays: yearly(holidaysMax),
      special_days: special(specialDays),
    }
    expect(problemsOf(atBounds)).toEqual([])
    expect(problemsOf({ weekly: { mon: minutes(intervalsPerDay + 1) } })).toHaveLength(1)
    expect(holidays(...yearly(holidaysMax + 1))).toHaveLength(1)
    expect(problemsOf({ special_days: special(specialDays + 1) })).toHaveLength(1)
    expect(holidays({ kind: 'range', from: '2026-01-01', to: '2027-01-01' })).toEqual([])
    expect(holidays({ kind: 'range', from: '2026-01-01', to: '2027-01-02' })).toHaveLength(1)
  })
})
