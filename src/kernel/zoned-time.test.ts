import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { momentShown } from './zoned-time.ts'

const utc = (text: string) => Date.parse(`${text}Z`)
const at = (text: string, zone: string) => new Date(momentShown(utc(text), zone)).toISOString()

describe('the moment at which clocks of a zone show a time', () => {
  it.each([
    ['2026-01-15T09:30:00', 'Europe/Berlin', '2026-01-15T08:30:00.000Z'],
    ['2026-07-15T09:30:00', 'Europe/Berlin', '2026-07-15T07:30:00.000Z'],
    ['2026-07-15T09:30:00.250', 'Asia/Kolkata', '2026-07-15T04:00:00.250Z'],
    ['2026-07-15T09:30:00', 'UTC', '2026-07-15T09:30:00.000Z'],
    ['2026-07-15T00:30:00', 'Pacific/Auckland', '2026-07-14T12:30:00.000Z'],
    ['1970-01-01T00:00:00', 'America/New_York', '1970-01-01T05:00:00.000Z'],
  ])('%s in %s is %s', (shown, zone, moment) => {
    expect(at(shown, zone)).toBe(moment)
  })

  it('is the first of two when they are set back, and as much later as they jump when they are set forward', () => {
    expect(at('2026-10-25T02:30:00', 'Europe/Berlin')).toBe('2026-10-25T00:30:00.000Z')
    expect(at('2026-03-29T02:30:00', 'Europe/Berlin')).toBe('2026-03-29T01:30:00.000Z')
    expect(at('2026-11-01T01:30:00', 'America/New_York')).toBe('2026-11-01T05:30:00.000Z')
  })

  it('is shown by them, whenever and wherever it is no gap', () => {
    const zones = fc.constantFrom(
      'Europe/Berlin',
      'America/St_Johns',
      'Australia/Lord_Howe',
      'Asia/Tehran',
      'Pacific/Apia',
    )
    fc.assert(
      fc.property(
        zones,
        fc.integer({ min: utc('1990-01-01T00:00:00'), max: utc('2035-01-01T00:00:00') }),
        (zone, any) => {
          const shown = Math.floor(any / 1_000) * 1_000
          const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
          const seen = utc(clock.format(momentShown(shown, zone)).replace(' ', 'T'))
          // In a gap they show what they jump to; Samoa once left out a whole day.
          expect(seen >= shown && seen - shown <= 86_400_000).toBe(true)
          if (seen !== shown) expect(momentShown(seen, zone)).toBe(momentShown(shown, zone))
        },
      ),
      { numRuns: 500 },
    )
  })
})
