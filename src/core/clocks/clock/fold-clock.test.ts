import { describe, expect, test } from 'vitest'
import { fold, type Happening, HOUR, log, MINUTE, type PolicyVersion, policies } from './clock.fixture.ts'

/** Monday 2026-03-02, 10:00 in Berlin; the office is open 9 to 12 and 13 to 17:30. */
const MONDAY = Date.parse('2026-03-02T09:00:00Z')
const at = (hours: number) => MONDAY + hours * HOUR
const opened = (status = 'open', attributes = { priority: 'high', tier: 'standard' }): Happening => ({
  ...{ kind: 'opened', status, attributes },
})
const status = (name: string): Happening => ({ kind: 'status', status: name })
const replied = (by: 'us' | 'them'): Happening => ({ kind: 'replied', by })
const moved = (attributes: Record<string, string>): Happening => ({ kind: 'moved', attributes })
/** Four hours for high, one for critical; enterprise has half of it. */
const FIRST: PolicyVersion = {
  ...{ fromMs: 0, minutes: { high: 240, critical: 60 }, multipliers: { enterprise: 0.5 } },
}
const OFFICE: PolicyVersion = { ...FIRST, calendar: 'office' }
const happened = (...list: [hours: number, what: Happening][]) =>
  log(...list.map(([hours, what]) => [at(hours), what] as [number, Happening]))

describe('a resolution clock', () => {
  test('runs, is due after its target, and is late from then on', () => {
    const events = happened([0, opened()])
    expect(fold('resolution', events, policies([FIRST]), at(1))).toMatchObject({
      ...{ state: 'running', startMs: at(0), dueMs: at(4), elapsedMs: HOUR, overdueMs: 0, breachedMs: null },
    })
    expect(fold('resolution', events, policies([FIRST]), at(5.5))).toMatchObject({
      ...{ state: 'breached', dueMs: at(4), elapsedMs: 5.5 * HOUR, overdueMs: 1.5 * HOUR, breachedMs: at(4) },
    })
  })

  test('measured in office hours is due over the lunch break', () => {
    // 10:00 to 12:00 and 13:00 to 15:00.
    const clock = fold('resolution', happened([0, opened()]), policies([OFFICE]), at(2.5))
    expect(clock).toMatchObject({ dueMs: at(5), elapsedMs: 2 * HOUR })
  })

  test('does not run while the customer is waited for: nothing is due, and what would be stands beside it', () => {
    const events = happened([0, opened()], [1, status('pending_customer')], [25, status('open')])
    expect(fold('resolution', events, policies([FIRST]), at(20))).toMatchObject({
      ...{ state: 'paused', isPaused: true, dueMs: null, dueIfResumedMs: at(23), elapsedMs: HOUR, pausedMs: 19 * HOUR },
    })
    expect(fold('resolution', events, policies([FIRST]), at(26))).toMatchObject({
      ...{ state: 'running', dueMs: at(28), dueIfResumedMs: null, elapsedMs: 2 * HOUR, pausedMs: 24 * HOUR },
    })
  })

  test('resolved at the instant at which it is due is met, a millisecond later met late', () => {
    const resolvedAt = (ms: number) =>
      fold('resolution', log([at(0), opened()], [ms, status('resolved')]), policies([FIRST]), at(9))
    expect(resolvedAt(at(4))).toMatchObject({ state: 'met', endedMs: at(4), overdueMs: 0, elapsedMs: 4 * HOUR })
    expect(resolvedAt(at(4) + 1)).toMatchObject({ state: 'met_late', overdueMs: 1, breachedMs: at(4), dueMs: at(4) })
  })

  test('paused at the instant at which it is due is not late before it goes on', () => {
    const events = happened([0, opened()], [4, status('pending_customer')], [9, status('open')])
    expect(fold('resolution', events, policies([FIRST]), at(8))).toMatchObject({ state: 'paused', breachedMs: null })
    expect(fold('resolution', events, policies([FIRST]), at(9))).toMatchObject({ state: 'breached', breachedMs: at(9) })
  })

  test('that is late stays late through a pause, and says that it is paused', () => {
    const events = happened([0, opened()], [5, status('pending_vendor')])
    expect(fold('resolution', events, policies([FIRST]), at(50))).toMatchObject({
      ...{ state: 'breached', isPaused: true, dueMs: at(4), overdueMs: HOUR, pausedMs: 45 * HOUR },
    })
  })

  test('closed without having been resolved is met all the same', () => {
    const events = happened([0, opened()], [2, status('closed')])
    expect(fold('resolution', events, policies([FIRST]), at(100))).toMatchObject({ state: 'met', endedMs: at(2) })
  })

  test('goes on where it stopped when it is reopened; the time between is neither elapsed nor paused', () => {
    const events = happened(
      ...([
        [0, opened()],
        [1, status('pending_customer')],
        [2, status('open')],
      ] as [number, Happening][]),
      ...([
        [3, status('resolved')],
        [100, status('open')],
      ] as [number, Happening][]),
    )
    expect(fold('resolution', events, policies([FIRST]), at(99))).toMatchObject({ state: 'met', dueMs: at(5) })
    expect(fold('resolution', events, policies([FIRST]), at(101))).toMatchObject({
      ...{ state: 'running', elapsedMs: 3 * HOUR, pausedMs: HOUR, dueMs: at(102), endedMs: null },
    })
  })

  test('that was late and is reopened is late again at once, and then met late', () => {
    const events = happened([0, opened()], [5, status('resolved')], [8, status('open')], [9, status('resolved')])
    expect(fold('resolution', events, policies([FIRST]), at(8))).toMatchObject({ state: 'breached', breachedMs: at(4) })
    expect(fold('resolution', events, policies([FIRST]), at(10))).toMatchObject({
      state: 'met_late',
      overdueMs: 2 * HOUR,
    })
  })
})

