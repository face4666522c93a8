import { describe, expect, it } from 'vitest'
import { readTime } from './read-time.ts'
import { TimeFormat } from './time-format.ts'

const read = (value: unknown, formats: string[] = [], zone?: string) => {
  for (const format of formats) TimeFormat.parse(format)
  return readTime(value, { formats, zone })
}
const at = (moment: string) => ({ moment })

describe('a time of a file', () => {
  it.each([
    ...['2026-10-01T09:30:00Z', '2026-10-01 09:30:00 UTC', '2026-10-01 09:30:00Z', '2026-10-01T09:30Z'],
    ...['2026-10-01T11:30:00+02:00', '2026-10-01 11:30:00 +0200', '2026-10-01T11:30:00+0200', '2026-10-01T11:30+02'],
    ...['2026-10-01t09:30:00z', ' 2026-10-01  09:30:00.000 gmt ', '2026-10-01T09:30:00,000Z', '2026-10-01\u00a009:30Z'],
  ])('may say its zone so: %s', (text) => {
    expect(read(text)).toEqual(at('2026-10-01T09:30:00.000Z'))
  })

  it.each([
    ['2026-10-01 09:30:00', /has no zone/],
    ['2026-10-01', /only a day/],
    ['1790847000', /is a number/],
    [1_790_847_000, /is a number/],
    ['01/10/2026 09:30', /not ISO 8601/],
    ['01.10.2026 09:30', /not ISO 8601/],
    ['2026-02-30T00:00:00Z', /not ISO 8601/],
    ['2026-10-01T24:00:00Z', /not ISO 8601/],
    ['nonsense', /not ISO 8601/],
    ['x'.repeat(1_000_000), /must be a time/],
    [{}, /must be a time/],
    [true, /must be a time/],
  ])('that means nothing by itself is told why: %j', (value, why) => {
    expect(read(value)).toEqual({ problem: expect.stringMatching(why) })
  })

  it.each([
    ['01/10/2026 09:30', ['dd/MM/yyyy HH:mm'], '2026-10-01T07:30:00.000Z'],
    ['10/1/2026 9:30 PM', ['M/d/yyyy h:mm a'], '2026-10-01T19:30:00.000Z'],
    ['10/1/2026, 12:05\u202fa.m.', ['M/d/yyyy, h:mm a'], '2026-09-30T22:05:00.000Z'],
    ['1.10.26 9:30', ['d.M.yy H:mm'], '2026-10-01T07:30:00.000Z'],
    ['01/Oct/26 9:30 AM', ['dd/MMM/yy h:mm a'], '2026-10-01T07:30:00.000Z'],
    ['1. October 2026 09:30', ['d. MMMM yyyy HH:mm'], '2026-10-01T07:30:00.000Z'],
    ['2026-10-01', ['yyyy-MM-dd'], '2026-09-30T22:00:00.000Z'],
    ['20261001T093000', ["yyyyMMdd'T'HHmmss"], '2026-10-01T07:30:00.000Z'],
    ['2026-10-01 09:30 -0500', ['yyyy-MM-dd HH:mm XXX'], '2026-10-01T14:30:00.000Z'],
    ['1790847000', ['unix'], '2026-10-01T09:30:00.000Z'],
    [1_790_847_000.25, ['unix'], '2026-10-01T09:30:00.250Z'],
    ['1790847000000', ['unix-ms'], '2026-10-01T09:30:00.000Z'],
    ['2026-10-01 09:30:00', [], '2026-10-01T07:30:00.000Z'],
    ['2026-10-01T09:30:00Z', ['dd/MM/yyyy HH:mm'], '2026-10-01T09:30:00.000Z'],
    ['2026-10-01 09:30', ['dd/MM/yyyy HH:mm', 'yyyy-MM-dd HH:mm'], '2026-10-01T07:30:00.000Z'],
  ])('is read as the request says: %s as %j', (value, formats, moment) => {
    expect(read(value, formats, 'Europe/Berlin')).toEqual(at(moment))
  })

  it.each([
    ['31/11/2026 09:30', 'dd/MM/yyyy HH:mm'],
    ['10/13/2026 09:30', 'dd/MM/yyyy HH:mm'],
    ['01/10/2026 13:30 PM', 'dd/MM/yyyy h:mm a'],
    ['01/Okt/26 9:30 AM', 'dd/MMM/yy h:mm a'],
    ['9'.repeat(17), 'unix'],
  ])('that is none after its format is told so: %s', (value, format) => {
    expect(read(value, [format], 'Europe/Berlin')).toHaveProperty('problem')
  })
})

describe('a format', () => {
  it.each([
    ['HH:mm', 'no year'],
    ['yyyy HH:mm', 'no month'],
    ['yyyy-MM', 'no day'],
    ['dd/MM/yyyy hh:mm', 'only one of h and a'],
    ['dd/MM/yyyy HH:mm a', 'only one of h and a'],
    ['dd/MM/yyyy dd', 'twice'],
    ['DD/MM/YYYY', 'stands for nothing'],
    ["dd/MM/yyyy '", 'quote'],
    ['x'.repeat(100), ''],
    ['', ''],
  ])('%j is refused', (format, why) => {
    const { success, error } = TimeFormat.safeParse(format)
    expect(success).toBe(false)
    expect(JSON.stringify(error?.issues)).toContain(why)
  })
})
