import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest'
import { migrationSets, queues } from '../../src/modules.ts'
import { type MigrationSet, migrate, UnusableDatabaseError } from '../../src/platform/database/index.ts'
import { MIGRATION_LOCK, readMigrations, refuseOldServer } from '../../src/platform/database/migrate.ts'
import { installQueue } from '../../src/platform/queue/index.ts'
import { call } from '../harness/call.ts'
import { silent } from '../harness/database.ts'
import { administer, createDatabase, withDatabase } from '../harness/server.ts'
import { startTestServer } from '../harness/start-test-server.ts'
import { OPERATOR_TOKEN, spawnSystem } from '../harness/system.ts'
import { waitFor } from '../harness/wait-for.ts'

const MIGRATE = fileURLToPath(new URL('./migrate.fixture.ts', import.meta.url))

/** Migrates in a process of its own; answers the ids it applied. */
async function migrateElsewhere(url: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [MIGRATE, url])
  return [...stdout.matchAll(/"migration":"([^"]+)"/g)].map((match) => match[1] ?? '')
}

const migrateHere = (url: string, sets: readonly MigrationSet[] = migrationSets) =>
  migrate({ url, sets, logger: silent })

async function recorded(url: string): Promise<string[]> {
  return administer(url, async (client) => {
    const { rows } = await client.query<{ id: string }>('select id from platform.migrations order by applied_at, id')
    return rows.map(({ id }) => id)
  })
}

const known = async () => (await readMigrations(migrationSets)).map(({ id }) => id)

async function emptyDatabase(): Promise<string> {
  const made = await createDatabase(inject('serverUrl'), 'template0')
  onTestFinished(made.drop)
  return made.url
}

describe('two processes that migrate one empty database at once', () => {
  it('apply each migration exactly once between them', async () => {
    const url = await emptyDatabase()
    const applied = await administer(url, async (gate) => {
      // Both are held at the lock until both are there, so that they do meet.
      await gate.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
      const both = Promise.all([migrateElsewhere(url), migrateElsewhere(url)])
      await waitFor('the two processes never met at the lock', async () => {
        const { rows } = await gate.query<{ waiting: number }>(
          `select count(*)::int as waiting from pg_locks where locktype = 'advisory' and not granted
           and database = (select oid from pg_database where datname = current_database())`,
        )
        return rows[0]?.waiting === 2
      })
      await gate.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK])
      return both
    })
    expect(applied.flat().toSorted()).toEqual((await known()).toSorted())
    expect((await recorded(url)).toSorted()).toEqual((await known()).toSorted())
  })
})

describe('a migrated database', () => {
  let url: string
  beforeEach(async () => {
    const made = await createDatabase(inject('serverUrl'))
    onTestFinished(made.drop)
    url = made.url
  })

  it('is left as it is by migrating again', async () => {
    const before = await recorded(url)
    await migrate({ url, sets: migrationSets, logger: silent, afterwards: () => installQueue(url, queues) })
    expect(await recorded(url)).toEqual(before)
  })

  it('is refused by a program that is older', async () => {
    await administer(url, (client) =>
      client.query(`insert into platform.migrations (id, checksum) values ('core/future/0001_future.sql', 'x')`),
    )
    await expect(migrateHere(url)).rejects.toThrow(UnusableDatabaseError)
    await expect(migrateHere(url)).rejects.toThrow(
      /newer than this program: it has migration core\/future\/0001_future/,
    )
  })

  it('is refused when an applied migration was edited', async () => {
    const [first] = await known()
    await administer(url, (client) =>
      client.query('update platform.migrations set checksum = $1 where id = $2', ['of another text', first]),
    )
    await expect(migrateHere(url)).rejects.toThrow(UnusableDatabaseError)
    await expect(migrateHere(url)).rejects.toThrow(`Migration ${first} was changed after it was applied`)
  })
})

