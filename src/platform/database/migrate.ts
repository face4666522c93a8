import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { Client } from 'pg'
import type { Logger } from '../../kernel/logger.ts'
import { UnusableDatabaseError } from './faults.ts'
import { CREATE_ROLES, ROLES, SERVING_ROLE_IS_SAFE } from './roles.ts'

/** The migrations of one module: a folder of `0001_name.sql` files, applied in the order of their names. */
export type MigrationSet = { module: string; directory: URL }

type Migration = { id: string; sql: string; checksum: string }
type Applied = { id: string; checksum: string }

/** Any fixed number does; it names the lock that lets one process migrate while the others wait. */
export const MIGRATION_LOCK = 7_416_203_995
const OLDEST_SERVER = 180_000

export async function readMigrations(sets: readonly MigrationSet[]): Promise<Migration[]> {
  const perSet = await Promise.all(
    sets.map(async ({ module, directory }) => {
      const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort()
      return Promise.all(
        names.map(async (name) => {
          const sql = await readFile(new URL(name, directory), 'utf8')
          return { id: `${module}/${name}`, sql, checksum: createHash('sha256').update(sql).digest('hex') }
        }),
      )
    }),
  )
  return perSet.flat()
}

/**
 * What is left to apply. Throws when the database holds a migration that this program does not know (it is newer) or
 * knows with another text (an applied file was edited).
 */
export function pendingMigrations(known: readonly Migration[], applied: readonly Applied[]): Migration[] {
  const byId = new Map(known.map((migration) => [migration.id, migration]))
  for (const { id, checksum } of applied) {
    const migration = byId.get(id)
    if (!migration) {
      throw new UnusableDatabaseError(
        `The database is newer than this program: it has migration ${id}, which this version does not know. Start the version that made it, or a later one.`,
      )
    }
    if (migration.checksum !== checksum) {
      throw new UnusableDatabaseError(
        `Migration ${id} was changed after it was applied. Restore the file and put the change into a new migration.`,
      )
    }
  }
  const done = new Set(applied.map(({ id }) => id))
  return known.filter(({ id }) => !done.has(id))
}

/**
 * Brings the database to this program's version. Safe to call from several processes at once: one migrates, the
 * others wait and find nothing left to do. Each migration is one transaction that records itself.
 *
 * @throws UnusableDatabaseError when the server is older than 18, the database is newer than the program, or the
 *   serving role could get around row-level security.
 */
export async function migrate(options: {
  url: string
  sets: readonly MigrationSet[]
  logger: Logger
  /** Runs as the owner after the last migration, under the same lock; must be repeatable. */
  afterwards?: () => Promise<void>
}): Promise<void> {
  const known = await readMigrations(options.sets)
  const client = new Client({ connectionString: options.url, application_name: 'signalbox migrate' })
  // A connection lost while `afterwards` runs rejects at the next statement; without a listener it would end the process.
  client.on('error', (err) => options.logger.warn({ err, component: 'database' }, 'the migrator lost its connection'))
  await client.connect()
  try {
    refuseOldServer(await readServerVersion(client))
    // A session lock, not a transaction lock: it has to span the transactions of all migrations.
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    await client.query(CREATE_ROLES)
    await refuseUnsafeServingRole(client)
    await client.query(`set role ${ROLES.owner}`)
    await client.query(`
      create schema if not exists platform;
      create table if not exists platform.migrations (
        id text primary key, checksum text not null, applied_at timestamptz not null default now())`)
    const { rows } = await client.query<Applied>('select id, checksum from platform.migrations')
    for (const migration of pendingMigrations(known, rows)) {
      await apply(client, migration)
      options.logger.info({ migration: migration.id }, 'migration applied')
    }
    await options.afterwards?.()
  } finally {
    await client.end()
  }
}

async function apply(client: Client, migration: Migration): Promise<void> {
  try {
    await client.query('begin')
    await client.query('insert into platform.migrations (id, checksum) values ($1, $2)', [
      migration.id,
      migration.checksum,
    ])
    await client.query(migration.sql)
    await client.query('commit')
  } catch (error) {
    // Without a connection there is nothing left to roll back; the first error is the one to tell.
    await client.query('rollback').catch(() => {})
    throw new Error(`Migration ${migration.id} failed and was rolled back`, { cause: error })
  }
}

type ServerVersion = { number: number; version: string }

async function readServerVersion(client: Client): Promise<ServerVersion | undefined> {
  const { rows } = await client.query<ServerVersion>(
    `select current_setting('server_version_num')::int as number, current_setting('server_version') as version`,
  )
  return rows[0]
}

/** Throws for a server that lacks what the SQL of this program uses; `number` is PostgreSQL's server_version_num. */
export function refuseOldServer(server: ServerVersion | undefined): void {
  if (server && server.number >= OLDEST_SERVER) return
  throw new UnusableDatabaseError(
    `Signalbox needs PostgreSQL 18 or newer; this server is ${server?.version ?? 'unknown'}. Point DATABASE_URL at a newer server, or unset it to use the embedded one.`,
  )
}

async function refuseUnsafeServingRole(client: Client): Promise<void> {
  const { rows } = await client.query<{ safe: boolean }>(SERVING_ROLE_IS_SAFE)
  if (!rows[0]?.safe) {
    throw new UnusableDatabaseError(
      `The role ${ROLES.serving} is a superuser, has BYPASSRLS or may become ${ROLES.owner}: tenants would not be kept apart. Take that from it.`,
    )
  }
}
