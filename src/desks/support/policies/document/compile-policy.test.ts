import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ALWAYS,
  type ClockEvent,
  calendarDocument,
  foldClock,
  openCalendar,
  placeEvents,
  workingTimeBetween,
} from '../../../../core/clocks/index.ts'
import { type Calendars, compilePolicy, type PolicyVersions } from './compile-policy.ts'
import { defaultPolicy } from './default-policy.ts'
import { readPolicy } from './read-policy.ts'

const MINUTE = 60_000
const T0 = Date.parse('2026-03-02T09:00:00Z')
const at = (minutes: number) => T0 + minutes * MINUTE
const always = openCalendar(ALWAYS)
const hours = (start: string, end: string) => {
  const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
  const weekly = Object.fromEntries(days.map((day) => [day, [{ start, end }]]))
  return calendarDocument.parse({ zone: 'UTC', weekly })
}
const policyOf = (document: unknown) => {
  const result = readPolicy(document, new Set(['Office']))
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.policy
}
const within = (target: unknown, when: object = {}) =>
  policyOf({ rules: [{ name: 'only', when, targets: { resolution: target } }] })
const NO_CALENDARS: Calendars = { at: () => null, changesOf: () => [] }
const compiled = (versions: Partial<PolicyVersions>) =>
  compilePolicy({
    ...{ own: [], defaults: [{ version: 1, fromMs: at(-1_000), policy: defaultPolicy() }], calendars: NO_CALENDARS },
    ...{ openOwn: openCalendar, always, ...versions },
  })
const own = (version: number, minutes: number, policy: ReturnType<typeof within> | null, calendarIds = {}) => ({
  ...{ version, fromMs: at(minutes), policy, calendarIds },
})
const OFFICE_ID = '0198b4c2-0000-7000-8000-000000000001'
const TICKET = { priority: 'critical', tier: 'business' }
const seen = (versions: Partial<PolicyVersions>, minutes: number, attributes = TICKET) => {
  const terms = compiled(versions).termsAt({ target: 'resolution', atMs: at(minutes), attributes })
  return terms && [terms.policyKey, terms.calendarKey, terms.targetMs / MINUTE]
}

describe('what holds at a moment', () => {
  test('is the tenant’s version of then, the operator’s where the tenant has none, and the first one before all', () => {
    const versions = {
      own: [own(2, 200, within(20)), own(1, 100, within(10)), own(3, 300, null)],
      defaults: [
        { version: 1, fromMs: at(-50), policy: within(1) },
        { version: 2, fromMs: at(150), policy: within(2) },
      ],
    }
    const keys = [-90, -50, 99, 100, 160, 200, 299.999, 300].map((minutes) => seen(versions, minutes)?.[0])
    const [ours, theirs] = ['own', 'default']
    expect(keys).toEqual([
      ...[`${theirs}@1/only`, `${theirs}@1/only`, `${theirs}@1/only`, `${ours}@1/only`, `${ours}@1/only`],
      ...[`${ours}@2/only`, `${ours}@2/only`, `${theirs}@2/only`],
    ])
    expect(compiled(versions).changes.map(({ atMs, reason }) => [(atMs - T0) / MINUTE, reason])).toEqual([
      [100, 'version 1 of the policy'],
      [200, 'version 2 of the policy'],
      [300, 'version 2 of the operator’s policy'],
    ])
  })

  test('is base × multiplier of the moment, to the second', () => {
    expect(seen({}, 0)).toEqual(['default@1/critical', 'always@1', 180])
    expect(seen({}, 0, { priority: 'critical', tier: 'none' })?.[2]).toBe(240)
    const { termsAt } = compiled({})
    const of = (tier: string) =>
      termsAt({ target: 'first_response', atMs: T0, attributes: { priority: 'critical', tier } })?.targetMs
    expect([of('enterprise'), of('business')]).toEqual([450_000, 675_000])
  })

  test('is nothing when no rule takes the ticket, or the one that does has no such target', () => {
    expect(seen({}, 0, { priority: 'none', tier: 'free' })).toBeNull()
    expect(compiled({}).termsAt({ target: 'next_response', atMs: T0, attributes: TICKET })).toBeNull()
    expect(seen({ own: [own(1, 0, within('none'))] }, 0)).toBeNull()
  })

  test('is measured by the calendar’s version of then, by the one that the name stood for, and by the policy’s own before it', () => {
    const office = openCalendar(hours('09:00', '17:00'))
    const calendars: Calendars = {
      at: (id, atMs) => (id === OFFICE_ID ? { calendar: office, key: `office@${atMs < at(500) ? 1 : 2}` } : null),
      changesOf: (ids) => ids.map((reason) => ({ atMs: at(500), change: 'calendar_changed', reason })),
    }
    const policy = within({ within: 60, calendar: 'Office' })
    const versions = { calendars, own: [own(1, 0, policy, { Office: OFFICE_ID })] }
    expect([0, 60, 500].map((minutes) => seen(versions, minutes)?.[1])).toEqual(['office@1', 'office@1', 'office@2'])
    expect(compiled(versions).changes).toMatchObject([
      { atMs: at(0), change: 'policy_changed' },
      { atMs: at(500), change: 'calendar_changed', reason: OFFICE_ID },
    ])
    const bringing = policyOf({
      rules: [{ name: 'only', targets: { resolution: { within: 60, calendar: 'Office' } } }],
      calendars: { Office: hours('10:00', '11:00') },
    })
    expect(seen({ calendars, own: [own(4, 0, bringing, {})] }, 0)?.[1]).toBe('own@4/Office')
    expect(seen({ own: [own(1, 0, policy, { Office: OFFICE_ID })] }, 0)?.[1]).toBe('always@1')
  })

  test('tells whom each warning and level is for, under a key that other versions have as well', () => {
    const policy = within({
      ...{ within: 60, pausing: ['pending_vendor'], warnings: ['50%', { left: 'PT10M', channels: ['#soon'] }] },
      escalations: [{ level: 2, after: 'PT5M', roles: ['manager'] }],
    })
    const terms = compiled({ own: [own(1, 0, policy)] }).termsAt({ target: 'resolution', atMs: T0, attributes: {} })
    expect(terms?.pausing).toEqual(new Set(['pending_vendor']))
    expect(terms?.thresholds).toMatchObject([
      { key: 'warning:50%', kind: 'percent_left', percent: 50 },
      { key: 'warning:600s', kind: 'before', ms: 600_000, tells: { roles: [], channels: ['#soon'] } },
      { key: 'escalation:2', level: 2, kind: 'after', ms: 300_000, tells: { roles: ['manager'], channels: [] } },
    ])
  })
})

