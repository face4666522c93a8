import { expect, test } from 'vitest'
import {
  ALWAYS,
  type ClockEvent,
  calendarDocument,
  foldClock,
  openCalendar,
  placeEvents,
  type SupposedClock,
} from '../../../core/clocks/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { compilePolicy } from './document/compile-policy.ts'
import { defaultPolicy } from './document/default-policy.ts'
import type { Policy } from './document/policy.ts'
import { readPolicy } from './document/read-policy.ts'
import { changeOf, EXAMINED_MAX, previewPolicy } from './preview-policy.ts'

const MINUTE = 60_000
const T0 = Date.parse('2026-03-02T09:00:00Z')
const NOW = T0 + 60 * MINUTE
const read = (document: unknown): Policy => {
  const result = readPolicy(document, new Set())
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.policy
}
const within = (target: unknown, more: object = {}) =>
  read({ rules: [{ name: 'a', targets: { resolution: target } }], ...more })
const status = (minutes: number, name: string): ClockEvent => {
  const atMs = T0 + minutes * MINUTE
  return { kind: 'status', status: name, eventId: `status ${minutes}`, atMs, receivedMs: atMs }
}

/** A ticket opened an hour ago, by the policy that holds and by another from now on. */
function supposed(held: Policy, other: Policy, events: ClockEvent[] = [], subjectId = 'one'): SupposedClock {
  const opening: ClockEvent = { kind: 'opened', status: 'open', attributes: {}, eventId: 'o', atMs: T0, receivedMs: T0 }
  const by = (policies: Policy[]) => {
    const own = policies.map((policy, place) => ({
      ...{ version: place + 1, policy, calendarIds: {}, fromMs: place === 0 ? 0 : NOW },
    }))
    const always = openCalendar(ALWAYS)
    const terms = compilePolicy({
      ...{ own, always, openOwn: openCalendar, calendars: { at: () => null, changesOf: () => [] } },
      defaults: [{ version: 1, fromMs: 0, policy: defaultPolicy() }],
    })
    const log = placeEvents([opening, ...events])
    return foldClock({ target: 'resolution', events: log, done: new Set(['resolved']), ...terms }, NOW)
  }
  return { subjectId, target: 'resolution', held: by([held]), supposed: by([held, other]) }
}
const due = (minutes: number) => T0 + minutes * MINUTE
const never = within(
  { within: 'P90D', calendar: 'rare' },
  {
    calendars: {
      rare: calendarDocument.parse({
        zone: 'UTC',
        special_days: [{ date: '2030-01-01', intervals: [{ start: '09:00', end: '10:00' }] }],
      }),
    },
  },
)

test.each<[string, SupposedClock, object | null]>([
  [
    'more time',
    supposed(within(90), within(120)),
    { effect: 'later', dueBeforeMs: due(90), dueAfterMs: due(120), breachesAtOnce: false },
  ],
  [
    'less time',
    supposed(within(120), within(90)),
    { effect: 'earlier', dueBeforeMs: due(120), dueAfterMs: due(90), breachesAtOnce: false },
  ],
  [
    'less time than has elapsed',
    supposed(within(120), within(30)),
    { effect: 'earlier', breachesAtOnce: true, dueAfterMs: NOW },
  ],
  ['the same under another name', supposed(within(90), within(90)), { effect: 'unchanged', breachesAtOnce: false }],
  [
    'more time for what is late, and not enough',
    supposed(within(30), within(45)),
    { effect: 'unchanged', breachesAtOnce: false },
  ],
  [
    'enough time for what is late',
    supposed(within(30), within(120)),
    { effect: 'later', dueAfterMs: due(120), breachesAtOnce: false },
  ],
  [
    'no target any more',
    supposed(within(90), within('none')),
    { effect: 'lost', dueBeforeMs: due(90), dueAfterMs: null },
  ],
  ['a target where there was none', supposed(within('none'), within(90)), { effect: 'gained', dueBeforeMs: null }],
  ['no time at all that is open', supposed(within(90), never), { effect: 'later', dueAfterMs: null }],
  [
    'less time for what is paused',
    supposed(within(120), within(90), [status(50, 'pending_customer')]),
    { effect: 'earlier', dueBeforeMs: due(130), dueAfterMs: due(100), breachesAtOnce: false },
  ],
  ['anything for what was met', supposed(within(120), within(30), [status(50, 'resolved')]), null],
])('%s is told as what it is', (_, clock, change) => {
  if (change === null) expect(changeOf(clock)).toBeNull()
  else expect(changeOf(clock)).toMatchObject(change)
})

test('the worst comes first, counts are of all, and only what is shown is named', async () => {
  const clocks = [
    supposed(within(120), within(130), [], 'later'),
    supposed(within(120), within(90), [], 'earlier'),
    supposed(within(120), within(30), [], 'breaching'),
    supposed(within(90), within(90), [], 'unchanged'),
  ]
  const asked: string[][] = []
  const preview = await previewPolicy(
    {
      supposing: async () => ({ key: '', termsAt: () => null, changes: [] }),
      suppose: async (_tx, _tenantId, kind, { limit }, visit) => {
        expect([kind, limit]).toEqual(['ticket', EXAMINED_MAX])
        for (const clock of clocks) visit(clock)
        return { nowMs: NOW, open: 9, examined: 4 }
      },
      describe: async (_tx, _tenantId, _kind, ids) => {
        asked.push([...ids])
        return new Map(ids.map((id) => [id, { name: `ticket ${id}`, facts: { external_id: id } }]))
      },
    },
    {} as Tx,
    'tenant' as TenantId,
    { ready: { form: 'signalbox', written: '', policy: within(5), calendarIds: {} }, limit: 2 },
  )
  expect(preview).toMatchObject({
    ...{ openTickets: 9, examinedTickets: 4, changedTickets: 3, breachingTickets: 1, breachingClocks: 1 },
    effects: { unchanged: 1, earlier: 2, later: 1, gained: 0, lost: 0 },
  })
  expect(preview.first.map(({ name }) => name)).toEqual(['ticket breaching', 'ticket earlier'])
  expect(asked).toEqual([['breaching', 'earlier']])
})
