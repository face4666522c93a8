import { beforeEach, describe, expect, it } from 'vitest'
import { createRateWindow } from './rate-window.ts'

describe('the rate window', () => {
  let now: number
  let settings: { limit: number; windowSeconds: number }
  let window: ReturnType<typeof createRateWindow>

  beforeEach(() => {
    now = 1_000_000
    settings = { limit: 2, windowSeconds: 60 }
    window = createRateWindow(
      () => settings,
      () => now,
    )
  })

  it.each([
    [0, 61],
    [1, 60],
    [1_000, 60],
    [30_500, 30],
    [59_999, 1],
  ])('asks to wait floor(60 - age) + 1 seconds when the oldest call is %i ms old', (age, seconds) => {
    window.admit()
    now += age
    window.admit()
    expect(window.admit()).toBe(seconds)
  })

  it('forgets a call when it is exactly as old as the window', () => {
    window.admit()
    window.admit()
    now += 60_000
    expect(window.admit()).toBeNull()
    expect(window.status()).toEqual({ limit: 2, window_seconds: 60, current_requests: 1, remaining: 1 })
  })

  it('does not count the calls it refuses', () => {
    window.admit()
    now += 30_000
    window.admit()
    for (let call = 0; call < 10; call++) expect(window.admit()).not.toBeNull()
    now += 30_000
    expect(window.admit()).toBeNull()
    expect(window.admit()).toBe(31)
  })

  it('goes by the settings of the moment', () => {
    window.admit()
    window.admit()
    settings = { limit: 3, windowSeconds: 60 }
    expect(window.admit()).toBeNull()
    settings = { limit: 3, windowSeconds: 1 }
    now += 1_000
    expect(window.status()).toMatchObject({ current_requests: 0, remaining: 3 })
  })

  it('admits everything and remembers nothing when the limit is 0', () => {
    settings = { limit: 0, windowSeconds: 60 }
    for (let call = 0; call < 100; call++) expect(window.admit()).toBeNull()
    expect(window.status()).toEqual({ limit: 0, window_seconds: 60, current_requests: 0, remaining: null })
  })
})
