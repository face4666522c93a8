import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/harness/database.ts'
import { type TenantId, tenantId } from '../../../kernel/tenant-id.ts'
import { MINUTE, type PolicyVersion, policies } from '../clock/clock.fixture.ts'
import { ago, clockKind, opened, someTenant } from './clock-kind.fixture.ts'
import { type NewClockEvent, recordEvents } from './record-events.ts'
import { type SupposedClock, supposeTerms } from './suppose-terms.ts'

const db = testDatabase()
const HELD: PolicyVersion = { fromMs: 0, minutes: { high: 60, low: 600 } }
const kind = clockKind([HELD])

const record = (tenant: TenantId, ...logs: NewClockEvent[][]) =>
  db.database.withTenant(tenant, async (tx) => {
    const subjects = logs.map((events) => ({ subjectId: randomUUID(), events }))
    await recordEvents(tx, { tenantId: tenant, kind }, subjects)
    return subjects.map(({ subjectId }) => subjectId)
  })
/** What a policy of these minutes would do if it came into force now. */
async function suppose(tenant: string, minutes: PolicyVersion['minutes'], limit = 100) {
  const clocks: SupposedClock[] = []
  const extent = await db.database.readTenant(tenantId(tenant), (tx) =>
    supposeTerms(
      tx,
      { tenantId: tenantId(tenant), kind },
      { limit, supposed: async (nowMs) => ({ ...policies([HELD, { fromMs: nowMs, minutes }]), key: 'supposed' }) },
      (clock) => clocks.push(clock),
    ),
  )
  return { extent, resolution: clocks.filter(({ target }) => target === 'resolution') }
}

describe('supposing other terms', () => {
  it('computes each clock by those that hold and by the others at one moment, and writes nothing', async () => {
    const tenant = await someTenant(db.database)
    const [subjectId] = await record(tenant, [opened(40)])
    const rows = () =>
      db.database.withTenant(
        tenant,
        async (tx) => (await sql`select * from clock_subjects, clocks order by 1, 2, 3`.execute(tx)).rows,
      )
    const before = await rows()
    const { extent, resolution } = await suppose(tenant, { high: 90 })
    expect(extent).toMatchObject({ open: 1, examined: 1 })
    const [clock] = resolution
    expect(clock?.subjectId).toBe(subjectId)
    expect((clock?.supposed?.dueMs ?? 0) - (clock?.held?.dueMs ?? 0)).toBe(30 * MINUTE)
    expect(clock?.supposed?.elapsedMs).toBe(clock?.held?.elapsedMs)
    const { resolution: short } = await suppose(tenant, { high: 10 })
    expect([short[0]?.held?.state, short[0]?.supposed?.state]).toEqual(['running', 'breached'])
    const { resolution: none } = await suppose(tenant, {})
    expect([none[0]?.held?.state, none[0]?.supposed?.state]).toEqual(['running', 'cancelled'])
    expect(await rows()).toEqual(before)
  })

  it('leaves out what is settled, and counts what is beyond the limit, whose deadlines are further away', async () => {
    const tenant = await someTenant(db.database)
    const [late, , soon] = await record(
      tenant,
      [opened(5, 'low')],
      [opened(50), ago(10, { kind: 'status', status: 'resolved' })],
      [opened(50)],
      [opened(30, 'low', 'pending_customer')],
    )
    const all = await suppose(tenant, { high: 90 })
    expect(all.extent).toMatchObject({ open: 3, examined: 3 })
    const first = await suppose(tenant, { high: 90 }, 1)
    expect(first.extent).toMatchObject({ open: 3, examined: 1 })
    expect(first.resolution.map(({ subjectId }) => subjectId)).toEqual([soon])
    const two = await suppose(tenant, { high: 90 }, 2)
    expect(two.resolution.map(({ subjectId }) => subjectId).sort()).toEqual([late, soon].sort())
  })
})
