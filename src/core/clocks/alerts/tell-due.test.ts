import { randomUUID } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import { describe, expect, it, vi } from 'vitest'
import { testDatabase } from '../../../../test/harness/database.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import type { SystemTx, Tx } from '../../../platform/database/index.ts'
import { MINUTE } from '../clock/clock.fixture.ts'
import { ago, clockKind, opened, someTenant } from '../subjects/clock-kind.fixture.ts'
import { alerting } from './alerting.fixture.ts'
import { forgetSubjects } from './forget-subjects.ts'
import { claimDue, whatIsDue } from './store.ts'

const db = testDatabase({ max: 12 })
const HOUR_WITH_THRESHOLDS = {
  fromMs: 0,
  minutes: { high: 60 },
  thresholds: [
    { key: 'warning:50%', kind: 'percent_left', percent: 50 },
    {
      key: 'level 2',
      level: 2,
      tells: { roles: ['manager'], channels: ['#managers'] },
      kind: 'after',
      ms: 30 * MINUTE,
    },
  ] as const,
}
const kind = { ...clockKind([HOUR_WITH_THRESHOLDS]), targets: ['resolution'] as const }
const { tell, record, signals, schedule } = alerting(db, kind, 10)
const kindsOf = (rows: { kind: string; state: string }[]) => rows.map(({ kind, state }) => `${kind} ${state}`)

describe('what is due', () => {
  it('is a warning, a breach and an escalation, each once, with what people need to know', async () => {
    const [tenant, subjectId] = [await someTenant(db.database), randomUUID()]
    await record(tenant, [{ subjectId, events: [opened(40)] }])
    await tell(tenant)
    const [warning] = await signals(tenant)
    expect(warning).toMatchObject({
      ...{ kind: 'sla.warning', subject: `thing:${subjectId}`, state: 'open' },
      title: expect.stringMatching(/^Resolution of thing .{4} is due soon: \d+ minutes left$/),
      facts: {
        ...{ external_id: subjectId.slice(-4), target: 'resolution', late: true },
        ...{ time_left: expect.stringMatching(/^\d+ minutes left$/), deadline: expect.stringMatching(/ UTC$/) },
      },
    })
    await tell(tenant)
    expect(await signals(tenant)).toHaveLength(1)
    // An hour later, as if the opening had been an hour earlier.
    const late = await someTenant(db.database)
    await record(late, [{ subjectId, events: [opened(100)] }])
    await tell(late)
    await tell(late)
    const rows = await signals(late)
    expect(kindsOf(rows)).toEqual(['sla.breached open', 'sla.escalated open'])
    expect(rows[1]?.title).toMatch(/^Escalation level 2: Resolution of thing .{4}, \d+ minutes late$/)
    expect(rows[1]?.facts).toMatchObject({
      level: 2,
      roles: ['manager'],
      channels: ['#managers'],
      left_seconds: expect.any(Number),
    })
  })

  it('is told of no clock that ended before anybody looked', async () => {
    const tenant = await someTenant(db.database)
    const events = [opened(300), ago(10, { kind: 'status', status: 'resolved' })]
    await record(tenant, [{ subjectId: randomUUID(), events }])
    expect(await tell(tenant)).toEqual({ claimed: 0, lateness: [] })
    expect(await signals(tenant)).toEqual([])
  })

  it('resolves itself: all of it when the clock is met or cancelled, a warning when it pauses', async () => {
    const tenant = await someTenant(db.database)
    const [met, cancelled, paused] = [randomUUID(), randomUUID(), randomUUID()]
    await record(tenant, [
      { subjectId: met, events: [opened(100)] },
      { subjectId: cancelled, events: [opened(100)] },
      { subjectId: paused, events: [opened(40)] },
    ])
    await tell(tenant)
    expect((await signals(tenant)).map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'open'))
    await record(tenant, [
      { subjectId: met, events: [ago(0, { kind: 'status', status: 'resolved' })] },
      { subjectId: cancelled, events: [ago(0, { kind: 'merged', into: 'another' })] },
      { subjectId: paused, events: [ago(2, { kind: 'status', status: 'pending_customer' })] },
    ])
    await tell(tenant)
    expect((await signals(tenant)).map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'resolved'))
    // Told once for the round: going on does not tell again.
    await record(tenant, [{ subjectId: paused, events: [ago(1, { kind: 'status', status: 'open' })] }])
    await tell(tenant)
    expect(await signals(tenant)).toHaveLength(5)
  })

  it('stays told while a breached clock is paused, and takes the warning before it back', async () => {
    const [tenant, subjectId] = [await someTenant(db.database), randomUUID()]
    await record(tenant, [{ subjectId, events: [opened(40)] }])
    await tell(tenant)
    await record(tenant, [{ subjectId, events: [opened(65), ago(1, { kind: 'status', status: 'pending_customer' })] }])
    await tell(tenant)
    expect(kindsOf(await signals(tenant))).toEqual(['sla.breached open', 'sla.warning resolved'])
  })

  it('is one signal when more are due together than are told one by one, and is resolved with the last of them', async () => {
    const tenant = await someTenant(db.database)
    const ids = Array.from({ length: 30 }, () => randomUUID())
    await record(
      tenant,
      ids.map((subjectId) => ({ subjectId, events: [opened(80)] })),
    )
    await tell(tenant)
    const rows = await signals(tenant)
    expect(rows).toMatchObject([
      {
        ...{ kind: 'sla.breached', subject: 'thing:many', state: 'open', alerts: 30 },
        title: '30 deadlines were missed at the same time',
        facts: { count: 30, not_named: 10, late: true, late_count: 30 },
      },
    ])
    const resolve = (subjectIds: string[]) =>
      record(
        tenant,
        subjectIds.map((subjectId) => ({ subjectId, events: [ago(0, { kind: 'status', status: 'closed' })] })),
      )
    await resolve(ids.slice(1))
    await tell(tenant)
    expect((await signals(tenant)).map(({ state }) => state)).toEqual(['open'])
    await resolve(ids.slice(0, 1))
    await tell(tenant)
    expect((await signals(tenant)).map(({ state }) => state)).toEqual(['resolved'])
  })

  it('is forgotten with its subject, and its signal resolved', async () => {
    const [tenant, subjectId] = [await someTenant(db.database), randomUUID()]
    await record(tenant, [{ subjectId, events: [opened(80)] }])
    await tell(tenant)
    await db.database.withTenant(tenant, (tx) => forgetSubjects(tx, 'thing', [subjectId]))
    expect(kindsOf(await signals(tenant))).toEqual(['sla.breached resolved'])
    const left = await db.database.withTenant(tenant, async (tx) => {
      const { rows } = await sql`
        select from clock_subjects union all select from clocks union all select from clock_events union all select from clock_alerts`.execute(
        tx,
      )
      return rows
    })
    expect(left).toEqual([])
  })
})

