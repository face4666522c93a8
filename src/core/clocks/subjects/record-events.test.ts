import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { silent, testDatabase } from '../../../../test/harness/database.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { openListener } from '../../../platform/database/index.ts'
import { MINUTE } from '../clock/clock.fixture.ts'
import { ago, clockKind, opened, someTenant } from './clock-kind.fixture.ts'
import { readClocks } from './read-clocks.ts'
import { recordEvents, type SubjectEvents } from './record-events.ts'
import { clockStateNow, subjectStateNow } from './state-now.ts'
import { CLOCKS_CHANNEL } from './write-measured.ts'

const db = testDatabase()
const kind = clockKind([{ fromMs: 0, minutes: { high: 60 } }])

const record = (tenantId: TenantId, subjects: SubjectEvents[]) =>
  db.database.withTenant(tenantId, (tx) => recordEvents(tx, { tenantId, kind }, subjects))
const read = async (tenantId: TenantId, subjectId: string) =>
  (await db.database.withTenant(tenantId, (tx) => readClocks(tx, { tenantId, kind }, [subjectId]))).get(subjectId)
const rowsOf = (tenantId: TenantId, subjectId: string) =>
  db.database.withTenant(tenantId, async (tx) => {
    const { rows } = await sql<Record<string, unknown>>`
      select target, round, is_last, ${clockStateNow()} as state, due_at, started_at, elapsed_ms from clocks
      where kind = 'thing' and subject_id = ${subjectId} order by target, round`.execute(tx)
    return rows
  })
const stateOf = (tenantId: TenantId, subjectId: string) =>
  db.database.withTenant(tenantId, async (tx) => {
    const { rows } = await sql<{ state: string }>`
      select ${subjectStateNow()} as state from clock_subjects where kind = 'thing' and subject_id = ${subjectId}`.execute(
      tx,
    )
    return rows[0]?.state
  })

describe('recording events', () => {
  it('writes a row for each target that has something to measure, due when its target is used up', async () => {
    const [tenant, subjectId] = [await someTenant(db.database), randomUUID()]
    const opening = opened(10)
    const outcome = await record(tenant, [{ subjectId, events: [opening] }])
    expect(outcome.get(subjectId)).toEqual({ taken: 1, known: 0, refused: 0 })
    const rows = await rowsOf(tenant, subjectId)
    expect(rows.map(({ target, state }) => [target, state])).toEqual([
      ['first_response', 'running'],
      ['resolution', 'running'],
    ])
    expect(rows[0]?.due_at).toEqual(new Date(opening.atMs + 60 * MINUTE))
    expect(await stateOf(tenant, subjectId)).toBe('on_track')
  })

  it('takes an event once, however often it comes', async () => {
    const [tenant, subjectId] = [await someTenant(db.database), randomUUID()]
    const events = [opened(10), ago(5, { kind: 'replied', by: 'us' })]
    await record(tenant, [{ subjectId, events }])
    const again = await record(tenant, [{ subjectId, events: [...events, ...events] }])
    expect(again.get(subjectId)).toEqual({ taken: 0, known: 4, refused: 0 })
    expect((await read(tenant, subjectId))?.events).toHaveLength(2)
  })

  it('keeps each round of answers as a row of its own', async () => {
    const [tenant, subjectId] = [await someTenant(db.database), randomUUID()]
    const events = [
      opened(50),
      ...[40, 30, 20].map((minutes) => ago(minutes, { kind: 'replied', by: 'us' })),
      ...[35, 25, 10].map((minutes) => ago(minutes, { kind: 'replied', by: 'them' })),
    ]
    await record(tenant, [{ subjectId, events }])
    const rounds = (await rowsOf(tenant, subjectId)).filter(({ target }) => target === 'next_response')
    expect(rounds.map(({ round, state, is_last }) => [round, state, is_last])).toEqual([
      [1, 'met', false],
      [2, 'met', false],
      [3, 'running', true],
    ])
  })

  it('says breached from the deadline on although nobody has looked since', async () => {
    const [tenant, subjectId] = [await someTenant(db.database), randomUUID()]
    await record(tenant, [{ subjectId, events: [opened(50)] }])
    expect(await stateOf(tenant, subjectId)).toBe('on_track')
    await db.database.withTenant(tenant, (tx) =>
      sql`update clocks set due_at = due_at - interval '20 minutes'`
        .execute(tx)
        .then(() => sql`update clock_subjects set breached_from = breached_from - interval '20 minutes'`.execute(tx)),
    )
    expect((await rowsOf(tenant, subjectId)).map(({ state }) => state)).toEqual(['breached', 'breached'])
    expect(await stateOf(tenant, subjectId)).toBe('breached')
  })

  it('keeps a thousand events, and a hundred more that end it: the rest is refused and counted', async () => {
    const [tenant, subjectId] = [await someTenant(db.database), randomUUID()]
    const replies = Array.from({ length: 1_005 }, (_, place) => ago(50 - place / 100, { kind: 'replied', by: 'them' }))
    const first = await record(tenant, [{ subjectId, events: [opened(55), ...replies] }])
    expect(first.get(subjectId)).toEqual({ taken: 1_000, known: 0, refused: 6 })
    const last = await record(tenant, [{ subjectId, events: [ago(1, { kind: 'status', status: 'resolved' })] }])
    expect(last.get(subjectId)).toEqual({ taken: 1, known: 0, refused: 0 })
    expect(await stateOf(tenant, subjectId)).toBe('met')
    const counted = await db.database.withTenant(tenant, async (tx) => {
      const { rows } = await sql`select events, events_refused from clock_subjects`.execute(tx)
      return rows
    })
    expect(counted).toEqual([{ events: 1_001, events_refused: 6 }])
  })

  it('takes a thousand subjects at once and refuses one more', async () => {
    const tenant = await someTenant(db.database)
    const subjects = Array.from({ length: 1_001 }, () => ({ subjectId: randomUUID(), events: [opened(5)] }))
    await expect(record(tenant, subjects)).rejects.toThrow('1001 subjects at once')
    expect((await record(tenant, subjects.slice(1))).size).toBe(1_000)
  })

  it('wakes whoever waits for what is due when that is soon', async () => {
    const tenant = await someTenant(db.database)
    const listener = await openListener({ url: db.url, logger: silent })
    onTestFinished(() => listener.close())
    const heard: string[] = []
    await listener.listen({
      channel: CLOCKS_CHANNEL,
      onMessage: (payload) => void heard.push(payload),
      onConnected: () => {},
    })
    // Only the second has something due within half a minute.
    await record(tenant, [{ subjectId: randomUUID(), events: [opened(10)] }])
    await record(tenant, [{ subjectId: randomUUID(), events: [opened(60)] }])
    await waitFor('nobody was woken', () => heard.length > 0)
    expect(heard).toEqual([''])
  })
})
