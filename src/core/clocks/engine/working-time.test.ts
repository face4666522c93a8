import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareClocks } from '../../../../test/oracle/clocks.ts'
import { ALWAYS, calendarDocument } from './calendar-document.ts'
import {
  addWorkingTime,
  type Calendar,
  findDue,
  openCalendar,
  openIntervals,
  workingTimeBetween,
} from './working-time.ts'

const HOUR = 3_600_000
const hours = (text: string) => {
  const [start, end] = text.split('-')
  return { start: start ?? '', end: end ?? '' }
}
const everyDay = (...intervals: string[]) =>
  Object.fromEntries(
    ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((day) => [day, intervals.map((text) => hours(text))]),
  )
const open = (document: object) => openCalendar(calendarDocument.parse(document))
const at = (text: string) => Date.parse(text)
const due = (document: object, from: string, duration: number) =>
  new Date(addWorkingTime(open(document), at(from), duration)).toISOString()
const between = (document: object, from: string, to: string) =>
  workingTimeBetween(open(document), at(from), at(to)) / HOUR

const weekdays = { mon: [hours('09:00-17:30')], tue: [hours('09:00-17:30')], wed: [hours('09:00-17:30')] }
const office = { zone: 'Europe/Berlin', weekly: { ...weekdays, thu: weekdays.mon, fri: weekdays.mon } }

describe('due', () => {
  test('is the end of the day when the time is used up then, not the next morning', () => {
    // Wednesday 2026-07-01, summer time: 09:00 is 07:00Z.
    expect(due(office, '2026-07-01T07:00:00Z', 8.5 * HOUR)).toBe('2026-07-01T15:30:00.000Z')
    expect(due(office, '2026-07-01T07:00:00Z', 8.5 * HOUR + 1_000)).toBe('2026-07-02T07:00:01.000Z')
  })

  test('is the start when nothing is to be used up, open or not', () => {
    expect(due(office, '2026-07-05T01:02:03Z', 0)).toBe('2026-07-05T01:02:03.000Z')
  })

  test('is exact to the second over a weekend', () => {
    expect(due(office, '2026-07-03T15:29:13Z', 60_000)).toBe('2026-07-06T07:00:13.000Z')
  })

  test('skips the lunch break', () => {
    const calendar = { zone: 'UTC', weekly: everyDay('08:00-12:00', '13:00-17:00') }
    expect(due(calendar, '2026-01-10T11:30:00Z', HOUR)).toBe('2026-01-10T13:30:00.000Z')
  })

  test('of a calendar that is always open is the plain sum, over any change of clocks', () => {
    expect(addWorkingTime(openCalendar(ALWAYS), at('2025-12-31T23:00:00Z'), 48 * HOUR)).toBe(at('2026-01-02T23:00:00Z'))
  })

  test('of a calendar that is never open is a clear fault, also where the weekly hours are all holidays', () => {
    const expectNever = (document: object) =>
      expect(() => due(document, '2026-01-01T00:00:00Z', 1_000)).toThrow(
        expect.objectContaining({ code: 'clocks.no_open_time' }),
      )
    expectNever({ zone: 'UTC' })
    expectNever({
      zone: 'UTC',
      weekly: { mon: [hours('09:00-10:00')] },
      holidays: Array.from({ length: 12 }, (_, month) =>
        Array.from({ length: 31 }, (_, day) => ({ kind: 'yearly', month: month + 1, day: day + 1 })).slice(
          0,
          new Date(Date.UTC(2024, month + 1, 0)).getUTCDate(),
        ),
      ).flat(),
    })
    expect(findDue(open({ zone: 'UTC' }), at('2026-01-01T00:00:00Z'), 1_000)).toBeUndefined()
  })

  test('outside of the years that are computed is a clear fault', () => {
    for (const from of ['1972-12-31T23:59:59Z', '2200-01-01T00:00:00Z']) {
      expect(() => due(office, from, 1)).toThrow(expect.objectContaining({ code: 'clocks.out_of_range' }))
    }
  })
})

