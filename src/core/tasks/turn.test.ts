import { describe, expect, it } from 'vitest'
import { priorityOf } from './turn.ts'

const AT = Date.UTC(2026, 10, 28) / 1_000

describe('the engine’s priority of a rank', () => {
  it('is higher the earlier the turn, a quarter of a second apart', () => {
    expect(priorityOf(AT) - priorityOf(AT + 0.25)).toBe(1)
    expect(priorityOf(AT + 3_600)).toBeLessThan(priorityOf(AT))
  })

  it('stays within 32 bits, in 2020 and in 2100', () => {
    for (const year of [2020, 2026, 2042, 2100]) {
      expect(Math.abs(priorityOf(Date.UTC(year, 0, 1) / 1_000))).toBeLessThan(2 ** 31)
    }
    expect(priorityOf(Number.NEGATIVE_INFINITY)).toBe(2 ** 31 - 1)
  })
})