describe('a move', () => {
  test('of the tier holds the new target against all that has elapsed, and keeps the pause', () => {
    const events = happened(
      ...([
        [0, opened()],
        [0.5, status('pending_customer')],
        [1.5, status('open')],
      ] as [number, Happening][]),
      [2, moved({ tier: 'enterprise' })],
    )
    // One hour of two has elapsed.
    const clock = fold('resolution', events, policies([FIRST]), at(2))
    expect(clock).toMatchObject({ dueMs: at(3), targetMs: 2 * HOUR, elapsedMs: HOUR, pausedMs: HOUR })
    expect(clock?.history.at(-1)).toMatchObject({
      ...{ change: 'moved', reason: 'tier: enterprise', dueBeforeMs: at(5), dueAfterMs: at(3), elapsedMs: HOUR },
    })
  })

  test('that leaves nothing breaches at its instant, also while it is paused', () => {
    const running = happened([0, opened()], [2, moved({ priority: 'critical' })])
    expect(fold('resolution', running, policies([FIRST]), at(3))).toMatchObject({
      ...{ state: 'breached', breachedMs: at(2), overdueMs: 2 * HOUR, dueMs: at(2) },
    })
    const paused = happened([0, opened()], [2, status('pending_customer')], [3, moved({ priority: 'critical' })])
    expect(fold('resolution', paused, policies([FIRST]), at(9))).toMatchObject({ state: 'breached', breachedMs: at(3) })
  })

  test('to more time does not undo a breach', () => {
    const events = happened(
      [0, opened('open', { priority: 'critical', tier: 'standard' })],
      [2, moved({ priority: 'high' })],
    )
    const clock = fold('resolution', events, policies([FIRST]), at(3))
    expect(clock).toMatchObject({ state: 'breached', breachedMs: at(1), dueMs: at(4), overdueMs: 0 })
  })

  test('to where no rule has a target cancels, and back goes on with what had elapsed', () => {
    const events = happened([0, opened()], [1, moved({ priority: 'none' })], [5, moved({ priority: 'high' })])
    expect(fold('resolution', events, policies([FIRST]), at(3))).toMatchObject({
      ...{ state: 'cancelled', endedMs: at(1), dueMs: null, terms: null },
    })
    expect(fold('resolution', events, policies([FIRST]), at(6))).toMatchObject({ state: 'running', dueMs: at(8) })
  })
})

