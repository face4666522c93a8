import { Kysely, PostgresDialect, type RawBuilder, sql } from 'kysely'
import { escapeLiteral, Pool, types } from 'pg'
import type { Logger } from '../../kernel/logger.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'
import { currentHolder, whileHolding } from './acting-for.ts'
import {
  connectionSettings,
  refuseWrongRole,
  SERVING_LIMITS,
  type TimeLimits,
  WHO_AM_I,
  type WhoAmI,
} from './connection-settings.ts'
import { fairQueue } from './fair-queue.ts'
import { lending } from './lend-connection.ts'
import { type PoolUse, poolUse } from './pool-use.ts'
import { ROLES, type Role } from './roles.ts'
import { commit, isConcluded, lastly, type Rows } from './round-trips.ts'
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
  /** The same for work that only reads, which PostgreSQL enforces: its answer need not wait for the end of the transaction. */
  readTenant<T>(tenantId: TenantId, work: (tx: Tx) => Promise<T>): Promise<T>
  /** Runs `work` in a transaction across tenants; `reason` says why no single tenant will do, for the reader. */
  acrossTenants<T>(reason: string, work: (tx: SystemTx) => Promise<T>): Promise<T>
  /** What `readTenant` is to `withTenant`. */
  readAcrossTenants<T>(reason: string, work: (tx: SystemTx) => Promise<T>): Promise<T>
  /** Statements that do not need each other's answers, in a transaction of one round trip. Returns the rows of each. */
  withTenantAtOnce<const Statements extends readonly RawBuilder<unknown>[]>(
    tenantId: TenantId,
    statements: Statements,
  ): Promise<Rows<Statements>>
  /** The same across tenants. */
  acrossTenantsAtOnce<const Statements extends readonly RawBuilder<unknown>[]>(
    reason: string,
    statements: Statements,
  ): Promise<Rows<Statements>>
  poolUse(): PoolUse
  close(): Promise<void>
}

/** How a transaction begins, and whose it is; without a tenant, that of whoever it is done for. */
type Opening = { opening: string; tenant?: TenantId }

// bigint: counts and fencing numbers of this system stay below 2^53, so they are numbers in the program.
types.setTypeParser(types.builtins.INT8, Number)

export type PoolOptions = {
  url: string
  /** Connections at the most. */
  max: number
  logger: Logger
  /** For pg_stat_activity; without it, the role's name. */
  purpose?: string
  limits?: TimeLimits
}

/** A pool whose connections act as `role`, proven for each before it is used, and give up rather than hang. */
export function openPool(options: PoolOptions & { role: Role }): Pool {
  const { role, purpose = role.replace('signalbox_', '') } = options
  const pool = new Pool({
    ...connectionSettings(options.url, role, purpose, options.limits),
    max: options.max,
    // Statements that need not wait for each other's answers travel together.
    pipeline: true,
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

/** Opens a pool of the serving role. `close` waits for transactions under way. */
export function openDatabase(options: PoolOptions): Database {
  const pool = openPool({ ...options, role: ROLES.serving })
  const kysely = new Kysely<DB>({ dialect: new PostgresDialect({ pool: lending(pool) }) })
  const { connectMs } = options.limits ?? SERVING_LIMITS
  const queue = fairQueue({ places: options.max, patienceMs: connectMs })

  // Kysely's own transaction() would cost two round trips more: BEGIN and the settings travel with the first statement.
  const transaction = async <T, Scoped>({ opening, tenant }: Opening, work: (tx: Scoped) => Promise<T>) => {
    const holder = currentHolder(tenant)
    const giveBack = await queue.take(holder)
    try {
      return await whileHolding(holder, () => onConnection(opening, work))
    } finally {
      giveBack()
    }
  }
  const onConnection = <T, Scoped>(opening: string, work: (tx: Scoped) => Promise<T>) =>
    kysely.connection().execute(async (connection) => {
      await sql.raw(opening).execute(connection)
      try {
        const result = await work(connection as unknown as Scoped)
        return { result, last: isConcluded(connection) ? [] : await commit(connection) }
      } catch (error) {
        await sql`rollback`.execute(connection).catch((err) => {
          // The connection is gone, and with it the transaction; the first error is the one to tell.
          options.logger.debug({ err, component: 'database' }, 'rollback found no connection')
        })
        throw error
      }
    })
  const atOnce = async (opening: Opening, statements: readonly RawBuilder<unknown>[]) => {
    const leave = async (tx: SystemTx) => {
      for (const statement of statements) lastly(tx, statement)
    }
    return (await transaction(opening, leave)).last
  }
  const reading = <T, Scoped>(opening: Opening, work: (tx: Scoped) => Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      let isAnswered = false
      const answer = async (tx: Scoped) => {
        resolve(await work(tx))
        isAnswered = true
      }
      transaction(opening, answer).catch((err) => {
        if (!isAnswered) reject(err)
        else
          options.logger.warn({ err, component: 'database' }, 'what was read was answered, but its transaction failed')
      })
    })
  const asTenant = (tenant: TenantId, begin = 'begin'): Opening => ({
    opening: `${begin}; set local role ${ROLES.serving}; set local signalbox.tenant_id = ${escapeLiteral(tenant)}`,
    tenant,
  })
  const asSystem = (begin = 'begin'): Opening => ({ opening: `${begin}; set local role ${ROLES.system}` })

  let closing: Promise<void> | undefined
  return {
    withTenant: async (tenantId, work) => (await transaction(asTenant(tenantId), work)).result,
    readTenant: (tenantId, work) => reading(asTenant(tenantId, 'begin read only'), work),
    withTenantAtOnce: async (tenantId, statements) =>
      (await atOnce(asTenant(tenantId), statements)) as Rows<typeof statements>,
    acrossTenants: async (_reason, work) => (await transaction(asSystem(), work)).result,
    readAcrossTenants: (_reason, work) => reading(asSystem('begin read only'), work),
    acrossTenantsAtOnce: async (_reason, statements) =>
      (await atOnce(asSystem(), statements)) as Rows<typeof statements>,
    poolUse: () => {
      const use = poolUse(pool)
      return { ...use, waiting: use.waiting + queue.waiting() }
    },
    close: () => (closing ??= kysely.destroy()),
  }
}
