import { startMockProvider } from '../../mock-provider/index.ts'
import { ownPostgres } from '../harness/own-postgres.ts'
import { createDatabase } from '../harness/server.ts'
import { waitFor } from '../harness/wait-for.ts'
import { insistentClient } from './insistent-client.ts'
import { emptyLedger } from './ledger.ts'
import { LEASE_SECONDS, PROCESSES, TENANTS } from './schedule.ts'
import { superviseProcess } from './supervised-process.ts'

/** Two to three pages a tenant. */
const TICKETS = 700
const SLOW_MS = 7_000

export type Scene = Awaited<ReturnType<typeof openScene>>

/** A PostgreSQL, a helpdesk and processes of this scene alone, with three tenants. `faults` collects what may never happen. */
export async function openScene(seed: number, print: (sentence: string) => void) {
  const faults: string[] = []
  const onFault = (sentence: string) => {
    print(`WRONG: ${sentence}`)
    faults.push(sentence)
  }
  const postgres = await ownPostgres()
  const helpdesk = await startMockProvider({
    ...{ port: 0, rateLimit: 0, seed, tickets: TICKETS, tenants: TENANTS.length, modified: 0 },
    ...{ notify: 'ok', notifyDelayMinMs: 5, notifyDelayMaxMs: 50, notifySlowMs: SLOW_MS },
  })
  const { url: databaseUrl } = await createDatabase(postgres.url)
  const processes = Array.from({ length: PROCESSES }, (_, index) =>
    superviseProcess({
      ...{ name: `process ${index}`, databaseUrl, print, onFault },
      environment: {
        EXTERNAL_API_URL: helpdesk.url,
        ...{ EXTERNAL_RATE_LIMIT: '10000', EXTERNAL_TIMEOUT_SECONDS: '5', TASK_LEASE_SECONDS: String(LEASE_SECONDS) },
        // The job of a killed process counts against its tenant's share until the queue's heartbeat has run out.
        ...{ TASK_CONCURRENCY_PER_TENANT: '100' },
      },
    }),
  )
  const client = insistentClient(() => processes.flatMap((each) => each.url() ?? []), onFault)
  return {
    ...{ seed, postgres, helpdesk, databaseUrl, processes, client, faults, ledger: emptyLedger(), print },

    /** All processes up, tenants made. */
    begin: async () => {
      for (const each of processes) each.start()
      await waitFor('the processes never served', () => processes.every((each) => each.url() !== undefined))
      for (const tenant_id of TENANTS) await client.ask('/tenants', 'POST', { tenant_id, name: tenant_id })
    },

    close: async () => {
      client.giveUp()
      await Promise.all(processes.map((each) => each.kill()))
      await helpdesk.close()
      await postgres.close()
    },
  }
}