describe('when clocks are changed', () => {
  const nights = { zone: 'Europe/Berlin', weekly: everyDay('02:00-03:00') }

  test('a time that occurs twice counts both times', () => {
    // 2026-10-25: 02:00–03:00 is 00:00Z–01:00Z and again 01:00Z–02:00Z.
    expect(between(nights, '2026-10-24T22:00:00Z', '2026-10-25T22:00:00Z')).toBe(2)
    expect(due(nights, '2026-10-24T22:00:00Z', 1.5 * HOUR)).toBe('2026-10-25T01:30:00.000Z')
  })

  test('a part of an hour that occurs twice is open twice, with a break between', () => {
    const half = open({ zone: 'Europe/Berlin', weekly: everyDay('02:15-02:45') })
    const found = openIntervals(half, {
      ...{ fromMs: at('2026-10-24T22:00:00Z'), toMs: at('2026-10-25T22:00:00Z') },
      intervalsMax: 10,
    })
    expect(
      found.map(({ startMs, endMs }) => [startMs, endMs].map((ms) => new Date(ms).toISOString().slice(11, 16))),
    ).toEqual([
      ['00:15', '00:45'],
      ['01:15', '01:45'],
    ])
  })

  test('a time that does not exist contributes nothing', () => {
    // 2026-03-29: from 02:00 to 03:00 there is nothing.
    expect(between(nights, '2026-03-28T22:00:00Z', '2026-03-29T22:00:00Z')).toBe(0)
    expect(
      between({ ...nights, weekly: everyDay('01:30-03:30') }, '2026-03-28T22:00:00Z', '2026-03-29T22:00:00Z'),
    ).toBe(1)
  })

  test('a day that a zone left out contributes nothing', () => {
    const apia = { zone: 'Pacific/Apia', weekly: everyDay('00:00-24:00') }
    // 2011-12-30 does not exist there: 29 December ends at 2011-12-30T10:00Z, and the 31st begins.
    expect(between(apia, '2011-12-29T10:00:00Z', '2011-12-31T10:00:00Z')).toBe(48)
    const friday = { zone: 'Pacific/Apia', weekly: { fri: [hours('00:00-24:00')] } }
    expect(between(friday, '2011-12-26T10:00:00Z', '2012-01-02T10:00:00Z')).toBe(0)
  })

  test('half an hour on Lord Howe is half an hour', () => {
    const night = { zone: 'Australia/Lord_Howe', weekly: everyDay('00:00-06:00') }
    // 2026-04-05 02:00 goes back to 01:30; 2026-10-04 02:00 goes on to 02:30.
    expect(between(night, '2026-04-04T12:00:00Z', '2026-04-05T12:00:00Z')).toBe(6.5)
    expect(between(night, '2026-10-03T12:00:00Z', '2026-10-04T12:00:00Z')).toBe(5.5)
  })
})

describe('an interval', () => {
  test('belongs to the date on which it starts: a holiday takes the night that begins on it, not the one that ends on it', () => {
    const nights = { zone: 'UTC', weekly: everyDay('22:00-06:00'), holidays: [{ kind: 'date', date: '2026-05-01' }] }
    expect(between(nights, '2026-04-30T12:00:00Z', '2026-05-01T12:00:00Z')).toBe(8)
    expect(between(nights, '2026-05-01T12:00:00Z', '2026-05-02T12:00:00Z')).toBe(0)
  })

  test('that ends where it starts lasts a day; overlapping ones count once', () => {
    const calendar = { zone: 'UTC', weekly: { mon: [hours('09:00-09:00')], tue: [hours('08:00-10:00')] } }
    expect(between(calendar, '2026-06-01T00:00:00Z', '2026-06-08T00:00:00Z')).toBe(25)
  })

  test('on the last night of the year goes on in the next', () => {
    const nights = { zone: 'America/New_York', weekly: everyDay('18:00-02:00') }
    expect(due(nights, '2026-12-31T23:00:00Z', 8 * HOUR)).toBe('2027-01-01T07:00:00.000Z')
    const [one, ...others] = openIntervals(open(nights), {
      ...{ fromMs: at('2026-12-31T12:00:00Z'), toMs: at('2027-01-01T12:00:00Z') },
      intervalsMax: 10,
    })
    expect([one, others.length]).toEqual([
      { startMs: at('2026-12-31T23:00:00Z'), endMs: at('2027-01-01T07:00:00Z') },
      0,
    ])
  })
})

