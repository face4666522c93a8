import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { createLogger } from '../../src/kernel/logger.ts'
import { migrationSets, queues } from '../../src/modules.ts'
import { migrate } from '../../src/platform/database/index.ts'
import { installQueue } from '../../src/platform/queue/index.ts'

export type TestDatabase = { url: string; name: string; drop(): Promise<void> }

export const TEMPLATE = 'signalbox_template'
const silent = createLogger({ level: 'silent' })

/** `url` with another database name. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}

export async function administer<T>(serverUrl: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Makes the migrated database that every test's database is a copy of: cloning costs a tenth of migrating. */
export async function createTemplate(serverUrl: string): Promise<void> {
  await administer(serverUrl, async (client) => {
    await client.query(`drop database if exists ${TEMPLATE} with (force)`)
    await client.query(`create database ${TEMPLATE}`)
  })
  const url = withDatabase(serverUrl, TEMPLATE)
  await migrate({ url, sets: migrationSets, logger: silent, afterwards: () => installQueue(url, queues) })
}

/** A fresh copy of the template, or an empty database. Dropped by its owner. */
export async function createDatabase(serverUrl: string, template = TEMPLATE): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await administer(serverUrl, (client) => client.query(`create database ${name} template ${template}`))
  return {
    name,
    url: withDatabase(serverUrl, name),
    drop: async () => {
      await administer(serverUrl, (client) => client.query(`drop database if exists ${name} with (force)`))
    },
  }
}
