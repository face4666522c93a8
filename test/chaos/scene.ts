import { startMockProvider } from '../../mock-provider/index.ts'
import { ownPostgres } from '../harness/own-postgres.ts'
import { PAGES } from '../harness/provider.ts'
import { createDatabase } from '../harness/server.ts'
import { waitFor } from '../harness/wait-for.ts'
import { insistentClient } from './insistent-client.ts'
import { emptyLedger } from './ledger.ts'
import { HOSTILE, LEASE_SECONDS, PROCESSES, TENANTS } from './schedule.ts'
import { superviseProcess } from './supervised-process.ts'

const TICKETS = 1_200
/** Of a page: a run takes a second or two, long enough for whoever is killed to be in the middle of one. */
const PAGE_MS = 120
const SLOW_MS = 7_000
/** Long enough for whoever is killed to be sending something. */
const NOTIFY_MS = { notifyDelayMinMs: 200, notifyDelayMaxMs: 1_500 }

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
    ...{ notify: 'ok', ...NOTIFY_MS, notifySlowMs: SLOW_MS },
  })
  helpdesk.setFaults([{ route: PAGES, kind: 'slow', delay_ms: PAGE_MS }])
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
  let hostileKey = ''
  return {
    /** Of a tenant whose people mean no good. */
    hostileKey: () => hostileKey,
    ...{ seed, postgres, helpdesk, databaseUrl, processes, client, faults, ledger: emptyLedger(), print },

    /** All processes up, tenants made. */
    begin: async () => {
      for (const each of processes) each.start()
      await waitFor('the processes never served', () => processes.every((each) => each.url() !== undefined))
      for (const tenant_id of [...TENANTS, HOSTILE])
        await client.ask('/tenants', 'POST', { tenant_id, name: tenant_id })
      const permissions = ['ticket.read', 'signal.read', 'ingestion.run', 'ingestion.read']
      const key = { name: 'hostile', permissions }
      const { body } = await client.ask<{ secret: string }>(`/tenants/${HOSTILE}/api-keys`, 'POST', key)
      hostileKey = body.secret
    },

    close: async () => {
      client.giveUp()
      await Promise.all(processes.map((each) => each.kill()))
      await helpdesk.close()
      await postgres.close()
    },
  }
}
