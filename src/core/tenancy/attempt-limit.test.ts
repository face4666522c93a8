import { describe, expect, test } from 'vitest'
import { attemptLimit } from './attempt-limit.ts'

const ada = { address: '192.0.2.1', email: 'ada@example.com' }
const times = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index))

describe('the limit of failed sign-ins', () => {
  test('the eleventh wrong password of one person at one place waits for the rest of the minute', () => {
    let now = 0
    const limit = attemptLimit(() => now)
    expect(times(10, () => limit.take(ada))).toEqual(times(10, () => null))
    now = 15_000
    expect(limit.take(ada)).toBe(45)
    now = 60_000
    expect(limit.take(ada)).toBeNull()
  })

  test('attempts under way count, so that many at once do not slip through', () => {
    const limit = attemptLimit(() => 0)
    const allowed = times(30, () => limit.take(ada)).filter((wait) => wait === null)
    expect(allowed).toHaveLength(10)
  })

  test('right passwords do not use the limit up', () => {
    const limit = attemptLimit(() => 0)
    for (let index = 0; index < 200; index += 1) {
      expect(limit.take(ada)).toBeNull()
      limit.forgive(ada)
    }
  })

  test('one place cannot try one password on everybody', () => {
    const limit = attemptLimit(() => 0)
    const tried = times(51, (index) => limit.take({ address: ada.address, email: `person-${index}@example.com` }))
    expect(tried.slice(0, 50).every((wait) => wait === null)).toBe(true)
    expect(tried[50]).toBe(60)
  })

  test('many places together cannot try one account without end', () => {
    const limit = attemptLimit(() => 0)
    const tried = times(101, (index) => limit.take({ address: `192.0.2.${index}`, email: ada.email }))
    expect(tried[99]).toBeNull()
    expect(tried[100]).toBe(60)
  })

  test('a place that is over its limit does not keep another one out', () => {
    const limit = attemptLimit(() => 0)
    times(20, () => limit.take(ada))
    expect(limit.take({ ...ada, address: '198.51.100.7' })).toBeNull()
  })
})
