import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { silent, testDatabase } from '../../../test/harness/database.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { createMetrics } from '../telemetry/index.ts'
import { inHeaps, startUpkeep, type UpkeepStep } from './index.ts'

const db = testDatabase({ max: 10 })
let processes = 0
let steps = 0
const named = (run: UpkeepStep['run'], everySeconds = 3_600): UpkeepStep => ({
  name: `step ${++steps}`,
  everySeconds,
  run,
})
const done = async () => ({ rows: 0, isDone: true })

/** The upkeep of a process of its own. */
function start(list: readonly UpkeepStep[], roundSeconds = 60) {
  const metrics = createMetrics()
  const processId = `process ${++processes}`
  const running = startUpkeep({
    ...{ database: db.database, logger: silent, metrics, processId, roundSeconds },
    steps: list,
  })
  onTestFinished(() => running.stop())
  return { ...running, metrics, processId }
}

type Row = { owner: string | null; due_in: number; has_succeeded: boolean; has_failed: boolean }
const rowOf = async ({ name }: UpkeepStep): Promise<Row | undefined> => {
  const [rows] = await db.database.acrossTenantsAtOnce('the test looks', [
    sql<Row>`
      select owner, extract(epoch from due_at - clock_timestamp())::float8 as due_in, succeeded_at is not null as has_succeeded,
        failed_at is not null as has_failed
      from platform.upkeep_steps where name = ${name}`,
  ])
  return rows[0]
}
/** Until nobody does the step and it was done, or failed. */
const settled = (step: UpkeepStep) =>
  waitFor('the step was never settled', async () => {
    const row = await rowOf(step)
    return row?.owner === null && row.due_in > 0 && row
  })

describe('a step that fails', () => {
  it('keeps no other from its turn, is counted, and is due again before its next turn', async () => {
    const failing = named(async () => {
      throw new Error('a step that fails')
    })
    const after = named(async () => ({ rows: 7, isDone: true }))
    const { metrics } = start([failing, after])
    expect(await settled(after)).toMatchObject({ has_succeeded: true, has_failed: false })
    const failed = await settled(failing)
    expect(failed).toMatchObject({ has_succeeded: false, has_failed: true })
    expect(failed.due_in).toBeLessThan(3_000)
    const scrape = await metrics.scrape()
    expect(scrape).toContain(`signalbox_upkeep_failures_total{step="${failing.name}"} 1`)
    expect(scrape).toContain(`signalbox_upkeep_failures_total{step="${after.name}"} 0`)
    expect(scrape).toContain(`signalbox_upkeep_rows_total{step="${after.name}"} 7`)
    expect(scrape).toContain(`signalbox_upkeep_seconds_count{step="${after.name}"} 1`)
    expect(scrape).toMatch(
      new RegExp(`signalbox_upkeep_last_success_timestamp_seconds\\{step="${after.name}"\\} 1\\d{9}`),
    )
    expect(scrape).not.toContain(`signalbox_upkeep_last_success_timestamp_seconds{step="${failing.name}"}`)
  })
})

describe('several processes', () => {
  it('do a step one at a time, and once in its time', async () => {
    let [atOnce, most, turns] = [0, 0, 0]
    const step = named(async () => {
      most = Math.max(most, ++atOnce)
      turns += 1
      await pause(50)
      atOnce -= 1
      return { rows: 0, isDone: true }
    })
    const last = named(done)
    const all = Array.from({ length: 6 }, () => start([step, last]))
    await settled(step)
    await settled(last)
    for (const each of all) await each.stop()
    expect([most, turns]).toEqual([1, 1])
  })

  it('take over what one had that died, when its time is over, and it can no longer say how it went', async () => {
    const gate = Promise.withResolvers<void>()
    const hanging = named(async () => {
      await gate.promise
      return { rows: 0, isDone: true }
    })
    const dead = start([hanging])
    await waitFor('the step was never taken', async () => (await rowOf(hanging))?.owner === dead.processId)
    const other = start([{ ...hanging, run: done }])
    await other.stop()
    expect(await rowOf(hanging)).toMatchObject({ owner: dead.processId, has_succeeded: false })
    await db.database.acrossTenants('its lease runs out', (tx) =>
      sql`update platform.upkeep_steps set expires_at = now() - interval '1 second' where name = ${hanging.name}`.execute(
        tx,
      ),
    )
    const heir = start([{ ...hanging, everySeconds: 900, run: done }])
    expect((await settled(hanging)).due_in).toBeLessThan(901)
    await heir.stop()
    gate.resolve()
    await dead.stop()
    expect((await settled(hanging)).due_in).toBeLessThan(901)
  })
})

describe('a round', () => {
  it('ends when its time is over, and is gone on with soon', async () => {
    const step = named(inHeaps(async (limit) => limit))
    start([step], 0.05)
    const row = await settled(step)
    expect(row).toMatchObject({ has_succeeded: false, has_failed: false })
    expect(row.due_in).toBeLessThan(61)
  })

  it('ends with the process after the heap under way, and another process may go on at once', async () => {
    const step = named(inHeaps(async (limit) => limit))
    const running = start([step])
    await waitFor('the step was never taken', async () => (await rowOf(step))?.owner === running.processId)
    await running.stop()
    const row = await rowOf(step)
    expect(row).toMatchObject({ owner: null, has_succeeded: false })
    expect(row?.due_in).toBeLessThanOrEqual(0)
  })

  it('goes from heap to heap until one is not full', async () => {
    const heaps = [10, 10, 3, 10]
    const run = inHeaps(async () => heaps.shift() ?? 0, 10)
    expect(await run(new AbortController().signal)).toEqual({ rows: 23, isDone: true })
    expect(heaps).toEqual([10])
  })
})

it('two steps of one name are refused', () => {
  const step = named(done)
  expect(() => start([step, step])).toThrow('two steps')
})
