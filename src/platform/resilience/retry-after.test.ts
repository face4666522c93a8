import { describe, expect, it } from 'vitest'
import { retryAfterSeconds } from './retry-after.ts'

const now = new Date('2026-01-01T00:00:00Z')

describe('retryAfterSeconds', () => {
  it.each([
    ['7', 7],
    [' 61 ', 61],
    ['0', 0],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['86400', 120],
  ])('reads %j as %i seconds', (header, seconds) => {
    expect(retryAfterSeconds(header, now, 120)).toBe(seconds)
  })

  it.each([[null], [undefined], [''], ['soon'], ['-5x']])('reads %j as no wish at all', (header) => {
    expect(retryAfterSeconds(header, now, 120)).toBeUndefined()
  })
})
