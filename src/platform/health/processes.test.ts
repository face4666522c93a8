import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { silent, testDatabase } from '../../../test/harness/database.ts'
import { removeOld } from '../../../test/harness/remove-old.ts'
import { administer } from '../../../test/harness/server.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import type { ProcessRole } from '../../kernel/config.ts'
import { healthRetention } from './index.ts'
import { startHeartbeat, workersCheck } from './processes.ts'

const db = testDatabase()

const run = (statement: ReturnType<typeof sql>) =>
  db.database.acrossTenants('the processes of this test', (tx) => statement.execute(tx))
const look = () => workersCheck.probe(db.database, AbortSignal.timeout(60_000))

async function start(...roles: ProcessRole[]) {
  const processId = randomUUID()
  const heartbeat = await startHeartbeat(db.database, { processId, roles, version: '0.0.0' }, silent)
  onTestFinished(() => heartbeat.stop())
  return { processId, stop: heartbeat.stop }
}
const unseenFor = (seconds: number) =>
  run(sql`update platform.processes set seen_at = clock_timestamp() - ${seconds} * interval '1 second'`)

beforeEach(() => run(sql`delete from platform.processes`))

describe('workers', () => {
  it('are failing when there has never been one; a process without that role is none', async () => {
    await start('api', 'scheduler')
    expect(await look()).toEqual({ status: 'failing', alive: 0, last_seen_seconds_ago: null })
  })

  it('are ok as soon as one has started, each counted once', async () => {
    await start('worker')
    await start('api', 'worker')
    expect(await look()).toEqual({ status: 'ok', alive: 2, last_seen_seconds_ago: expect.any(Number) })
  })

  it('are failing when none has been seen for half a minute', async () => {
    const worker = await start('worker')
    // A killed one: nobody says goodbye, and nobody is seen any more.
    await worker.stop()
    await run(sql`update platform.processes set stopped_at = null`)
    await unseenFor(10)
    expect(await look()).toMatchObject({ status: 'ok', alive: 1 })
    await unseenFor(40)
    const { last_seen_seconds_ago, ...rest } = await look()
    expect(rest).toEqual({ status: 'failing', alive: 0 })
    expect(last_seen_seconds_ago).toBeGreaterThanOrEqual(40)
  })

  it('are degraded when the last one has just stopped: it may be restarting', async () => {
    const worker = await start('worker')
    await worker.stop()
    expect(await look()).toMatchObject({ status: 'degraded', alive: 0 })
    await unseenFor(40)
    expect(await look()).toMatchObject({ status: 'failing' })
  })
})

describe('a heartbeat', () => {
  it('is seen again and again, though its row was forgotten meanwhile', async () => {
    await start('worker')
    await run(sql`delete from platform.processes`)
    await waitFor('it was never seen again', async () => (await look()).status === 'ok')
  })

  it('has been written when it has started', async () => {
    let hasStarted = false
    await administer(db.url, async (holder) => {
      await holder.query('begin; lock table platform.processes in access exclusive mode')
      const starting = start('worker').then(() => {
        hasStarted = true
      })
      await waitFor('it never came to the lock', async () => {
        const { rows } = await holder.query(
          `select from pg_locks where relation = 'platform.processes'::regclass and not granted`,
        )
        return rows.length > 0
      })
      expect(hasStarted).toBe(false)
      await holder.query('rollback')
      await starting
    })
    expect(await look()).toMatchObject({ status: 'ok', alive: 1 })
  })

  it('stops for good', async () => {
    const worker = await start('worker')
    await worker.stop()
    await worker.stop()
    const { rows } = await run(sql`select stopped_at is not null as stopped from platform.processes`)
    expect(rows).toEqual([{ stopped: true }])
  })
})

describe('upkeep', () => {
  it('forgets processes that have not been seen for a week, and no other', async () => {
    const old = await start('worker')
    await old.stop()
    await unseenFor(8 * 86_400)
    const { processId } = await start('worker')
    await removeOld(db.database, healthRetention)
    const { rows } = await run(sql`select process_id from platform.processes`)
    expect(rows).toEqual([{ process_id: processId }])
  })
})
