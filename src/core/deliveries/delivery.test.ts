import { describe, expect, it } from 'vitest'
import { POLICIES, RETRY_AFTER_CAP_SECONDS, type SendOutcome } from '../channels/index.ts'
import { judge } from './delivery.ts'

const failed: SendOutcome = { kind: 'failed', statusCode: 500, reason: 'answered 500' }
const HIGHEST = 0.999_999

describe('what becomes of a delivery', () => {
  it('is over when it has arrived', () => {
    const outcome: SendOutcome = { kind: 'delivered', statusCode: 200 }
    expect(judge(POLICIES.notify, { tries: 7, ageSeconds: 1e9 }, outcome, 0)).toEqual({ state: 'delivered' })
  })

  it('is dead at once when the other side will always answer so', () => {
    const outcome: SendOutcome = { kind: 'refused', statusCode: 422, reason: 'answered 422', disablesChannel: false }
    expect(judge(POLICIES.notify, { tries: 1, ageSeconds: 0 }, outcome, 0)).toEqual({
      state: 'dead',
      failure: 'answered 422',
    })
  })

  it.each(Object.entries(POLICIES))('%s is given up by age, never by a count of attempts', (_, policy) => {
    const young = judge(policy, { tries: 100_000, ageSeconds: policy.maxAgeSeconds - 60 }, failed, 0.5)
    expect(young).toMatchObject({ state: 'waiting', failure: 'answered 500' })
    const old = judge(policy, { tries: 1, ageSeconds: policy.maxAgeSeconds + 1 }, failed, 0.5)
    expect(old).toEqual({ state: 'dead', failure: expect.stringMatching(/^Given up after \d+ hours: answered 500$/) })
  })

  it.each(Object.entries(POLICIES))(
    '%s waits less than a circuit stays open at first, so that what has failed most often is there to probe with',
    (_, policy) => {
      for (let attempt = 1; attempt < 10; attempt += 1) {
        const next = judge(policy, { tries: attempt, ageSeconds: 0 }, failed, HIGHEST)
        expect(next.state === 'waiting' && next.dueInSeconds).toBeLessThan(30)
      }
    },
  )

  it('stands back when it fails again and again, so that another one is probed with', () => {
    const next = judge(POLICIES.notify, { tries: 20, ageSeconds: 0 }, failed, HIGHEST)
    expect(next.state === 'waiting' && next.dueInSeconds).toBeGreaterThan(300)
    const late = judge(POLICIES.notify, { tries: 5_000, ageSeconds: 0 }, failed, HIGHEST)
    expect(late.state === 'waiting' && late.dueInSeconds).toBeLessThanOrEqual(3_600)
  })

  it('waits as long as the other side asks, within bounds', () => {
    const asked = (retryAfterSeconds: number): SendOutcome => ({
      ...failed,
      kind: 'throttled',
      statusCode: 429,
      retryAfterSeconds,
    })
    const wait = (seconds: number) => judge(POLICIES.webhook, { tries: 1, ageSeconds: 0 }, asked(seconds), 0)
    const due = (seconds: number) => {
      const next = wait(seconds)
      return next.state === 'waiting' ? next.dueInSeconds : undefined
    }
    expect(due(120)).toBe(120)
    expect(due(1e9)).toBe(RETRY_AFTER_CAP_SECONDS)
  })
})
