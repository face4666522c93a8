import { randomInt } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { parseConfig } from '../../src/kernel/config.ts'
import { startSystem } from '../../src/main.ts'
import { MIGRATION_LOCK } from '../../src/platform/database/migrate.ts'
import { call } from '../harness/call.ts'
import { silent } from '../harness/database.ts'
import { administer, createDatabase, type TestDatabase } from '../harness/server.ts'
import { OPERATOR_TOKEN, spawnSystem } from '../harness/system.ts'
import { waitFor } from '../harness/wait-for.ts'

/** A port that nobody has just now, and none of those that the kernel gives to whoever asks for any. */
async function freePort(): Promise<number> {
  const port = randomInt(10_000, 20_000)
  const server = createServer()
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => resolve(true))
  })
  if (!isFree) return freePort()
  await new Promise((resolve) => server.close(resolve))
  return port
}

let made: TestDatabase
beforeAll(async () => {
  made = await createDatabase(inject('serverUrl'))
})
afterAll(() => made.drop())

describe('a process', () => {
  it('serves, is ready, and ends with 0 on SIGTERM', async () => {
    const system = await spawnSystem(made.url)
    await waitFor('it was never ready', async () => (await call(`${system.url}/health/ready`)).status === 200)
    expect((await call(`${system.url}/tenants`, { token: OPERATOR_TOKEN })).body).toEqual({
      tenants: [],
      next_cursor: null,
    })
    expect(await system.stop()).toEqual({ code: 0, signal: null })
  })

  it('that is only a worker answers health checks and no API', async () => {
    const system = await spawnSystem(made.url, { SIGNALBOX_ROLES: 'worker' })
    expect((await call(`${system.url}/health/live`)).status).toBe(200)
    expect((await call(`${system.url}/tenants`, { token: OPERATOR_TOKEN })).status).toBe(404)
    await system.stop()
  })
})

describe('what a process has compiled', () => {
  it('is there for the next start as soon as it serves, also when it is killed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'signalbox-compiled-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const system = await spawnSystem(made.url, { SIGNALBOX_ROLES: 'worker', NODE_COMPILE_CACHE: directory })
    system.kill('SIGKILL')
    await system.exited
    expect((await readdir(directory, { recursive: true })).length).toBeGreaterThan(1_000)
  })
})

describe('a process that waits for another one to migrate', () => {
  it('is not ready before that is done', async () => {
    const port = await freePort()
    const isReady = () =>
      call(`http://127.0.0.1:${port}/health/ready`).then(
        ({ status }) => status === 200,
        // Nobody listens yet.
        () => false,
      )
    await administer(made.url, async (other) => {
      await other.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
      const starting = spawnSystem(made.url, { PORT: String(port) })
      await waitFor('it never came to the lock', async () => {
        const { rows } = await other.query(
          `select from pg_locks where locktype = 'advisory' and not granted
           and database = (select oid from pg_database where datname = current_database())`,
        )
        return rows.length === 1
      })
      // As long as a start takes: one that did not wait would be ready by then.
      const elsewhere = await createDatabase(inject('serverUrl'))
      onTestFinished(elsewhere.drop)
      await (await spawnSystem(elsewhere.url)).stop()
      expect(await isReady()).toBe(false)
      await other.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK])
      const system = await starting
      await waitFor('it was never ready', isReady)
      await system.stop()
    })
  })
})

describe('a process that cannot use its database', () => {
  it.each([
    ['nobody listens', 'postgres://someone:secret-word@127.0.0.1:1/none', 'nobody listens there'],
    ['the password is wrong', () => made.url.replace(/:[^:@/]+@/, ':secret-word@'), 'the password is wrong'],
  ])('says so in a sentence without the address when %s', async (_when, url, sentence) => {
    const databaseUrl = typeof url === 'string' ? url : url()
    await expect(spawnSystem(databaseUrl)).rejects.toThrow(sentence)
    await expect(spawnSystem(databaseUrl)).rejects.not.toThrow('secret-word')
  })
})

describe('a port that is taken', () => {
  it('is named with the variable that chooses another one', async () => {
    const first = await spawnSystem(made.url)
    const { port } = new URL(first.url)
    await expect(spawnSystem(made.url, { PORT: port })).rejects.toThrow(`Port ${port} is taken`)
    await first.stop()
  })
})

describe('a trace collector that is not there', () => {
  it('does not keep a process from ending well', async () => {
    const system = await spawnSystem(made.url, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })
    await call(`${system.url}/health/ready`)
    expect(await system.stop()).toEqual({ code: 0, signal: null })
  })
})

describe('stopping', () => {
  it('leaves no connection to the database open', async () => {
    const environment = { DATABASE_URL: made.url, PORT: '0', SIGNALBOX_DEMO: 'false' }
    const system = await startSystem(parseConfig(environment), silent)
    await system.stop()
    // A server process ends a moment after its client, and those of maintenance are nobody's.
    await administer(inject('serverUrl'), (client) =>
      waitFor('a connection stayed open', async () => {
        const { rows } = await client.query(
          `select application_name, query from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
          [made.name],
        )
        return rows.length === 0
      }),
    )
  })
})
