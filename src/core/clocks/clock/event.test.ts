import { describe, expect, test } from 'vitest'
import { fold, HOUR, MINUTE, policies } from './clock.fixture.ts'
import { type ClockEvent, placeEvents, SKEW } from './event.ts'

const NOON = Date.parse('2026-03-02T12:00:00Z')
const opened = (atMs: number, receivedMs = atMs): ClockEvent => ({
  ...{ kind: 'opened', status: 'open', attributes: { priority: 'high' }, eventId: 'opening', atMs, receivedMs },
})
const status = (name: string, atMs: number, more: Partial<ClockEvent> = {}) =>
  ({ kind: 'status', status: name, eventId: `${name}-${atMs}`, atMs, receivedMs: atMs, ...more }) as ClockEvent
const placed = (...events: ClockEvent[]) =>
  placeEvents(events).map(({ event, atMs, flag }) => [event.eventId, atMs - NOON, flag])

describe('the instant from which an event counts', () => {
  test('is the one it names, however late it is heard of', () => {
    const heardLate = status('pending_customer', NOON + HOUR, { receivedMs: NOON + 300 * 24 * HOUR })
    expect(placed(opened(NOON), heardLate)[1]?.slice(1)).toEqual([HOUR, null])
  })

  test('is the one of its arrival when it names the future, but for a few minutes of clocks that differ', () => {
    const ahead = (ms: number) => status('open', NOON + ms, { receivedMs: NOON })
    expect(placed(opened(NOON), ahead(SKEW.futureMs))[1]?.slice(1)).toEqual([5 * MINUTE, null])
    expect(placed(opened(NOON), ahead(SKEW.futureMs + 1))[1]?.slice(1)).toEqual([0, 'future'])
  })

  test('lies at most a year before its arrival', () => {
    const received = NOON + SKEW.pastMs + HOUR
    expect(placed(opened(NOON, received))).toEqual([['opening', HOUR, 'too_old']])
  })

  test('is the opening for what is dated before it: an answer from before is one at once', () => {
    const early: ClockEvent = { kind: 'replied', by: 'us', eventId: 'r', atMs: NOON - HOUR, receivedMs: NOON }
    expect(placed(early, opened(NOON))).toEqual([
      ['opening', 0, null],
      ['r', 0, 'before_opening'],
    ])
    const policy = policies([{ fromMs: 0, minutes: { high: 60 } }])
    expect(fold('first_response', [early, opened(NOON)], policy, NOON + HOUR)).toMatchObject({
      state: 'met',
      elapsedMs: 0,
    })
  })
})

describe('the order of events', () => {
  test('at one instant is that of their source, then of their kinds, then of their ids, never of their arrival', () => {
    const events = [
      opened(NOON),
      status('open', NOON + HOUR, { eventId: 'b', order: 2 }),
      status('resolved', NOON + HOUR, { eventId: 'c', order: 1 }),
      status('pending_vendor', NOON + 2 * HOUR, { eventId: 'z' }),
      status('pending_customer', NOON + 2 * HOUR, { eventId: 'y' }),
      {
        kind: 'moved',
        attributes: { tier: 'free' },
        eventId: 'zz',
        atMs: NOON + 2 * HOUR,
        receivedMs: NOON + 2 * HOUR,
      } as ClockEvent,
    ]
    const ids = (list: ClockEvent[]) => placeEvents(list).map(({ event }) => event.eventId)
    expect(ids(events)).toEqual(['opening', 'c', 'b', 'zz', 'y', 'z'])
    expect(ids(events.toReversed())).toEqual(ids(events))
  })

  test('has each event once, as it was heard first', () => {
    const [first, again] = [
      status('open', NOON, { eventId: 'e' }),
      status('closed', NOON, { eventId: 'e', receivedMs: NOON + 1 }),
    ]
    for (const list of [
      [first, again],
      [again, first],
    ]) {
      expect(placeEvents([opened(NOON), ...list]).map(({ event }) => event)).toEqual([opened(NOON), first])
    }
  })

  test('begins with the first opening; without one there is nothing', () => {
    expect(placeEvents([status('open', NOON)])).toEqual([])
    const second = { ...opened(NOON + HOUR), eventId: 'opened again' }
    expect(placed(second, opened(NOON)).map(([id]) => id)).toEqual(['opening', 'opened again'])
  })
})
