import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient, sql } from 'kysely'
import { escapeLiteral, Pool, types } from 'pg'
import type { Logger } from '../../kernel/logger.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'
import { connectionSettings, refuseWrongRole, WHO_AM_I, type WhoAmI } from './connection-settings.ts'
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

/** A pool whose connections act as `role`, proven for each before it is used, and give up rather than hang. */
export function openPool(options: { url: string; role: Role; max: number; logger: Logger }): Pool {
  const { role } = options
  const pool = new Pool({
    ...connectionSettings(options.url, role, role.replace('signalbox_', '')),
    max: options.max,
    idleTimeoutMillis: 30_000,
    verify: (client, done) => {
      client.query<WhoAmI>(WHO_AM_I).then(
        ({ rows }) => done(refuseWrongRole(rows[0], role)),
        (error) => done(error),
      )
    },
  })
  // Without listeners a connection that breaks would end the process: while idle (database restart) the pool tells, while
  // a transaction holds it and waits for something else (idle_in_transaction_session_timeout) only the connection does.
  pool.on('error', () => {})
  pool.on('connect', (client) => {
    client.on('error', (err) => options.logger.warn({ err, component: 'database' }, 'a connection was lost'))
  })
  return pool
}

/**
 * The pool as Kysely sees it, with each connection lent until it is given back. A statement that somebody forgot to await
 * would otherwise run later on the same connection, in the middle of another tenant's transaction.
 */
function lending(pool: Pool): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    connect: async () => {
      const client = await pool.connect()
      let isOver = false
      const query = (text: string, parameters: readonly unknown[]) => {
        if (isOver) throw new Error('A statement came after its transaction was over. Await it inside the transaction.')
        return client.query(text, [...parameters])
      }
      return {
        // The other overload takes a cursor; nothing here streams.
        query: query as unknown as PostgresPoolClient['query'],
        release: (destroy) => {
          isOver = true
          client.release(destroy)
        },
      }
    },
  }
}

/** Opens the serving pool. `close` waits for transactions under way. */
export function openDatabase(options: { url: string; max: number; logger: Logger }): Database {
  const pool = openPool({ ...options, role: ROLES.serving })
  const kysely = new Kysely<DB>({ dialect: new PostgresDialect({ pool: lending(pool) }) })

  // Kysely's own transaction() would cost a round trip more: BEGIN and the settings travel together here.
  const transaction = <T, Scoped>(opening: string, work: (tx: Scoped) => Promise<T>): Promise<T> =>
    kysely.connection().execute(async (connection) => {
      await sql.raw(opening).execute(connection)
      try {
        const result = await work(connection as unknown as Scoped)
        const { rows } = await sql<{ command: string }>`commit`.execute(connection)
        // PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK and without an error.
        if (rows[0]?.command !== 'COMMIT') {
          throw new Error('The transaction was rolled back: a statement in it failed and its error was swallowed.')
        }
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
      transaction(
        `begin; set local role ${ROLES.serving}; set local signalbox.tenant_id = ${escapeLiteral(tenantId)}`,
        work,
      ),
    acrossTenants: (_reason, work) => transaction(`begin; set local role ${ROLES.system}`, work),
    poolUse: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: () => (closing ??= kysely.destroy()),
  }
}
