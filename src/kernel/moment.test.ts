import { describe, expect, it } from 'vitest'
import { moment } from './moment.ts'

describe('a moment from outside', () => {
  it.each([
    ['2026-03-02T09:30:00Z', '2026-03-02T09:30:00.000Z'],
    ['2026-03-02T09:30:00.123456+02:00', '2026-03-02T07:30:00.123Z'],
    ['2026-03-02T09:30:00+23:00', '2026-03-01T10:30:00.000Z'],
  ])('%s becomes %s', (text, utc) => {
    expect(moment.parse(text)).toBe(utc)
  })

  it.each([
    ['without a zone', '2026-03-02T09:30:00'],
    ['a date alone', '2026-03-02'],
    ['in the year 0', '0000-01-01T00:00:00Z'],
    ['that an offset leads out of the year 9999', '9999-12-31T23:59:59-12:00'],
    ['that an offset leads before the year 1', '0001-01-01T00:00:00+23:00'],
    ['that is none', 'yesterday'],
  ])('is refused %s', (_what, text) => {
    expect(moment.safeParse(text).success).toBe(false)
  })
})
