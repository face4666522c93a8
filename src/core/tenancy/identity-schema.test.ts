import { getMigrations } from 'better-auth/db/migration'
import { Kysely, PostgresDialect } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testTenancy } from '../../../test/harness/tenancy.ts'
import { createLogger } from '../../kernel/logger.ts'
import { type DB, openPool, ROLES } from '../../platform/database/index.ts'
import { identityOptions } from './identity-options.ts'

const running = testTenancy()
let kysely: Kysely<DB>
const logger = createLogger({ level: 'silent' })

beforeAll(() => {
  const pool = openPool({ url: running.databaseUrl, role: ROLES.identity, max: 1, logger })
  kysely = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })
})

afterAll(async () => {
  await kysely.destroy()
})

const missing = async () => {
  const options = identityOptions({ kysely, secrets: ['x'.repeat(40)], publicUrl: 'http://localhost', logger })
  const { toBeCreated, toBeAdded } = await getMigrations(options)
  return { tables: toBeCreated.map(({ table }) => table), fields: toBeAdded.map(({ fields }) => Object.keys(fields)) }
}

test('our migration makes every table and column that better-auth expects', async () => {
  expect(await missing()).toEqual({ tables: [], fields: [] })
})

test('a column that better-auth expects and we lack would be noticed', async () => {
  await running.sql('alter table identity.session rename column user_agent to somewhere_else')
  expect(await missing()).toEqual({ tables: [], fields: [['user_agent']] })
  await running.sql('alter table identity.session rename column somewhere_else to user_agent')
})

test('only the identity role may look at people and sessions', async () => {
  const rows = await running.sql<{ role: string; can: boolean }>(`
    select role, bool_or(has_table_privilege(role, format('identity.%I', table_name), 'select, insert, update, delete')) as can
    from information_schema.tables,
      unnest(array['signalbox_serving', 'signalbox_system', 'signalbox_identity']) as role
    where table_schema = 'identity' group by role order by role`)
  expect(rows).toEqual([
    { role: 'signalbox_identity', can: true },
    { role: 'signalbox_serving', can: false },
    { role: 'signalbox_system', can: false },
  ])
})

test('the identity role may look at nothing else', async () => {
  const rows = await running.sql<{ table: string }>(`
    select format('%I.%I', table_schema, table_name) as "table" from information_schema.tables
    where table_schema not in ('identity', 'pg_catalog', 'information_schema')
      and has_table_privilege('signalbox_identity', format('%I.%I', table_schema, table_name), 'select, insert, update, delete')`)
  expect(rows).toEqual([])
})
