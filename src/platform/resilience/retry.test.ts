import { describe, expect, it } from 'vitest'
import { backoffSeconds } from './retry.ts'

const policy = { attemptsMax: 5, baseSeconds: 2, capSeconds: 30 }

describe('backoffSeconds', () => {
  it.each([
    [1, 2],
    [2, 4],
    [3, 8],
    [4, 16],
    [5, 30],
    [2_000, 30],
  ])('never waits longer after attempt %i than %i seconds', (attempt, ceiling) => {
    expect(backoffSeconds(policy, attempt, 1)).toBe(ceiling)
  })

  it('draws from the whole range, so that callers who failed together spread out', () => {
    expect(backoffSeconds(policy, 3, 0)).toBe(0)
    expect(backoffSeconds(policy, 3, 0.5)).toBe(4)
  })
})
