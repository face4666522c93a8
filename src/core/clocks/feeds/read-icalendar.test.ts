import { describe, expect, test } from 'vitest'
import { readIcalendar } from './read-icalendar.ts'

const YEARS = { first: '2026-01-01', last: '2030-12-31' }
const file = (events: number, name = 'May Day') =>
  Buffer.from(
    [
      ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:test'],
      ...Array.from({ length: events }, (_, n) =>
        ['BEGIN:VEVENT', `UID:${n}`, 'DTSTART;VALUE=DATE:20260501', `SUMMARY:${name}`, 'END:VEVENT'].join('\r\n'),
      ),
      'END:VCALENDAR',
    ].join('\r\n'),
  )

describe('an iCalendar text', () => {
  test('is read for the dates that were asked for, in the zone of nobody', async () => {
    expect(await readIcalendar(file(1), YEARS)).toEqual({
      ...{ holidays: [{ from: '2026-05-01', to: '2026-05-01', name: 'May Day' }], leftOut: 0 },
    })
    expect(await readIcalendar(file(1), { first: '2026-05-02', last: '2026-12-31' })).toMatchObject({ holidays: [] })
  })

  test('has its letters, and commas as RFC 5545 writes them', async () => {
    expect(await readIcalendar(file(1, 'Mariä Empfängnis\\, 無原罪'), YEARS)).toMatchObject({
      holidays: [{ name: 'Mariä Empfängnis, 無原罪' }],
    })
  })

  test('that takes too long is given up, and the process that read it is gone', async () => {
    const limits = { withinSeconds: 0.02, memoryMegabytes: 128 }
    expect(await readIcalendar(file(2_000), YEARS, limits)).toEqual({
      failure: 'reading it takes more than 0.02 seconds',
    })
  })

  test('that takes too much memory ends only the process that read it', async () => {
    const limits = { withinSeconds: 60, memoryMegabytes: 8 }
    expect(await readIcalendar(file(25_000), YEARS, limits)).toEqual({
      failure: 'reading it takes more than 8 MB of memory',
    })
  })

  test('waits for its turn, and all have one', async () => {
    const readings = await Promise.all(Array.from({ length: 6 }, () => readIcalendar(file(1), YEARS)))
    expect(readings.filter((reading) => 'holidays' in reading)).toHaveLength(6)
  })
})