describe('a new version of the policy', () => {
  test('measures from its instant on in its own calendar, and recounts nothing', () => {
    const second = { ...OFFICE, fromMs: at(1), minutes: { high: 300 } }
    // One hour around the clock, then 11 to 12 and 13 to 16 in the office.
    const clock = fold('resolution', happened([0, opened()]), policies([FIRST, second]), at(2))
    expect(clock).toMatchObject({
      elapsedMs: 2 * HOUR,
      targetMs: 5 * HOUR,
      dueMs: at(6),
      terms: { policyKey: 'policy@2' },
    })
    expect(clock?.history.at(-1)).toMatchObject({
      ...{ change: 'policy_changed', reason: 'version 2', dueBeforeMs: at(4), dueAfterMs: at(6), eventId: null },
    })
  })

  test('that pauses for other statuses counts what is paused from then on', () => {
    const events = happened([0, opened()], [1, status('pending_vendor')])
    const versions = [
      { ...FIRST, pausing: ['pending_customer'] },
      { ...FIRST, fromMs: at(2) },
    ]
    expect(fold('resolution', events, policies(versions), at(3))).toMatchObject({
      ...{ state: 'paused', elapsedMs: 2 * HOUR, pausedMs: HOUR },
    })
  })

  test('that comes late takes no breach back', () => {
    const versions = [FIRST, { ...FIRST, fromMs: at(5), minutes: { high: 6_000 } }]
    const clock = fold('resolution', happened([0, opened()]), policies(versions), at(6))
    expect(clock).toMatchObject({ state: 'breached', breachedMs: at(4) })
  })
})

describe('a response clock', () => {
  test('ends with our first answer; what the customer writes and later answers change nothing', () => {
    const events = happened([0, opened()], [1, replied('them')], [2, replied('us')], [30, replied('us')])
    expect(fold('first_response', events, policies([FIRST]), at(40))).toMatchObject({ state: 'met', endedMs: at(2) })
  })

  test('ends with the resolution when nobody answered, for good', () => {
    const events = happened([0, opened()], [2, status('resolved')], [50, status('open')])
    expect(fold('first_response', events, policies([FIRST]), at(90))).toMatchObject({ state: 'met', endedMs: at(2) })
    const late = happened([0, opened()], [6, status('resolved')])
    expect(fold('first_response', late, policies([FIRST]), at(90))).toMatchObject({
      state: 'met_late',
      breachedMs: at(4),
    })
  })

  test('of the next response begins with each message that waits after an answer, and counts rounds', () => {
    const events = happened(
      ...([
        [0, opened()],
        [1, replied('us')],
        [2, replied('them')],
        [3, replied('them')],
      ] as [number, Happening][]),
      ...([
        [4, replied('us')],
        [10, replied('them')],
      ] as [number, Happening][]),
    )
    expect(fold('next_response', events, policies([FIRST]), at(1))).toBeNull()
    expect(fold('next_response', events, policies([FIRST]), at(3))).toMatchObject({
      round: 1,
      startMs: at(2),
      dueMs: at(6),
    })
    expect(fold('next_response', events, policies([FIRST]), at(9))).toMatchObject({
      round: 1,
      state: 'met',
      elapsedMs: 2 * HOUR,
    })
    expect(fold('next_response', events, policies([FIRST]), at(20))).toMatchObject({
      ...{ round: 2, startMs: at(10), state: 'breached', breachedMs: at(14) },
    })
  })

  test('of the next response begins with the reopening when the customer wrote before it', () => {
    const events = happened([0, opened()], [1, status('resolved')], [2, replied('them')], [3, status('open')])
    expect(fold('next_response', events, policies([FIRST]), at(2.5))).toBeNull()
    expect(fold('next_response', events, policies([FIRST]), at(4))).toMatchObject({ round: 1, startMs: at(3) })
  })
})

