import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { createLogger } from '../../src/kernel/logger.ts'
import { type TenantId, tenantId } from '../../src/kernel/tenant-id.ts'
import type { SystemTx, Tx } from '../../src/platform/database/index.ts'
import { buildApp, type Caller, type Route, unauthenticated } from '../../src/platform/http/index.ts'
import { testDatabase } from './database.ts'

export const ALDER = tenantId('alder')
export const BIRCH = tenantId('birch')

/** Who calls: their tenants, and what they may do in each of them. `operator` may everything. */
export type TestCaller = { id: string; tenants: TenantId[]; permissions: string[] } | 'operator'

/** A bearer token that says in itself who calls. */
export const tokenOf = (caller: TestCaller) => Buffer.from(JSON.stringify(caller)).toString('base64url')

export const ada = tokenOf({ id: 'person:ada', tenants: [ALDER, BIRCH], permissions: ['thing.read', 'thing.write'] })
export const ben = tokenOf({ id: 'person:ben', tenants: [ALDER], permissions: ['thing.read', 'thing.write'] })
export const operator = tokenOf('operator')

function callerOf(authorization: string): Caller {
  const token = authorization.replace('Bearer ', '')
  let named: TestCaller
  try {
    named = JSON.parse(Buffer.from(token, 'base64url').toString()) as TestCaller
  } catch {
    throw unauthenticated('not a token of these tests')
  }
  if (named === 'operator') {
    return { id: 'operator', tenants: 'all', isOperator: true, decide: async () => 'allowed' }
  }
  const { id, tenants, permissions } = named
  return {
    ...{ id, tenants, isOperator: false },
    decide: async (permission, tenant) => {
      if (!tenants.includes(tenant)) return 'unknown_tenant'
      return permissions.includes(permission) ? 'allowed' : 'forbidden'
    },
  }
}

type AppUnderTest = Awaited<ReturnType<typeof buildApp>>
type BuildOptions = Parameters<typeof buildApp>[0]

/**
 * The server that production starts, with routes of the test's own, on a database that also has the tenant table
 * `things (tenant_id, thing_id bigint, name)`.
 */
export function testApp(routes: readonly Route[], permissions: readonly string[] = ['thing.read', 'thing.write']) {
  const db = testDatabase({ max: 8 })
  const logLines: string[] = []
  const logger = createLogger({ level: 'trace', destination: { write: (line) => void logLines.push(line) } })
  const started: AppUnderTest[] = []

  /** Another server with other options on the same database; closed after the file. */
  const start = async (options: Partial<BuildOptions> = {}): Promise<{ app: AppUnderTest; url: string }> => {
    const app = await buildApp({
      ...{ logger, database: db.database, routes, rootRoutes: [] },
      authenticate: async ({ headers: { authorization } }) => (authorization ? callerOf(authorization) : null),
      permissions: new Set(permissions),
      ...{ requestsPerMinute: 100_000, trustedProxies: 0, version: '0.0.0' },
      ...options,
    })
    started.push(app)
    return { app, url: await app.listen({ host: '127.0.0.1', port: 0 }) }
  }

  let url: string
  beforeAll(async () => {
    await asSuperuser(`
      set role signalbox_owner;
      create table things (
        tenant_id text not null,
        thing_id bigint generated always as identity,
        name text not null,
        primary key (tenant_id, thing_id)
      );
      select platform.secure_tenant_table('things', 'select, insert');
      grant usage on sequence things_thing_id_seq to signalbox_serving, signalbox_system`)
    url = (await start()).url
  })
  afterAll(() => Promise.all(started.map((app) => app.close())))

  const asSuperuser = async (text: string) => {
    const client = new Client({ connectionString: db.url })
    await client.connect()
    try {
      return await client.query(text)
    } finally {
      await client.end()
    }
  }

  return {
    db,
    logLines,
    start,
    asSuperuser,
    get url() {
      return `${url}/api/v1`
    },
    /** The names of all things of all tenants, in the order they were made. */
    things: async () => {
      const { rows } = await asSuperuser('select tenant_id, name from things order by thing_id')
      return rows.map(({ tenant_id, name }: { tenant_id: string; name: string }) => `${tenant_id}: ${name}`)
    },
  }
}

export async function addThing(tx: Tx | SystemTx, tenant: string, name: string): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into things (tenant_id, name) values (${tenant}, ${name}) returning thing_id as id`.execute(tx)
  return rows[0]?.id ?? 0
}
