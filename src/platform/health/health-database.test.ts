import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silent, testDatabase } from '../../../test/harness/database.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import type { Database } from '../database/index.ts'
import { databaseCheck, openHealthDatabase } from './health-database.ts'

const db = testDatabase()
let health: Database
beforeAll(() => {
  health = openHealthDatabase({ url: db.url, logger: silent })
})
afterAll(() => health?.close())

describe('a connection for health checks', () => {
  it('gives up a statement long before those of requests do', async () => {
    const asleep = health.acrossTenants('of this test', (tx) => sql`select pg_sleep(25)`.execute(tx))
    // By the server, or by the client when that is slower.
    await expect(asleep).rejects.toThrow()
  })
})

describe('the database', () => {
  const look = () => databaseCheck.probe(health, AbortSignal.timeout(60_000))

  it('is ok when it answers', async () => {
    expect(await waitFor('it never answered', look)).toEqual({ status: 'ok', latency_ms: expect.any(Number) })
  })

  it('is failing when it takes no writes', async () => {
    const readOnly: Database = {
      ...health,
      acrossTenants: (reason, work) =>
        health.acrossTenants(reason, async (tx) => {
          await sql`set transaction read only`.execute(tx)
          return work(tx)
        }),
    }
    const look = () => databaseCheck.probe(readOnly, AbortSignal.timeout(60_000))
    expect(await waitFor('it never answered', look)).toMatchObject({ status: 'failing' })
  })
})
