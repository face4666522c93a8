import { Client } from 'pg'
import { openDatabase } from '../../../src/platform/database/index.ts'
import { type FakeSqs, startFakeSqs } from '../../fakes/sqs.ts'
import { silent } from '../../harness/database.ts'
import { ownPostgres } from '../../harness/own-postgres.ts'
import { createDatabase } from '../../harness/server.ts'
import { openPostgresTransport, openSqsTransport, sqsEnvironment } from '../../harness/transports.ts'
import { waitFor } from '../../harness/wait-for.ts'
import { insistentClient } from '../insistent-client.ts'
import { superviseProcess } from '../supervised-process.ts'
import type { TransportName } from './schedule.ts'

export const TENANTS = ['tenant_a', 'tenant_b', 'tenant_c']
export const LEASE_SECONDS = 5
const WORKERS = 2

export type TaskScene = Awaited<ReturnType<typeof openTaskScene>>

/** A PostgreSQL, perhaps a fake SQS, a process that serves and two that work: all of this scene alone. */
export async function openTaskScene(transport: TransportName, print: (sentence: string) => void) {
  const faults: string[] = []
  const onFault = (sentence: string) => {
    print(`WRONG: ${sentence}`)
    faults.push(sentence)
  }
  const postgres = await ownPostgres()
  const { url: databaseUrl } = await createDatabase(postgres.url)
  const sqs: FakeSqs | undefined = transport === 'sqs' ? await startFakeSqs({ maxReceives: 100 }) : undefined
  const environment = {
    ...{ TASK_LEASE_SECONDS: String(LEASE_SECONDS), SCHEDULER_LOOK_SECONDS: '1', TASK_CONCURRENCY_PER_TENANT: '100' },
    ...(sqs ? sqsEnvironment(sqs) : {}),
  }
  const make = (name: string, roles: string) =>
    superviseProcess({
      ...{ name, databaseUrl, print, onFault },
      environment: { ...environment, SIGNALBOX_ROLES: roles },
    })
  const server = make('server', 'api,scheduler')
  const workers = Array.from({ length: WORKERS }, (_, index) => make(`worker ${index}`, 'worker'))
  const client = insistentClient(() => [server.url()].filter((url) => url !== undefined), onFault)
  const superuser = new Client({ connectionString: databaseUrl, application_name: 'chaos' })
  await superuser.connect()
  const database = openDatabase({ url: databaseUrl, max: 2, logger: silent, purpose: 'chaos' })
  const queue = await (sqs
    ? openSqsTransport(sqs)(databaseUrl, { perTenant: 100 })
    : openPostgresTransport(databaseUrl, { perTenant: 100 }))
  return {
    ...{ databaseUrl, sqs, server, workers, client, faults, print, superuser, database, queue },

    begin: async () => {
      for (const each of [server, ...workers]) each.start()
      await waitFor('the processes never served', () => [server, ...workers].every((each) => each.url() !== undefined))
      for (const tenant_id of TENANTS) await client.ask('/tenants', 'POST', { tenant_id, name: tenant_id })
    },

    close: async () => {
      client.giveUp()
      for (const each of [...workers, server]) await each.kill()
      await queue.stop(5)
      await database.close()
      await superuser.end()
      await sqs?.close()
      await postgres.close()
    },
  }
}
