import { sql } from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import { testTasks } from '../../../../test/harness/tasks.ts'
import { tenantId } from '../../../kernel/tenant-id.ts'
import { providerCheck } from './provider-check.ts'

const { db } = testTasks()
const CONNECTION = 'http://helpdesk.example.com'
/** Of so long ago, and what a slow machine adds. */
const about = (seconds: number) =>
  expect.toSatisfy((found: number) => found >= seconds && found < seconds + 300, `about ${seconds}`)
const look = () => providerCheck(CONNECTION).probe(db.database, AbortSignal.timeout(60_000))

/** A run that ended so many minutes ago: with success, or with this error. */
const ended = (tenant: string, minutesAgo: number, error: string | null, payload: object = {}) =>
  db.database.withTenant(tenantId(tenant), (tx) =>
    sql`
      insert into tasks (tenant_id, kind, payload, status, attempts_max, created_by, ended_at, error)
      values (${tenant}, 'ingestion.run', ${JSON.stringify(payload)}, ${error ? 'failed' : 'succeeded'}, 1, 'test',
              now() - ${minutesAgo} * interval '1 minute', ${error && JSON.stringify({ code: error, message: 'It did.' })})
    `.execute(tx),
  )

beforeEach(async () => {
  for (const tenant of ['tenant_a', 'tenant_b']) {
    await db.database.withTenant(tenantId(tenant), (tx) => sql`delete from tasks`.execute(tx))
  }
})

describe('the provider', () => {
  it('is ok while nobody has called it', async () => {
    expect(await look()).toEqual({ status: 'ok', last_run_seconds_ago: null, paused_seconds: 0 })
  })

  it('is failing when the latest run of any tenant ended because of it, and ok when a later one succeeds', async () => {
    await ended('tenant_a', 30, null)
    await ended('tenant_b', 20, 'ingestion.provider_unavailable')
    expect(await look()).toMatchObject({ status: 'failing', last_run_seconds_ago: about(1_200) })
    await ended('tenant_a', 10, null)
    expect(await look()).toMatchObject({ status: 'ok', last_run_seconds_ago: about(600) })
  })

  it('is degraded when that was more than an hour ago: nobody has asked since', async () => {
    await ended('tenant_a', 61, 'ingestion.provider_unavailable')
    expect(await look()).toMatchObject({ status: 'degraded' })
  })

  it('is not blamed for runs that failed for another reason, nor for those of a connector', async () => {
    await ended('tenant_a', 20, 'tasks.worker_lost')
    await ended('tenant_a', 10, 'ingestion.provider_refused', { connector_id: '019a0000-0000-7000-8000-000000000001' })
    expect(await look()).toMatchObject({ status: 'ok', last_run_seconds_ago: null })
  })

  it('is degraded while it has asked everybody to pause', async () => {
    await db.database.acrossTenants('of this test', (tx) =>
      sql`
        insert into platform.outbound_budgets (connection, granted, paused_until)
        values (${CONNECTION}, '{}', now() + interval '1 hour')`.execute(tx),
    )
    expect(await look()).toMatchObject({ status: 'degraded', paused_seconds: expect.any(Number) })
  })
})
