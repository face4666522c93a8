import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { beforeAll, describe, expect, it } from 'vitest'
import { testTasks } from '../../../../test/harness/tasks.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { tenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import type { TaskKind } from '../../tasks/index.ts'
import { MINUTE, type PolicyVersion } from '../clock/clock.fixture.ts'
import { ago, clockKind, opened, someTenant } from './clock-kind.fixture.ts'
import { recordEvents } from './record-events.ts'
import { remeasureWith, remeasuringClocks } from './remeasure.ts'
import { subjectKinds } from './subject-kind.ts'

const tasks = testTasks()
const versions: PolicyVersion[] = [{ fromMs: 0, minutes: { high: 60 } }]
const kind = clockKind(versions)
const kinds = subjectKinds()
kinds.declare(kind)
let task: ReturnType<typeof remeasuringClocks>
beforeAll(() => {
  task = remeasuringClocks(tasks.db.database, kinds)
})

const within = <T>(tenant: string, work: (tx: Tx) => Promise<T>) => tasks.db.database.withTenant(tenantId(tenant), work)
const remeasure = (tenant: string) =>
  within(tenant, (tx) =>
    remeasureWith(tasks.enqueue, kinds, task)(tx, tenantId(tenant), 'thing', { createdBy: 'test' }),
  )
const keysOf = (tenant: string) =>
  within(tenant, async (tx) => {
    const { rows } = await sql<{ terms_key: string; is_settled: boolean; count: number }>`
      select terms_key, settled_at is not null as is_settled, count(*)::integer as count from clock_subjects
      group by 1, 2 order by 1, 2`.execute(tx)
    return rows
  })

describe('measuring again', () => {
  it('measures by the new version what still runs, and leaves what has ended as it was', async () => {
    const tenant = await someTenant(tasks.db.database)
    const subjects = Array.from({ length: 600 }, (_, place) => ({
      subjectId: randomUUID(),
      events: place < 590 ? [opened(30)] : [opened(30), ago(10, { kind: 'status', status: 'resolved' })],
    }))
    await within(tenant, (tx) => recordEvents(tx, { tenantId: tenant, kind }, subjects))
    const publishedMs = Date.now()
    versions.push({ fromMs: publishedMs, minutes: { high: 120 } })
    const { taskId } = await remeasure(tenant)
    await tasks.work([task as unknown as TaskKind<never, never>])
    const done = await tasks.reaches({ tenantId: tenant, taskId }, 'succeeded')
    expect(done.result).toEqual({ measured: 590 })
    expect(await keysOf(tenant)).toEqual([
      { terms_key: 'policy@1', is_settled: true, count: 10 },
      { terms_key: 'policy@2', is_settled: false, count: 590 },
    ])
    const [first] = subjects
    const rows = await within(tenant, async (tx) => {
      const found = await sql<{ due_at: Date }>`
        select due_at from clocks where subject_id = ${first?.subjectId} and target = 'resolution'`.execute(tx)
      return found.rows
    })
    expect(rows).toEqual([{ due_at: new Date((first?.events[0]?.atMs ?? 0) + 120 * MINUTE) }])
  })

  it('goes on where an attempt before has stopped, and does nothing twice', async () => {
    const tenant = await someTenant(tasks.db.database)
    const ids = Array.from({ length: 20 }, () => randomUUID()).sort()
    const subjects = ids.map((subjectId) => ({ subjectId, events: [opened(30)] }))
    await within(tenant, (tx) => recordEvents(tx, { tenantId: tenant, kind }, subjects))
    versions.push({ fromMs: Date.now(), minutes: { high: 90 } })
    const { taskId } = await remeasure(tenant)
    await within(tenant, (tx) =>
      sql`update tasks set progress = ${JSON.stringify({ after: ids[9], measured: 10 })} where task_id = ${taskId}`.execute(
        tx,
      ),
    )
    await tasks.work([task as unknown as TaskKind<never, never>])
    const done = await tasks.reaches({ tenantId: tenant, taskId }, 'succeeded')
    expect(done.result).toEqual({ measured: 20 })
    expect((await keysOf(tenant)).map(({ count }) => count)).toEqual([10, 10])
  })

  it('waits for what is being recorded by the version before, so that nothing is left measured by it', async () => {
    const tenant = await someTenant(tasks.db.database)
    const recorded = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const recording = within(tenant, async (tx) => {
      await recordEvents(tx, { tenantId: tenant, kind }, [{ subjectId: randomUUID(), events: [opened(30)] }])
      recorded.resolve()
      await release.promise
    })
    await recorded.promise
    versions.push({ fromMs: Date.now(), minutes: { high: 45 } })
    const { taskId } = await remeasure(tenant)
    await tasks.work([task as unknown as TaskKind<never, never>])
    await waitFor('the walk began while something was recorded', () =>
      tasks.db.database.acrossTenants('the test looks at locks', async (tx) => {
        const { rows } = await sql`
          select from pg_locks where locktype = 'advisory' and classid = 71644 and not granted
            and database = (select oid from pg_database where datname = current_database())`.execute(tx)
        return rows.length > 0
      }),
    )
    release.resolve()
    await recording
    const done = await tasks.reaches({ tenantId: tenant, taskId }, 'succeeded')
    expect(done.result).toEqual({ measured: 1 })
  })

  it('is asked for once for each set of versions', async () => {
    const tenant = await someTenant(tasks.db.database)
    const [one, other] = [await remeasure(tenant), await remeasure(tenant)]
    expect(other).toEqual(one)
    versions.push({ fromMs: Date.now(), minutes: { high: 50 } })
    expect(await remeasure(tenant)).not.toEqual(one)
  })
})
