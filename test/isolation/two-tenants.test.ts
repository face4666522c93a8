import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tenantId } from '../../src/kernel/tenant-id.ts'
import { testDatabase } from '../harness/database.ts'
import { administer } from '../harness/server.ts'
import { fillTables, type TenantTable, tenantTables } from './fill-tables.ts'

const alder = tenantId('alder')
const birch = tenantId('birch')
/** Not a tenant: what a connection has as its setting after a transaction that set one. */
const NOBODY = ''

const db = testDatabase()
let superuser: Client
let tables: TenantTable[]
/** How many rows of alder each table has. */
let rowsOfAlder: Record<string, number>

beforeAll(async () => {
  superuser = new Client({ connectionString: db.url })
  await superuser.connect()
  tables = await tenantTables(superuser)
  rowsOfAlder = await fillTables(superuser, tables, { [alder]: 2, [birch]: 3 })
  await superuser.query(
    `insert into idempotency_keys (tenant_id, caller_id, key, request_hash, status, headers, answer_kept)
     values ($1, 'operator', 'k', 'h', 201, '{}', true)`,
    [NOBODY],
  )
})
afterAll(() => superuser?.end())

type Row = { tenant_id: string }
const tenantsIn = (rows: readonly Row[]) => [...new Set(rows.map(({ tenant_id }) => tenant_id))]

/** What the serving role gets on a fresh connection, as `withTenant` would set it up, without checks of foreign keys; rolled back. */
async function asServing(tenant: string | null, statement: string): Promise<{ rows: Row[] } | { refused: string }> {
  return administer(db.url, async (client) => {
    await client.query('begin; set local session_replication_role = replica; set local role signalbox_serving')
    if (tenant !== null) await client.query(`select set_config('signalbox.tenant_id', $1, true)`, [tenant])
    try {
      const { rows } = await client.query<Row>(statement)
      return { rows }
    } catch (error) {
      return { refused: error instanceof Error ? error.message : String(error) }
    } finally {
      await client.query('rollback')
    }
  })
}

/** Asks for every table and lists those where the answer is not as it should be. */
async function exceptions(ask: (table: TenantTable) => Promise<unknown>): Promise<unknown[]> {
  expect(tables.length).toBeGreaterThan(5)
  const found: unknown[] = []
  for (const table of tables) {
    const complaint = await ask(table)
    if (complaint !== undefined) found.push({ table: table.name, complaint })
  }
  return found
}

const mayNot = (answer: { refused: string } | object) =>
  'refused' in answer && /^permission denied for table/.test(String(answer.refused))

describe('two tenants whose rows are mixed in every table', () => {
  it('are really there', async () => {
    const found = await exceptions(async ({ name }) => {
      const { rows } = await superuser.query<Row>(`select tenant_id from ${name}`)
      const isMixed = tenantsIn(rows).includes(alder) && tenantsIn(rows).includes(birch)
      return isMixed ? undefined : rows
    })
    expect(found).toEqual([])
  })

  it('see only their own when somebody forgets the WHERE', async () => {
    const found = await exceptions(async ({ name }) => {
      const { rows } = await db.database.withTenant(alder, (tx) =>
        sql<Row>`select tenant_id from ${sql.raw(name)}`.execute(tx),
      )
      const isRight = rows.length === rowsOfAlder[name] && tenantsIn(rows).join() === alder
      return isRight ? undefined : rows
    })
    expect(found).toEqual([])
  })

  it.each([
    ['UPDATE', (name: string) => `update ${name} set tenant_id = tenant_id returning tenant_id`],
    ['DELETE', (name: string) => `delete from ${name} returning tenant_id`],
  ])('touch only their own with an %s without WHERE', async (_verb, statement) => {
    const found = await exceptions(async ({ name }) => {
      const answer = await asServing(alder, statement(name))
      if (mayNot(answer)) return undefined
      const isRight =
        'rows' in answer && answer.rows.length === rowsOfAlder[name] && tenantsIn(answer.rows).join() === alder
      return isRight ? undefined : answer
    })
    expect(found).toEqual([])
  })

  it('cannot write a row into the other', async () => {
    const found = await exceptions(async ({ insert }) => {
      const answer = await asServing(alder, insert(birch))
      const isRefused = 'refused' in answer && /violates row-level security policy/.test(answer.refused)
      return isRefused ? undefined : answer
    })
    expect(found).toEqual([])
  })

  it('cannot move a row to the other', async () => {
    const found = await exceptions(async ({ name }) => {
      const answer = await asServing(alder, `update ${name} set tenant_id = '${birch}'`)
      const isRefused = 'refused' in answer && /violates row-level security policy/.test(answer.refused)
      return isRefused || mayNot(answer) ? undefined : answer
    })
    expect(found).toEqual([])
  })
})

describe('without a tenant', () => {
  it.each([
    ['on a fresh connection', null],
    ['on a connection that had one before', NOBODY],
  ])('nothing is seen, %s', async (_when, tenant) => {
    const found = await exceptions(async ({ name }) => {
      const answer = await asServing(tenant, `select tenant_id from ${name}`)
      return 'rows' in answer && answer.rows.length === 0 ? undefined : answer
    })
    expect(found).toEqual([])
  })

  it('nothing can be written', async () => {
    const found = await exceptions(async ({ insert }) => {
      for (const tenant of [alder, NOBODY]) {
        const answer = await asServing(NOBODY, insert(tenant))
        if (!('refused' in answer)) return answer
      }
      return undefined
    })
    expect(found).toEqual([])
  })
})

describe('the queue', () => {
  it('shows a tenant no jobs, neither its own nor others’', async () => {
    expect(await asServing(alder, 'select data from pgboss.job')).toEqual({
      refused: 'permission denied for table job',
    })
  })
})
