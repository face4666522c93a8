import { Client } from 'pg'
import { expect, inject, onTestFinished } from 'vitest'
import { type MockProviderOptions, startMockProvider } from '../../mock-provider/index.ts'
import { parseConfig } from '../../src/kernel/config.ts'
import { type System, startSystem } from '../../src/main.ts'
import { call } from './call.ts'
import { silent } from './database.ts'
import { ticketsAtProvider } from './provider.ts'
import { createDatabase, type TestDatabase } from './server.ts'
import { OPERATOR_TOKEN, type SystemProcess, spawnSystem } from './system.ts'
import { environmentFor } from './system-process.ts'
import { ticketDifferences } from './ticket-differences.ts'
import { waitFor } from './wait-for.ts'

export type Job = {
  job_id: string
  kind: string
  status: string
  progress: number
  processed_pages: number
  total_pages: number
  pass: number
  stable: boolean | null
  created: number
  updated: number
  restored: number
  unchanged: number
  deleted: number
  failed: number
  attempt: number
  throttled: number
  deletions_awaiting_confirmation: number
  calls: number
  started_by: string
  error: { code: string; message: string } | null
}

/**
 * A provider, a database and real processes, all of this test alone, and what one does with them. The database is on
 * the server of all tests unless the test brings its own. They end with the test, or with what `whenOver` is told by.
 */
export async function ingestionScene(
  provider: MockProviderOptions,
  serverUrl = inject('serverUrl'),
  whenOver: (end: () => Promise<void>) => void = onTestFinished,
) {
  const helpdesk = await startMockProvider({ port: 0, rateLimit: 0, ...provider })
  const made: TestDatabase = await createDatabase(serverUrl)
  const processes: SystemProcess[] = []
  const here: System[] = []
  whenOver(async () => {
    await Promise.all(here.map((each) => each.stop()))
    for (const each of processes) {
      each.kill('SIGCONT')
      each.kill('SIGKILL')
    }
    await Promise.all(processes.map((each) => each.exited))
    await helpdesk.close()
    await made.drop()
  })

  const common = {
    EXTERNAL_API_URL: helpdesk.url,
    // Wide, unless the test narrows it.
    EXTERNAL_RATE_LIMIT: '10000',
    // So long that a slow machine loses none; see deadProcesses for one that is to be lost.
    TASK_LEASE_SECONDS: '30',
  }
  const operator = <Body>(system: { url: string }, path: string, method = 'GET', body?: unknown) =>
    call<Body>(system.url + path, { method, token: OPERATOR_TOKEN, ...(body === undefined ? {} : { body }) })
  const progressOf = async (system: { url: string }, job: string) =>
    (await operator<Job>(system, `/ingest/progress/${job}`)).body

  return {
    helpdesk,
    databaseUrl: made.url,
    operator,
    progressOf,
    until: waitFor,

    /** The system in this process: what is neither killed nor one of two starts in a quarter of the time. */
    open: async (environment: Record<string, string> = {}) => {
      const system = await startSystem(parseConfig(environmentFor(made.url, { ...common, ...environment })), silent)
      here.push(system)
      return system
    },

    /** A process of the system. */
    start: async (environment: Record<string, string> = {}) => {
      const started = await spawnSystem(made.url, { ...common, ...environment })
      processes.push(started)
      return started
    },

    makeTenants: async (system: { url: string }, tenants: readonly string[]) => {
      for (const tenant_id of tenants) await operator(system, '/tenants', 'POST', { tenant_id, name: tenant_id })
    },

    startRun: async (system: { url: string }, tenant: string) => {
      const answer = await operator<{ job_id: string }>(system, `/ingest/run?tenant_id=${tenant}`, 'POST')
      expect(answer.status).toBe(202)
      return answer.body.job_id
    },

    ended: (system: { url: string }, job: string) =>
      waitFor('the run never ended', async () => {
        const now = await progressOf(system, job)
        return ['completed', 'failed', 'cancelled'].includes(now.status) ? now : undefined
      }),

    /**
     * What is not exactly as the provider has it, for tenants that ran and whose last run is over; see
     * ticketDifferences.
     */
    differences: async (tenants: readonly string[], options: { mayBeNewer?: boolean } = {}): Promise<string[]> => {
      const expected = await Promise.all(tenants.map((tenant) => ticketsAtProvider(helpdesk, tenant)))
      return ticketDifferences(made.url, expected.flat(), options)
    },

    /** The ids of live tickets in the database, by tenant, sorted. */
    idsStored: async (): Promise<Record<string, string[]>> => {
      const client = new Client({ connectionString: made.url })
      await client.connect()
      const { rows } = await client.query('select tenant_id, external_id from tickets where deleted_at is null')
      await client.end()
      const stored: Record<string, string[]> = {}
      for (const { tenant_id, external_id } of rows) {
        stored[tenant_id] ??= []
        stored[tenant_id].push(external_id)
      }
      for (const ids of Object.values(stored)) ids.sort()
      return stored
    },
  }
}