describe('a merge', () => {
  test('cancels the clocks of what was merged away, keeps what was met, and nothing reopens it', () => {
    const events = happened(
      [0, opened()],
      [1, replied('us')],
      [2, { kind: 'merged', into: 'ticket 7' }],
      [3, status('resolved')],
      [4, status('open')],
    )
    expect(fold('resolution', events, policies([FIRST]), at(9))).toMatchObject({
      state: 'cancelled',
      endedMs: at(2),
      dueMs: null,
    })
    expect(fold('first_response', events, policies([FIRST]), at(9))).toMatchObject({ state: 'met', endedMs: at(1) })
  })

  test('leaves the clocks of what it was merged into as they are', () => {
    const log = happened([0, opened()], [1, status('pending_customer')], [2, status('open')])
    const merged = [
      ...log,
      ...happened([3, { kind: 'absorbed', from: 'ticket 8' }]).map((one) => ({ ...one, eventId: 'm' })),
    ]
    const [with_, without] = [merged, log].map((events) => fold('resolution', events, policies([FIRST]), at(3.5)))
    expect({ ...with_, history: [] }).toEqual({ ...without, history: [] })
    expect(with_?.history.at(-1)).toMatchObject({
      change: 'absorbed',
      reason: 'ticket 8',
      dueBeforeMs: at(5),
      dueAfterMs: at(5),
    })
  })
})

describe('warnings and escalations', () => {
  const thresholds = [
    { key: 'warning:25%', kind: 'percent_left', percent: 25 },
    { key: 'before:30m', kind: 'before', ms: 30 * MINUTE },
    { key: 'escalation:1', kind: 'after', ms: HOUR },
  ] as const
  const policy = policies([{ ...OFFICE, thresholds }])

  test('are told of in open time before and after the target', () => {
    const clock = fold('resolution', happened([0, opened()]), policy, at(0))
    // Due at 15:00; an hour of four is left at 14:00.
    expect(clock?.thresholds).toEqual([
      { key: 'warning:25%', reachedMs: null, nextMs: at(4) },
      { key: 'before:30m', reachedMs: null, nextMs: at(4.5) },
      { key: 'escalation:1', reachedMs: null, nextMs: at(6) },
    ])
  })

  test('are reached once, and none is ahead while the clock is paused or met', () => {
    const events = happened(
      [0, opened()],
      [4.25, status('pending_customer')],
      [24, status('open')],
      [24.25, status('resolved')],
    )
    const keysAt = (hours: number) => fold('resolution', events, policy, at(hours))?.thresholds
    expect(keysAt(5)).toMatchObject([{ reachedMs: at(4) }, { reachedMs: null, nextMs: null }, { nextMs: null }])
    // The next morning a quarter of an hour is worked, and a half is left.
    expect(keysAt(24)).toMatchObject([{ reachedMs: at(4) }, { nextMs: at(24.25) }, { nextMs: at(25.75) }])
    expect(keysAt(30)).toMatchObject([{ reachedMs: at(4) }, { nextMs: null }, { nextMs: null }])
  })
})

describe('nothing is measured', () => {
  test('before the opening is known, before it happens, and where no rule has a target', () => {
    expect(fold('resolution', happened([0, status('open')]), policies([FIRST]), at(1))).toBeNull()
    expect(fold('resolution', happened([2, opened()]), policies([FIRST]), at(1))).toBeNull()
    const unknown = happened([0, opened('open', { priority: 'none', tier: 'standard' })])
    expect(fold('resolution', unknown, policies([FIRST]), at(1))).toBeNull()
  })
})
