import { readFile } from 'node:fs/promises'
import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { choosable } from '../../src/core/retention/chosen-days.ts'
import { type AgedOfAll, oldOfAll } from '../../src/core/retention/remove-of-all.ts'
import { BY_INDEX, nextDue, oldestOf } from '../../src/core/retention/remove-of-tenants.ts'
import { tenantId } from '../../src/kernel/tenant-id.ts'
import { retention } from '../../src/modules.ts'
import { type Retention, retentionOf } from '../../src/platform/upkeep/index.ts'
import { testDatabase } from '../harness/database.ts'

const PAGE = new URL('../../docs/retention.md', import.meta.url)
const db = testDatabase()
let superuser: Client
beforeAll(async () => {
  superuser = new Client({ connectionString: db.url })
  await superuser.connect()
})
afterAll(() => superuser?.end())

/** Every table in the database, as the retention names it. */
async function tables(): Promise<string[]> {
  const { rows } = await superuser.query<{ name: string }>(`
    select case n.nspname when 'public' then c.relname else n.nspname || '.' || c.relname end as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
    order by 1`)
  return rows.map(({ name }) => name)
}

const ofSchema = (table: string) => table.replace(/\..*$/, '.*')
const unspoken = async () => (await tables()).filter((table) => !(table in retention || ofSchema(table) in retention))

describe('what becomes of every table', () => {
  it('is said: a new one needs its line in `retention` of its module, and in docs/retention.md', async () => {
    expect(await unspoken()).toEqual([])
    await superuser.query('begin; create table planted (tenant_id text primary key)')
    expect(await unspoken()).toEqual(['planted'])
    await superuser.query('rollback')
  })

  it('is said of tables that there are, once', async () => {
    const known = new Set((await tables()).flatMap((table) => [table, ofSchema(table)]))
    expect(Object.keys(retention).filter((table) => !known.has(table))).toEqual([])
    const said = { tasks: retention.tasks as Retention }
    expect(() =>
      retentionOf([
        { name: 'a', retention: said },
        { name: 'b', retention: said },
      ]),
    ).toThrow('b speaks of')
  })

  it('stands on its page, line by line', async () => {
    const rows = (await readFile(PAGE, 'utf8')).split('\n').filter((line) => /^\| `(?!signalbox_)/.test(line))
    expect(rows).toEqual(Object.entries(retention).map(lineOf).sort())
  })
})

function lineOf([table, said]: [string, Retention]): string {
  return `| \`${table}\` | ${said.what} | ${keptFor(said)} | ${said.why} |`
}

function keptFor(said: Retention): string {
  if (said.becomes === 'kept') return 'kept'
  if (said.becomes === 'removed with') return `with \`${said.table}\``
  if (said.becomes === 'removed by') return said.days === undefined ? 'at once' : `${said.days} days`
  const { days, scope } = said
  if (scope.of === 'tenant') return `${days} days (${scope.least} to ${scope.most})`
  if (days === 0) return 'at once'
  if (days > 1) return `${days} days`
  return days < 1 / 24 ? `${Math.round(days * 1_440)} minutes` : `${days * 24} hours`
}

describe('bounds and ways', () => {
  it('hold the default between the least and the most', () => {
    for (const [, { days, scope }] of choosable(retention)) {
      expect([scope.least, days, scope.most]).toEqual([scope.least, days, scope.most].toSorted((a, b) => a - b))
    }
  })

  it('lead through an index of the tenant to its old rows, also where one tenant has many and others have none', async () => {
    await superuser.query(`
      insert into tenants (tenant_id, name) select 'tenant_' || n, 'A tenant' from generate_series(1, 300) as n;
      insert into tasks (tenant_id, task_id, kind, payload, attempts_max, created_by, status, ended_at)
        select 'tenant_1', uuidv7(interval '-100 days'), 'thing.do', '{}', 1, 'test', 'succeeded', now() - interval '100 days'
        from generate_series(1, 3000);
      insert into deliveries (tenant_id, delivery_id, channel_id, signal_id, circuit, subject, state, ended_at)
        select 'tenant_1', uuidv7(interval '-100 days'), gen_random_uuid(), gen_random_uuid(), 'notify', 'thing:1', 'dead', now()
        from generate_series(1, 3000);
      insert into signals (tenant_id, signal_id, kind, subject, severity, title, dedupe_key, state, resolved_at)
        select 'tenant_1', uuidv7(interval '-200 days'), 'test', 'thing:1', 'info', 'Look', gen_random_uuid(), 'resolved', now()
        from generate_series(1, 3000);
      insert into audit_log (tenant_id, audit_id, at, actor, action, subject)
        select 'tenant_1', uuidv7(interval '-800 days'), now() - interval '800 days', 'operator', 'thing.do', 'thing:1'
        from generate_series(1, 3000);
      insert into action_receipts (tenant_id, receipt_id, actor, request_id, actions, risk, steps, outcome, applied_at)
        select 'tenant_1', uuidv7(interval '-800 days'), 'operator', 'request', '{}', 'safe', '[]', '{}', now() - interval '800 days'
        from generate_series(1, 3000);
      insert into ticket_history (tenant_id, history_id, ticket_id, action, recorded_at)
        select 'tenant_1', uuidv7(interval '-800 days'), gen_random_uuid(), 'created', now() from generate_series(1, 3000);
      analyze`)
    const due = { tenant_id: 'tenant_1', before: '2026-01-01T00:00:00Z' }
    for (const [table, aged] of choosable(retention)) {
      const plans = [
        await db.database.acrossTenants('the test explains', (tx) => planOf(tx, nextDue(table, aged, ''))),
        aged.scope.by === 'system'
          ? await db.database.acrossTenants('the test explains', (tx) => planOf(tx, oldestOf(table, aged, due, 10)))
          : await db.database.withTenant(tenantId('tenant_1'), (tx) => planOf(tx, oldestOf(table, aged, due, 10))),
      ]
      const key = aged.scope.found === 'id' ? aged.scope.id : aged.since
      const wanted = `ROW(tenant_id, ${key}) <`
      for (const plan of plans) {
        const scan = scansOf(plan).find((each) => each['Relation Name'] === table)
        expect(scan?.['Node Type'], `${table}: ${JSON.stringify(plan)}`).toMatch(/^Index/)
        expect(scan?.['Index Cond'], table).toContain(wanted)
      }
    }
  })

  it('are words that PostgreSQL knows, for what is kept equally long for all', async () => {
    for (const [table, said] of Object.entries(retention)) {
      if (said.becomes !== 'removed' || said.scope.of !== 'all') continue
      const statement = oldOfAll(table, said as AgedOfAll, 10)
      await db.database.acrossTenants('the test explains', (tx) => planOf(tx, statement))
    }
  })
})

type Plan = { 'Node Type': string; 'Relation Name'?: string; 'Index Cond'?: string; Plans?: Plan[] }
type Statement = Parameters<typeof sql>[1]

async function planOf(tx: Parameters<ReturnType<typeof sql>['execute']>[0], statement: Statement): Promise<Plan> {
  await BY_INDEX.execute(tx)
  const { rows } = await sql<{ 'QUERY PLAN': { Plan: Plan }[] }>`explain (format json) ${statement}`.execute(tx)
  const [explained] = rows[0]?.['QUERY PLAN'] ?? []
  if (!explained) throw new Error('nothing was explained')
  return explained.Plan
}

const scansOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(scansOf)]
