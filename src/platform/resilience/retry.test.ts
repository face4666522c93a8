import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffSeconds, givesUp, nextAttempt } from './retry.ts'

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

  it('waits half of the step in any case and draws the rest, so that callers who failed together spread out', () => {
    expect(backoffSeconds(policy, 3, 0)).toBe(4)
    expect(backoffSeconds(policy, 3, 0.5)).toBe(6)
  })
})

const delivery = { baseSeconds: 2, capSeconds: 30, maxAgeSeconds: 600 }
const createdAt = new Date('2026-01-01T00:00:00Z')
const atAge = (seconds: number) => new Date(createdAt.getTime() + seconds * 1_000)

describe('nextAttempt', () => {
  const now = atAge(100)
  const next = (failure: { retryAfterSeconds?: number }, random: number, policy = {}) =>
    nextAttempt(
      { ...delivery, ...policy },
      { attempt: 3, failure: { retryable: true, ...failure }, createdAt, now, random },
    )

  it.each([
    ['draws the wait from half of base × 2^(attempt − 1) …', {}, 0, {}, 4],
    ['… to the whole of it', {}, 0.998, {}, 7.992],
    ['waits at least as long as the other side asks', { retryAfterSeconds: 12 }, 0.5, {}, 12],
    ['keeps its own wait when that is the longer one', { retryAfterSeconds: 1 }, 0.5, {}, 6],
    ['waits no longer than the cap, whatever is asked for', { retryAfterSeconds: 86_400 }, 0.5, {}, 30],
    [
      'lets a cap of its own bound what is asked for',
      { retryAfterSeconds: 500 },
      0.5,
      { retryAfterCapSeconds: 300 },
      300,
    ],
    ['takes that cap also when it is the smaller one', { retryAfterSeconds: 20 }, 0, { retryAfterCapSeconds: 5 }, 5],
  ])('%s', (_guarantee, failure, random, policy, seconds) => {
    expect(next(failure, random, policy)).toEqual({ kind: 'retry', at: atAge(100 + seconds) })
  })

  it('gives up at once what would fail again the same way', () => {
    const failure = { retryable: false, retryAfterSeconds: 5 }
    expect(nextAttempt(delivery, { attempt: 1, failure, createdAt, now, random: 0 })).toEqual({
      kind: 'give_up',
      reason: 'permanent',
    })
  })

  it.each([
    [599.999, 'retry'],
    [600, 'give_up'],
  ])('at the age of %d s it says %s, after however many attempts', (age, kind) => {
    const failure = { retryable: true }
    const result = nextAttempt(delivery, { attempt: 5_000, failure, createdAt, now: atAge(age), random: 0.5 })
    expect(result.kind).toBe(kind)
    expect(givesUp(delivery, createdAt, atAge(age))).toBe(kind === 'give_up')
  })

  it('never sets a time in the past or behind its caps', () => {
    const attempts = fc.record({
      attempt: fc.integer({ min: 1, max: 10_000 }),
      retryAfterSeconds: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: undefined }),
      retryAfterCapSeconds: fc.integer({ min: 0, max: 3_600 }),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    })
    fc.assert(
      fc.property(attempts, ({ attempt, retryAfterSeconds, retryAfterCapSeconds, random }) => {
        const failure = { retryable: true, retryAfterSeconds }
        const result = nextAttempt({ ...delivery, retryAfterCapSeconds }, { attempt, failure, createdAt, now, random })
        const wait = result.kind === 'retry' ? (result.at.getTime() - now.getTime()) / 1_000 : Number.NaN
        expect(wait).toBeGreaterThanOrEqual(Math.floor(Math.min(retryAfterSeconds ?? 0, retryAfterCapSeconds)))
        expect(wait).toBeLessThanOrEqual(Math.max(delivery.capSeconds, retryAfterCapSeconds))
      }),
    )
  })
})
