import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DONE, fold, MINUTE, type PolicyVersion, policies } from './clock.fixture.ts'
import { type ClockEvent, placeEvents } from './event.ts'
import { foldClock } from './fold-clock.ts'
import { modelClock } from './minute-model.fixture.ts'
import { CLOCK_TARGETS } from './terms.ts'

/** Thursday evening before 1 May, a holiday of the office: nights, a holiday and a weekend lie within a log. */
const START = Date.parse('2026-04-30T06:00:00Z')
const SPAN_MINUTES = 3 * 1_440
const STATUSES = ['open', 'in_progress', 'pending_customer', 'pending_vendor', 'resolved', 'closed']

const minute = fc.oneof(
  // Often at the same instants, and at those where something opens or closes.
  fc.constantFrom(0, 60, 120, 180, 240, 330, 420, 570, 585, 1_440),
  fc.integer({ min: -30, max: SPAN_MINUTES }),
)
const priority = fc.constantFrom('critical', 'high', 'low', 'none')
const tier = fc.constantFrom('enterprise', 'standard')

const happening = fc.oneof(
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('status' as const), status: fc.constantFrom(...STATUSES) }) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('replied' as const),
      by: fc.constantFrom('us' as const, 'them' as const),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('moved' as const),
      attributes: fc.oneof(fc.record({ priority }), fc.record({ tier })),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('absorbed' as const), from: fc.constant('other') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('merged' as const), into: fc.constant('other') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancelled' as const), reason: fc.constant('deleted') }) },
)

/** In whole minutes, each heard of at some time after it happened. */
const events: fc.Arbitrary<ClockEvent[]> = fc
  .tuple(
    fc.record({
      status: fc.constantFrom('open', 'open', 'open', 'pending_customer', 'resolved'),
      attributes: fc.record({ priority, tier }),
    }),
    fc.array(fc.tuple(minute, happening, fc.integer({ min: 0, max: 3_000 })), { maxLength: 14 }),
    fc.integer({ min: 0, max: 3_000 }),
  )
  .map(([opening, others, lateMinutes]) => [
    { kind: 'opened', ...opening, eventId: 'opening', atMs: START, receivedMs: START + lateMinutes * MINUTE },
    ...others.map(([at, what, late], place): ClockEvent => {
      const atMs = START + at * MINUTE
      return { ...what, eventId: `event-${place}`, atMs, receivedMs: atMs + late * MINUTE }
    }),
  ])

const version = (from: fc.Arbitrary<number>): fc.Arbitrary<PolicyVersion> =>
  fc.record({
    fromMs: from.map((at) => START + at * MINUTE),
    minutes: fc.record(
      {
        critical: fc.integer({ min: 2, max: 60 }),
        high: fc.integer({ min: 2, max: 600 }),
        low: fc.integer({ min: 2, max: 2_000 }),
      },
      { requiredKeys: ['critical', 'high'] },
    ),
    multipliers: fc.constantFrom({ enterprise: 0.5, standard: 1 }, { enterprise: 1, standard: 2 }).filter(() => true),
    calendar: fc.constantFrom('always' as const, 'office' as const, 'nights' as const),
    pausing: fc.constantFrom([], ['pending_customer'], ['pending_customer', 'pending_vendor']),
    thresholds: fc.constant([
      { key: 'warning', kind: 'percent_left' as const, percent: 50 },
      { key: 'escalation', kind: 'after' as const, ms: 30 * MINUTE },
    ]),
  })
/** Targets are whole minutes also when they are halved. */
const even = (one: PolicyVersion): PolicyVersion => ({
  ...one,
  minutes: Object.fromEntries(Object.entries(one.minutes).map(([name, minutes]) => [name, (minutes ?? 0) * 2])),
})
const versions = fc
  .tuple(version(fc.constant(-10_000)), fc.array(version(minute), { maxLength: 3 }))
  .map(([first, others]) => [first, ...others].map(even))
  // Two versions from one instant would be one.
  .filter((all) => new Set(all.map(({ fromMs }) => fromMs)).size === all.length)

const target = fc.constantFrom(...CLOCK_TARGETS)
const now = fc.integer({ min: 0, max: SPAN_MINUTES + 600 }).map((at) => START + at * MINUTE)

test('a clock is what a walk by the minute through the whole log finds, whatever happens: no pause is lost, nothing counts twice', () => {
  fc.assert(
    fc.property(target, events, versions, now, (which, all, policy, nowMs) => {
      const { termsAt } = policies(policy)
      const clock = fold(which, all, policies(policy), nowMs)
      const model = modelClock(which, placeEvents(all), termsAt, nowMs)
      if (model === null) expect(clock).toBeNull()
      else expect(clock).toMatchObject(model)
    }),
    { numRuns: Number(process.env.CLOCK_RUNS ?? 400) },
  )
})

test('whatever order events arrive in, and how often, replaying them gives the same clock', () => {
  const arrivals = events.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 })),
  )
  fc.assert(
    fc.property(target, arrivals, versions, now, (which, [all, arrived], policy, nowMs) => {
      expect(fold(which, arrived, policies(policy), nowMs)).toEqual(fold(which, all, policies(policy), nowMs))
    }),
    { numRuns: 400 },
  )
})

test('what is due, and when it is told of, comes true when nothing else happens', () => {
  fc.assert(
    fc.property(target, events, versions, (which, all, policy) => {
      const { termsAt, changes } = policies(policy)
      const placed = placeEvents(all)
      const lastMs = Math.max(...placed.map(({ atMs }) => atMs), ...changes.map(({ atMs }) => atMs))
      const at = (nowMs: number) => foldClock({ target: which, events: placed, changes, termsAt, done: DONE }, nowMs)
      const clock = at(lastMs)
      if (clock?.state !== 'running' || clock.dueMs === null) return
      const { dueMs } = clock
      expect(at(dueMs - 1)).toMatchObject({ state: 'running', dueMs, startMs: clock.startMs })
      expect(at(dueMs)).toMatchObject({ state: 'breached', breachedMs: dueMs, dueMs, overdueMs: 0 })
      expect(at(dueMs + 90 * 86_400_000)).toMatchObject({ state: 'breached', breachedMs: dueMs, dueMs })
      for (const { key, nextMs } of clock.thresholds) {
        if (nextMs === null) continue
        const before = at(nextMs - 1)?.thresholds.find((threshold) => threshold.key === key)
        const then = at(nextMs)?.thresholds.find((threshold) => threshold.key === key)
        expect([before?.reachedMs, then?.reachedMs]).toEqual([null, nextMs])
      }
    }),
    { numRuns: 400 },
  )
})

test('a clock measured in two goes is the clock measured in one: what is past does not change by looking later', () => {
  fc.assert(
    fc.property(target, events, versions, now, now, (which, all, policy, one, other) => {
      const [earlierMs, laterMs] = one < other ? [one, other] : [other, one]
      const earlier = fold(which, all, policies(policy), earlierMs)
      const later = fold(which, all, policies(policy), laterMs)
      const known = earlier?.history.filter(({ atMs }) => atMs < earlierMs) ?? []
      expect(later?.history.slice(0, known.length) ?? []).toEqual(known)
    }),
    { numRuns: 300 },
  )
})