const STATUSES = ['open', 'in_progress', 'pending_customer', 'pending_vendor', 'resolved', 'closed']
const DONE = new Set(['resolved', 'closed'])
const minute = fc.integer({ min: 0, max: 3_000 })
const happening = fc.oneof(
  fc.record({ kind: fc.constant('status' as const), status: fc.constantFrom(...STATUSES) }),
  fc.record({
    kind: fc.constant('moved' as const),
    attributes: fc.record({
      priority: fc.constantFrom('critical', 'low'),
      tier: fc.constantFrom('enterprise', 'free'),
    }),
  }),
  fc.record({ kind: fc.constant('absorbed' as const), from: fc.constant('another') }),
)
const logs = fc.array(fc.tuple(minute, happening), { maxLength: 12 }).map((all): ClockEvent[] => [
  { kind: 'opened', status: 'open', attributes: TICKET, eventId: 'opened', atMs: T0, receivedMs: T0 },
  ...all.map(([minutes, what], place): ClockEvent => {
    return { ...what, eventId: `event-${place}`, atMs: at(minutes), receivedMs: at(minutes) }
  }),
])
/** Policies that differ in what they ask for and not in when a ticket is paused or open: `always`, and the same pausing statuses. */
const changesOfPolicy = fc
  .uniqueArray(fc.tuple(minute, fc.integer({ min: 1, max: 5_000 })), { maxLength: 6, selector: ([minutes]) => minutes })
  .map((all) => all.map(([minutes, target], place) => own(place + 1, minutes, within(target))))

describe('a policy that changes while a ticket is open', () => {
  const fold = (events: ClockEvent[], versions: Partial<PolicyVersions>, nowMs: number) =>
    foldClock({ target: 'resolution', events: placeEvents(events), done: DONE, ...compiled(versions) }, nowMs)

  test('keeps what has elapsed and was paused, to the millisecond, through reopening, merging and moves', () => {
    fc.assert(
      fc.property(logs, changesOfPolicy, minute, (events, owns, now) => {
        const kept = fold(events, { own: owns }, at(now))
        const untouched = fold(events, { own: [own(1, -1_000, within(144_000))] }, at(now))
        expect([kept?.elapsedMs, kept?.pausedMs]).toEqual([untouched?.elapsedMs, untouched?.pausedMs])
      }),
      { numRuns: 300, seed: 20_261_128 },
    )
  })

  test('measures each piece by the calendar of then and holds all of it against the target of now', () => {
    const office = openCalendar(hours('09:00', '10:00'))
    const bringing = (document: ReturnType<typeof hours>) =>
      policyOf({
        rules: [{ name: 'only', targets: { resolution: { within: 600, calendar: 'mine' } } }],
        calendars: { mine: document },
      })
    fc.assert(
      fc.property(minute, minute, (change, now) => {
        const versions = { own: [own(1, -1_000, within(600)), own(2, change, bringing(office.document))] }
        const clock = fold([...logless], versions, at(now))
        const before = Math.min(change, now) * MINUTE
        const after = now > change ? workingTimeBetween(office, at(change), at(now)) : 0
        expect(clock?.elapsedMs).toBe(before + after)
        expect(clock?.targetMs).toBe(600 * MINUTE)
      }),
      { numRuns: 200, seed: 20_261_128 },
    )
  })

  test('leaves a line in the clock’s history with the reason and both deadlines', () => {
    const clock = fold(logless, { own: [own(1, -100, within(60)), own(2, 10, within(90))] }, at(20))
    expect(clock?.history).toMatchObject([
      { change: 'started' },
      {
        change: 'policy_changed',
        reason: 'version 2 of the policy',
        dueBeforeMs: at(60),
        dueAfterMs: at(90),
        atMs: at(10),
      },
    ])
  })

  test('gives the same answer whatever was asked before and in whatever order versions are given', () => {
    const asked = fc.record({ atMs: minute.map(at), priority: fc.constantFrom('critical', 'low', 'none') })
    fc.assert(
      fc.property(changesOfPolicy, fc.array(asked, { minLength: 1, maxLength: 10 }), (owns, questions) => {
        const [one, other] = [compiled({ own: owns }), compiled({ own: owns.toReversed() })]
        const ask = ({ termsAt }: typeof one, { atMs, priority }: (typeof questions)[number]) =>
          termsAt({ target: 'resolution', atMs, attributes: { priority, tier: 'free' } })
        const answers = questions.map((question) => ask(one, question))
        const reversed = questions.toReversed().map((question) => ask(other, question))
        expect(reversed.toReversed()).toEqual(answers)
        expect(one.changes).toEqual(other.changes)
      }),
      { numRuns: 200, seed: 20_261_128 },
    )
  })
})

const logless: ClockEvent[] = [
  { kind: 'opened', status: 'open', attributes: TICKET, eventId: 'opened', atMs: T0, receivedMs: T0 },
]