describe('a migration that fails', () => {
  it('is rolled back wholly, keeps those before it, and can be mended', async () => {
    const url = await emptyDatabase()
    const directory = await mkdtemp(join(tmpdir(), 'signalbox-migrations-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const sets = [{ module: 'test', directory: pathToFileURL(`${directory}/`) }]
    const half = 'create table half_done (id int); insert into half_done values (1);'
    await writeFile(join(directory, '0001_sound.sql'), 'create table sound (id int)')
    await writeFile(join(directory, '0002_broken.sql'), `${half} select 1 / 0`)
    await writeFile(join(directory, '0003_later.sql'), 'create table later (id int)')
    const tables = () =>
      administer(url, async (client) => {
        const { rows } = await client.query<{ name: string }>(
          `select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1`,
        )
        return rows.map(({ name }) => name)
      })

    let isDone = false
    const afterwards = async () => {
      isDone = true
    }
    const attempt = migrate({ url, sets, logger: silent, afterwards })
    await expect(attempt).rejects.toThrow('Migration test/0002_broken.sql failed and was rolled back')
    expect(await tables()).toEqual(['sound'])
    expect(await recorded(url)).toEqual(['test/0001_sound.sql'])
    expect(isDone).toBe(false)

    await writeFile(join(directory, '0002_broken.sql'), half)
    await migrate({ url, sets, logger: silent, afterwards })
    expect(await tables()).toEqual(['half_done', 'later', 'sound'])
    expect(isDone).toBe(true)
  })
})

describe('the version of the server', () => {
  it.each([
    { number: 170_006, version: '17.6 (Debian)' },
    { number: 179_999, version: '17.99' },
  ])('$version is refused with a sentence', (server) => {
    expect(() => refuseOldServer(server)).toThrow(UnusableDatabaseError)
    expect(() => refuseOldServer(server)).toThrow(`needs PostgreSQL 18 or newer; this server is ${server.version}.`)
  })

  it.each([
    { number: 180_000, version: '18.0' },
    { number: 190_001, version: '19.1' },
  ])('$version is accepted', (server) => {
    expect(() => refuseOldServer(server)).not.toThrow()
  })
})

describe('on a server that has never seen the program', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>
  const login = `plain_${randomBytes(4).toString('hex')}`
  const as = (name: string) => {
    const url = new URL(withDatabase(server.url, name))
    url.username = login
    url.password = 'plain'
    return url.href
  }
  beforeAll(async () => {
    server = await startTestServer()
    await administer(server.url, async (superuser) => {
      await superuser.query(`create role ${login} login createrole password 'plain'`)
      for (const name of ['first', 'second']) await superuser.query(`create database ${login}_${name} owner ${login}`)
    })
  })
  afterAll(async () => {
    await administer(server.url, async (superuser) => {
      for (const name of ['first', 'second']) await superuser.query(`drop database ${login}_${name} with (force)`)
    }).finally(server.close)
  })

  it('a login without superuser rights that owns its databases migrates two of them at once, roles included', async () => {
    const both = await Promise.all([migrateElsewhere(as(`${login}_first`)), migrateElsewhere(as(`${login}_second`))])
    for (const applied of both) expect(applied).toEqual(await known())
  })

  it('the same login migrates again and serves', async () => {
    const system = await spawnSystem(as(`${login}_first`))
    const tenant = { tenant_id: 'alder', name: 'Alder' }
    const made = await call(`${system.url}/tenants`, { method: 'POST', token: OPERATOR_TOKEN, body: tenant })
    expect(made.status).toBe(201)
    const tickets = await call(`${system.url}/tickets?tenant_id=alder`, { token: OPERATOR_TOKEN })
    expect(tickets).toMatchObject({ status: 200, body: { tickets: [] } })
    expect(await system.stop()).toEqual({ code: 0, signal: null })
  })

  it.each([
    [
      'may bypass row-level security',
      'alter role signalbox_serving bypassrls',
      'alter role signalbox_serving nobypassrls',
    ],
    [
      'may become the owner',
      'grant signalbox_owner to signalbox_serving',
      'revoke signalbox_owner from signalbox_serving',
    ],
    [
      'has the owner’s rights',
      'grant signalbox_owner to signalbox_serving with inherit true, set false',
      'revoke signalbox_owner from signalbox_serving',
    ],
  ])('a serving role that %s is refused', async (_what, spoil, mend) => {
    const superuser = new Client({ connectionString: server.url })
    await superuser.connect()
    onTestFinished(async () => {
      await superuser.query(mend)
      await superuser.end()
    })
    await superuser.query(spoil)
    const attempt = migrateHere(as(`${login}_first`))
    await expect(attempt).rejects.toThrow(UnusableDatabaseError)
    await expect(attempt).rejects.toThrow(/tenants would not be kept apart/)
  })
})
