import type { Client } from 'pg'

/** A table with rows of tenants; `insert` is a statement that adds one to `tenant`, with values that its columns take. */
export type TenantTable = { name: string; insert(tenant: string): string }

type Column = { table_name: string; column: string; type: string; choices: string | null }

/** What a column of this type takes; `n` makes it different each time. Other types: add one here. */
const VALUES: Record<string, (n: number) => string> = {
  text: (n) => `'text ${n}'`,
  uuid: () => 'gen_random_uuid()',
  integer: () => '1',
  smallint: () => '1',
  bigint: () => '1',
  double: () => '1',
  real: () => '1',
  numeric: () => '1',
  boolean: () => 'true',
  jsonb: () => `'{}'`,
  date: () => 'current_date',
  'timestamp with time zone': () => 'now()',
  // As long as a SHA-256.
  bytea: (n) => `decode(lpad('${n.toString(16)}', 64, '0'), 'hex')`,
  'text[]': () => `'{}'`,
  'uuid[]': () => `'{}'`,
  tstzrange: () => `tstzrange(now(), now() + interval '1 hour')`,
  signal_severity: () => `'info'`,
}

/** What a check over several columns wants besides what each column must have. Other tables: add one here. */
const WANTED_TOGETHER: Record<string, Record<string, string>> = {
  token_families: { api_key_id: 'gen_random_uuid()' },
  trips: { arrives_at: `now() + interval '1 hour'` },
  bookings: { pickup: '0', dropoff: '1' },
  routes: { departs: `'08:00'` },
  occupations: { vehicle_id: 'gen_random_uuid()', trip_id: 'gen_random_uuid()' },
  idempotency_keys: { owner: 'gen_random_uuid()', lease_expires_at: 'now()' },
}

/** What a check on one column wants that no value of its type is. */
const WANTED: Record<string, (n: number) => string> = {
  'task_kinds.kind': (n) => `'custom.kind-${n}'`,
  'task_kinds.lease_seconds': () => '60',
  'task_kinds.time_limit_seconds': () => '60',
}

let inserted = 0

function valueFor({ table_name, column, type, choices }: Column): string {
  // The first word of a check like `status in ('open', 'closed')`.
  const choice = /ARRAY\['([^']+)'::/.exec(choices ?? '')?.[1]
  if (choice !== undefined) return `'${choice}'`
  const wanted = WANTED[`${table_name}.${column}`]
  if (wanted) return wanted(++inserted)
  const make = VALUES[type.replace(/\(\d+\)/, '').replace('double precision', 'double')]
  if (!make)
    throw new Error(`No value for ${table_name}.${column} of type ${type}. Add one to test/isolation/fill-tables.ts.`)
  inserted += 1
  return make(inserted)
}

/** Every table of tenants, from the catalogue. */
export async function tenantTables(superuser: Client): Promise<TenantTable[]> {
  // Only columns that must have a value and have none by themselves.
  const { rows } = await superuser.query<Column>(`
    select c.oid::regclass::text as table_name, a.attname as column, format_type(a.atttypid, a.atttypmod) as type,
      (select string_agg(pg_get_constraintdef(k.oid), ' ') from pg_constraint k
        where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]) as choices
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
      and exists (select from pg_attribute t where t.attrelid = c.oid and t.attname = 'tenant_id')
      and (a.attname = 'tenant_id' or a.attnotnull and not a.atthasdef and a.attidentity = '' and a.attgenerated = '')
    order by 1, a.attnum`)
  const byTable = Map.groupBy(rows, ({ table_name }) => table_name)
  return [...byTable].map(([name, columns]) => ({
    name,
    insert: (tenant) => {
      const together = WANTED_TOGETHER[name] ?? {}
      const alone = columns.filter(({ column }) => !(column in together))
      const values = alone.map((column) => (column.column === 'tenant_id' ? `'${tenant}'` : valueFor(column)))
      const names = [...alone.map(({ column }) => column), ...Object.keys(together)]
      return `insert into ${name} (${names.join(', ')}) values (${[...values, ...Object.values(together)].join(', ')})`
    },
  }))
}

/**
 * Adds so many rows per tenant to every table, mixed, without looking at foreign keys. Answers how many rows the first
 * tenant has in each table: one where there can be only one per tenant.
 */
export async function fillTables(
  superuser: Client,
  tables: readonly TenantTable[],
  rowsPerTenant: Record<string, number>,
): Promise<Record<string, number>> {
  const [first = ''] = Object.keys(rowsPerTenant)
  const counts: Record<string, number> = {}
  await superuser.query('set session_replication_role = replica')
  for (const { name, insert } of tables) {
    for (let n = 0; n < Math.max(...Object.values(rowsPerTenant)); n += 1) {
      for (const [tenant, wanted] of Object.entries(rowsPerTenant)) {
        if (n < wanted) await superuser.query(`${insert(tenant)} on conflict do nothing`)
      }
    }
    const { rows } = await superuser.query<{ count: number }>(
      `select count(*)::int as count from ${name} where tenant_id = '${first}'`,
    )
    counts[name] = rows[0]?.count ?? 0
  }
  await superuser.query('reset session_replication_role')
  return counts
}
