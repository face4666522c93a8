import { Kysely, PostgresDialect, sql } from 'kysely'
import { escapeLiteral, Pool, types } from 'pg'
import type { Logger } from '../../kernel/logger.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'
import { ROLES, type Role } from './roles.ts'
import type { DB } from './schema.generated.ts'

declare const scope: unique symbol

/** What can be done inside a transaction: everything of Kysely but opening another one. */
type Statements = Omit<Kysely<DB>, 'transaction' | 'startTransaction' | 'connection' | 'destroy'>

/** A transaction in which exactly one tenant exists. A store that takes a `Tx` cannot reach another tenant's rows. */
export type Tx = Statements & { readonly [scope]: 'tenant' }

/** A transaction across tenants, on the tables whose migration grants it. Ask for it only where no tenant is known yet. */
export type SystemTx = Statements & { readonly [scope]: 'system' }

export type Database = {
  /** Runs `work` in a transaction that sees and writes one tenant. Rolls back when it throws. */
  withTenant<T>(tenantId: TenantId, work: (tx: Tx) => Promise<T>): Promise<T>
  /** Runs `work` in a transaction across tenants; `reason` says why no single tenant will do, for the reader. */
  acrossTenants<T>(reason: string, work: (tx: SystemTx) => Promise<T>): Promise<T>
  /** Connections in use, idle, and callers that wait for one. */
  poolUse(): { total: number; idle: number; waiting: number }
  close(): Promise<void>
}

// bigint: counts and fencing numbers of this system stay below 2^53, so they are numbers in the program.
types.setTypeParser(types.builtins.INT8, Number)

const STATEMENT_TIMEOUT_MS = 30_000
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000
const CONNECTION_WAIT_MS = 10_000

/** A pool whose connections start in `role` and give up rather than hang. Names itself for pg_stat_activity. */
export function openPool(options: { url: string; role: Role; max: number; logger: Logger }): Pool {
  const pool = new Pool({
    connectionString: options.url,
    max: options.max,
    application_name: `signalbox ${options.role.replace('signalbox_', '')}`,
    connectionTimeoutMillis: CONNECTION_WAIT_MS,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    options: [
      `-c role=${options.role}`,
      `-c statement_timeout=${STATEMENT_TIMEOUT_MS}`,
      `-c idle_in_transaction_session_timeout=${IDLE_IN_TRANSACTION_TIMEOUT_MS}`,
      '-c TimeZone=UTC',
    ].join(' '),
  })
  // Without a listener a connection that breaks while idle (database restart) would end the process.
  pool.on('error', (err) => options.logger.warn({ err, component: 'database' }, 'an idle connection was lost'))
  return pool
}

/** Opens the serving pool. `close` waits for transactions under way. */
export function openDatabase(options: { url: string; max: number; logger: Logger }): Database {
  const pool = openPool({ ...options, role: ROLES.serving })
  const kysely = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })

  // Kysely's own transaction() would cost a round trip more: BEGIN and the settings travel together here.
  const transaction = <T, Scoped>(opening: string, work: (tx: Scoped) => Promise<T>): Promise<T> =>
    kysely.connection().execute(async (connection) => {
      await sql.raw(opening).execute(connection)
      try {
        const result = await work(connection as unknown as Scoped)
        await sql`commit`.execute(connection)
        return result
      } catch (error) {
        await sql`rollback`.execute(connection).catch((err) => {
          // The connection is gone, and with it the transaction; the first error is the one to tell.
          options.logger.debug({ err, component: 'database' }, 'rollback found no connection')
        })
        throw error
      }
    })

  let closing: Promise<void> | undefined
  return {
    withTenant: (tenantId, work) =>
      transaction(`begin; set local signalbox.tenant_id = ${escapeLiteral(tenantId)}`, work),
    acrossTenants: (_reason, work) => transaction(`begin; set local role ${ROLES.system}`, work),
    poolUse: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: () => (closing ??= kysely.destroy()),
  }
}
