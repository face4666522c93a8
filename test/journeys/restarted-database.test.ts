import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ingestionScene } from '../harness/ingestion.ts'
import { ownPostgres, type Shutdown } from '../harness/own-postgres.ts'
import { PAGES } from '../harness/provider.ts'

const TENANTS = ['tenant_a', 'tenant_b']

let postgres: Awaited<ReturnType<typeof ownPostgres>>
beforeAll(async () => {
  postgres = await ownPostgres()
})
afterAll(() => postgres?.close())

describe('a restart of PostgreSQL during a run', () => {
  it.each<Shutdown>(['fast', 'immediate'])(
    '(%s shutdown) is outlived by the processes: they reconnect, the run completes, nothing is lost or doubled',
    async (shutdown) => {
      const { helpdesk, start, makeTenants, startRun, progressOf, ended, until, differences } = await ingestionScene(
        { tickets: 1_500, modified: 0 },
        postgres.url,
      )
      helpdesk.setFaults([{ route: PAGES, kind: 'slow', delay_ms: 50 }])
      // What a process could not record is free again when its lease is over.
      const lease = { TASK_LEASE_SECONDS: '10' }
      const systems = [await start(lease), await start(lease)] as const
      const [first] = systems
      await makeTenants(first, TENANTS)
      const jobs = [await startRun(first, 'tenant_a'), await startRun(first, 'tenant_b')]
      for (const job of jobs) {
        await until('a run never got going', async () => (await progressOf(first, job)).processed_pages >= 4)
      }

      await postgres.stop(shutdown)
      await until('nobody noticed that the database is gone', () =>
        systems.every((system) =>
          /terminating connection|Connection terminated|ECONNREFUSED|ECONNRESET/.test(system.output()),
        ),
      )
      await postgres.start()

      for (const job of jobs) expect(await ended(first, job)).toMatchObject({ status: 'completed' })
      expect(await differences(TENANTS)).toEqual([])
      // Nothing about the processes is worn out: the next run needs no second attempt.
      for (const tenant of TENANTS) {
        expect(await ended(first, await startRun(first, tenant))).toMatchObject({ status: 'completed', attempt: 1 })
      }
      expect(await differences(TENANTS)).toEqual([])
      for (const system of systems) expect(await system.stop()).toEqual({ code: 0, signal: null })
    },
  )
})