describe('the clock of the process', () => {
  it.each([-1, 1])('may be wrong by %i h: what is due is told, what is not is not', async (hours) => {
    const tenant = await someTenant(db.database)
    const [due, ahead] = [randomUUID(), randomUUID()]
    const subjects = [
      { subjectId: due, events: [opened(80)] },
      { subjectId: ahead, events: [opened(5)] },
    ]
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 60 * MINUTE })
    try {
      await record(tenant, subjects)
      await tell(tenant)
    } finally {
      vi.useRealTimers()
    }
    expect((await signals(tenant)).map(({ subject }) => subject)).toEqual([`thing:${due}`])
    await tell(tenant)
    expect(await signals(tenant)).toHaveLength(1)
  })
})

describe('a look', () => {
  it('reads what is due from an index that has nothing else first, however much is open', async () => {
    const tenant = await someTenant(db.database)
    await db.database.withTenant(tenant, (tx) =>
      sql`insert into clock_subjects (tenant_id, kind, subject_id, wake_at)
        select ${tenant}, 'thing', gen_random_uuid(), now() + interval '1 day' from generate_series(1, 20000)`.execute(
        tx,
      ),
    )
    /** The indexes that a query reads, and `Seq Scan` where it reads the table. */
    const readBy = async (tx: Tx | SystemTx, query: RawBuilder<unknown>) => {
      const { rows } = await sql<{ 'QUERY PLAN': string }>`explain ${query}`.execute(tx)
      return rows.flatMap((row) => row['QUERY PLAN'].match(/clock_subjects_[a-z]\w+|Seq Scan on clock_subjects/g) ?? [])
    }
    const looks = await db.database.acrossTenants('the test explains', (tx) => readBy(tx, whatIsDue))
    const claims = await db.database.withTenant(tenant, (tx) => readBy(tx, claimDue(1_000)))
    expect(looks).toEqual(['clock_subjects_wake', 'clock_subjects_wake'])
    expect(claims).toEqual([expect.stringMatching(/^clock_subjects_wake/)])
  })
})

describe('schedulers', () => {
  it('tell each deadline once, at its instant, though two of them wait for it', async () => {
    await schedule()
    await schedule()
    const tenant = await someTenant(db.database)
    const ids = Array.from({ length: 8 }, () => randomUUID())
    // Due within two seconds, one after the other.
    const opening = (place: number) => ({ ...opened(60), atMs: Date.now() - 60 * MINUTE + 300 + place * 200 })
    await record(
      tenant,
      ids.map((subjectId, place) => ({ subjectId, events: [opening(place)] })),
    )
    const breached = await waitFor('not every deadline was told', async () => {
      const found = (await signals(tenant)).filter(({ kind }) => kind === 'sla.breached')
      return found.length >= ids.length ? found : undefined
    })
    expect(breached.map(({ subject }) => subject)).toEqual(ids.map((id) => `thing:${id}`).toSorted())
  })

  it('go on with the others while somebody has one of the subjects', async () => {
    const tenant = await someTenant(db.database)
    const [held, free] = [randomUUID(), randomUUID()]
    await record(
      tenant,
      [held, free].map((subjectId) => ({ subjectId, events: [opened(80)] })),
    )
    await db.database.withTenant(tenant, async (tx) => {
      await sql`select from clock_subjects where subject_id = ${held} for update`.execute(tx)
      expect(await tell(tenant)).toMatchObject({ claimed: 1 })
      expect((await signals(tenant)).map(({ subject }) => subject)).toEqual([`thing:${free}`])
    })
    await tell(tenant)
    expect(await signals(tenant)).toHaveLength(2)
  })

  it('tell an alert once even when its clock is measured as if nobody had been told', async () => {
    const [tenant, subjectId] = [await someTenant(db.database), randomUUID()]
    await record(tenant, [{ subjectId, events: [opened(80)] }])
    await Promise.all([tell(tenant), tell(tenant), tell(tenant)])
    await db.database.withTenant(tenant, (tx) => sql`update clock_subjects set wake_at = now()`.execute(tx))
    await Promise.all([tell(tenant), tell(tenant)])
    expect(kindsOf(await signals(tenant))).toEqual(['sla.breached open'])
  })
})