describe('a holiday', () => {
  const withHoliday = (holiday: object, special_days: object[] = []) =>
    open({ zone: 'UTC', weekly: everyDay('00:00-24:00'), holidays: [holiday], special_days })
  const closedDays = (calendar: Calendar, year: number) =>
    Array.from({ length: 366 }, (_, day) => new Date(Date.UTC(year, 0, 1 + day)).toISOString().slice(0, 10)).filter(
      (date) => date < `${year + 1}` && workingTimeBetween(calendar, at(date), at(date) + 24 * HOUR) === 0,
    )

  test.for<[object, number, string[]]>([
    [{ kind: 'date', date: '2026-05-01' }, 2026, ['2026-05-01']],
    [{ kind: 'range', from: '2025-12-30', to: '2026-01-02' }, 2026, ['2026-01-01', '2026-01-02']],
    [{ kind: 'yearly', month: 12, day: 25 }, 2031, ['2031-12-25']],
    [{ kind: 'yearly', month: 2, day: 29 }, 2028, ['2028-02-29']],
    [{ kind: 'yearly', month: 2, day: 29 }, 2027, []],
    [{ kind: 'yearly', month: 2, day: 29 }, 2100, []],
    [{ kind: 'yearly', month: 7, day: 4, observed: 'nearest_weekday' }, 2026, ['2026-07-03']],
    // 2028-01-01 is a Saturday: observed on the last day of the year before, and 2027-01-01 on itself.
    [{ kind: 'yearly', month: 1, day: 1, observed: 'nearest_weekday' }, 2027, ['2027-01-01', '2027-12-31']],
    [{ kind: 'yearly', month: 1, day: 1, observed: 'next_monday' }, 2028, ['2028-01-03']],
    [{ kind: 'yearly', month: 5, day: 1, since_year: 2027 }, 2026, []],
    [{ kind: 'yearly', month: 5, day: 1, until_year: 2025 }, 2026, []],
    // Thanksgiving and the day after it; Memorial Day.
    [{ kind: 'weekday', month: 11, weekday: 'thu', nth: 4, plus_days: 1 }, 2026, ['2026-11-27']],
    [{ kind: 'weekday', month: 5, weekday: 'mon', nth: -1 }, 2026, ['2026-05-25']],
    [{ kind: 'weekday', month: 2, weekday: 'sun', nth: 5 }, 2026, []],
    // Published dates: Western Easter 2026-04-05 and 2038-04-25, Orthodox 2026-04-12; Whit Monday 2026-05-25.
    [{ kind: 'easter', days: 0 }, 2026, ['2026-04-05']],
    [{ kind: 'easter', days: 0 }, 2038, ['2038-04-25']],
    [{ kind: 'easter', days: 50 }, 2026, ['2026-05-25']],
    [{ kind: 'easter', days: -2, church: 'orthodox' }, 2026, ['2026-04-10']],
  ])('%j closes in %i %j', ([holiday, year, closed]) => {
    expect(closedDays(withHoliday(holiday), year)).toEqual(closed)
  })

  test('loses to a special day, whose hours replace the usual ones', () => {
    const calendar = withHoliday({ kind: 'yearly', month: 12, day: 24 }, [
      { date: '2026-12-24', intervals: [hours('08:00-12:00')] },
      { date: '2026-12-28', intervals: [] },
    ])
    const openOn = (date: string) => workingTimeBetween(calendar, at(date), at(date) + 24 * HOUR) / HOUR
    expect([openOn('2026-12-24'), openOn('2027-12-24'), openOn('2026-12-28')]).toEqual([4, 0, 0])
  })
})

test('engine and oracle agree on thousands of random cases, at changes of clocks above all', () => {
  const { differences, cases, zones, windowsWithChange } = compareClocks({ cases: 4_000, seed: 20_261_128 })
  expect(differences).toEqual([])
  expect([cases, zones > 15, windowsWithChange > 15]).toEqual([4_000, true, true])
})

test('time adds up: what is added is what is measured, and a stretch is the sum of its parts', () => {
  const calendar = open({
    zone: 'Africa/Casablanca',
    weekly: { ...everyDay('01:00-03:30', '22:00-00:30'), wed: [] },
    holidays: [{ kind: 'weekday', month: 3, weekday: 'fri', nth: 2 }],
  })
  const instant = fc.integer({ min: at('2024-01-01T00:00:00Z') / 1_000, max: at('2027-12-31T00:00:00Z') / 1_000 })
  fc.assert(
    fc.property(instant, instant, instant, fc.integer({ min: 0, max: 200 * 3_600 }), (a, b, c, seconds) => {
      const [from, middle, to] = [a, b, c].sort((one, other) => one - other).map((s) => s * 1_000) as [
        number,
        number,
        number,
      ]
      const sum = workingTimeBetween(calendar, from, middle) + workingTimeBetween(calendar, middle, to)
      expect(workingTimeBetween(calendar, from, to)).toBe(sum)
      expect(workingTimeBetween(calendar, to, from)).toBe(-sum)
      const dueMs = addWorkingTime(calendar, from, seconds * 1_000)
      expect(workingTimeBetween(calendar, from, dueMs)).toBe(seconds * 1_000)
      // The earliest such instant: a second before it, less has passed.
      if (seconds > 0) expect(workingTimeBetween(calendar, from, dueMs - 1_000)).toBeLessThan(seconds * 1_000)
    }),
    { numRuns: 2_000 },
  )
})
