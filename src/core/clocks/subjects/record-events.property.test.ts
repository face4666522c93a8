import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { testDatabase } from '../../../../test/harness/database.ts'
import { MINUTE } from '../clock/clock.fixture.ts'
import { clockKind, someTenant } from './clock-kind.fixture.ts'
import { type NewClockEvent, recordEvents } from './record-events.ts'

const db = testDatabase({ max: 8 })
const RUNS = Number(process.env.CLOCK_RUNS ?? 60)
const SPAN_MINUTES = 3 * 1_440
const STATUSES = ['open', 'in_progress', 'pending_customer', 'pending_vendor', 'resolved', 'closed']

const happening = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('status' as const), status: fc.constantFrom(...STATUSES) }) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('replied' as const),
      by: fc.constantFrom('us' as const, 'them' as const),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('moved' as const),
      attributes: fc.record({ priority: fc.constantFrom('high', 'low', 'none') }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('merged' as const), into: fc.constant('another') }) },
)

/** What happened, as minutes after the opening, and in which batches it is heard of: an event may be in several, and none before its opening. */
const log = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(0, 60, 120), fc.integer({ min: -10, max: SPAN_MINUTES })), happening), {
    maxLength: 12,
  })
  .chain((happenings) =>
    fc.record({
      happenings: fc.constant(happenings),
      batches: fc.array(fc.array(fc.integer({ min: 0, max: happenings.length }), { maxLength: 6 }), { maxLength: 5 }),
    }),
  )

test('events that come late, disordered, repeatedly and from several writers at once make the clocks of those that come in order', async () => {
  const tenantId = await someTenant(db.database)
  const startMs = Date.now() - (SPAN_MINUTES + 60) * MINUTE
  const versions = [
    { fromMs: 0, minutes: { high: 60, low: 2_000 }, calendar: 'office' as const },
    { fromMs: startMs + 1_000 * MINUTE, minutes: { high: 600, low: 900 }, pausing: ['pending_customer'] },
  ]
  const kind = clockKind(versions)
  const record = (subjects: { subjectId: string; events: NewClockEvent[] }[]) =>
    db.database.withTenant(tenantId, (tx) => recordEvents(tx, { tenantId, kind }, subjects))
  const rowsOf = (subjectId: string) =>
    db.database.withTenant(tenantId, async (tx) => {
      const { rows: clocks } = await sql<Record<string, unknown>>`
        select * from clocks where subject_id = ${subjectId} order by target, round`.execute(tx)
      const { rows: subjects } = await sql<Record<string, unknown>>`
        select * from clock_subjects where subject_id = ${subjectId}`.execute(tx)
      // When it was settled is when that was heard of.
      return [...clocks, ...subjects].map(({ subject_id: _, settled_at, ...row }) => ({
        ...row,
        isSettled: settled_at !== null,
      }))
    })

  const inAnyOrder = async ({ happenings, batches }: typeof log extends fc.Arbitrary<infer T> ? T : never) => {
    const [one, other] = [randomUUID(), randomUUID()]
    const opening: NewClockEvent = {
      ...{ eventId: 'opening', atMs: startMs, kind: 'opened', status: 'open', attributes: { priority: 'high' } },
    }
    const events = [
      opening,
      ...happenings.map(([at, what], place) => ({ ...what, eventId: `event ${place}`, atMs: startMs + at * MINUTE })),
    ]
    await record([{ subjectId: one, events }])
    const deliveries = batches.map((places) => places.flatMap((place) => events[place] ?? []))
    await Promise.all([...deliveries, events.toReversed()].map((some) => record([{ subjectId: other, events: some }])))
    // Measured at the same moment: nothing but the order of what was heard differs.
    await record([
      { subjectId: one, events: [] },
      { subjectId: other, events: [] },
    ])
    expect(await rowsOf(other)).toEqual(await rowsOf(one))
  }
  await fc.assert(fc.asyncProperty(log, inAnyOrder), { numRuns: RUNS, seed: 20_261_128 })
})
