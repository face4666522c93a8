import { describe, expect, it } from 'vitest'
import { durationInWords, instantInZone, leftInWords } from './alert-words.ts'

const MINUTE = 60_000

describe('words', () => {
  it('say a duration in its two largest units, rounded down', () => {
    const minutes = [0, 0.99, 1, 59, 60, 65, 1_440, 1_445, 1_500, 2_945]
    expect(minutes.map((each) => durationInWords(each * MINUTE))).toEqual([
      ...['less than a minute', 'less than a minute', '1 minute', '59 minutes', '1 hour', '1 hour 5 minutes'],
      ...['1 day', '1 day', '1 day 1 hour', '2 days 1 hour'],
    ])
  })

  it('say what is left and what is late', () => {
    expect([12, -185, 0].map((each) => leftInWords(each * MINUTE))).toEqual([
      ...['12 minutes left', '3 hours 5 minutes late', 'less than a minute late'],
    ])
  })

  it('say an instant as clocks of the zone show it, in summer and in winter', () => {
    expect(instantInZone(Date.UTC(2026, 6, 1, 15, 30), 'Europe/Berlin')).toMatch(
      /Wed.*1 Jul 2026.*17:30.*(CEST|GMT\+2)/,
    )
    expect(instantInZone(Date.UTC(2026, 10, 27, 16, 30), 'Europe/Berlin')).toMatch(
      /Fri.*27 Nov 2026.*17:30.*(CET|GMT\+1)/,
    )
  })
})
