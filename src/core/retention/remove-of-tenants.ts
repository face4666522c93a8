import { type RawBuilder, sql } from 'kysely'
import { tenantId } from '../../kernel/tenant-id.ts'
import { type Database, type SystemTx, settings, type Tx, together } from '../../platform/database/index.ts'
import { heapAfterHeap, ROWS_AT_ONCE, type UpkeepStep } from '../../platform/upkeep/index.ts'
import type { AgedOfTenant } from './chosen-days.ts'

/** A tenant that has rows older than it keeps them, and before when they are. */
type Due = { tenant_id: string; before: string }

/** What makes a row one that may go. */
const isOld = ({ since, when = 'true' }: AgedOfTenant, before: RawBuilder<unknown>) =>
  sql`${sql.raw(`(${since})`)} < ${before} and ${sql.raw(`(${when})`)}`

const keyOf = (table: string, { since, scope }: AgedOfTenant) => ({
  tenant: sql.ref(`${table}.tenant_id`),
  key: scope.found === 'id' ? sql.ref(scope.id) : sql.raw(since),
})

/**
 * Where a tenant's old rows lie in the index that begins with the tenant. Tenant and key compared together, and put in order by
 * both: else PostgreSQL takes an index of ids alone, or of the tenant alone, and passes over all that is of others or too young
 * to find that a tenant has nothing.
 */
function isAmongOld(table: string, aged: AgedOfTenant, of: RawBuilder<unknown>, before: RawBuilder<unknown>) {
  const { tenant, key } = keyOf(table, aged)
  const [least, bound] =
    aged.scope.found === 'id'
      ? [sql.raw(`'00000000-0000-0000-0000-000000000000'::uuid`), sql`platform.first_uuid_at(${before})`]
      : [sql.raw(`'-infinity'::timestamptz`), before]
  return sql`(${tenant}, ${key}) >= (${of}, ${least}) and (${tenant}, ${key}) < (${of}, ${bound}) and ${isOld(aged, before)}`
}

/** A scan of the table looks cheap to PostgreSQL whenever many rows might do: it does not know how many are too young. */
export const BY_INDEX = settings({ enable_seqscan: 'off', enable_bitmapscan: 'off' })

/**
 * The next tenant behind `after`, in the order of ids, that has something to be removed. Each is asked for one row of an
 * index: LATERAL with LIMIT, because as a condition PostgreSQL may join the whole table instead.
 */
export function nextDue(table: string, aged: AgedOfTenant, after: string) {
  const { tenant, key } = keyOf(table, aged)
  const { least, most } = aged.scope
  return sql<Due>`
  select tenants.tenant_id, kept.before::text as before
  from tenants
  left join retention_choices as choice on choice.tenant_id = tenants.tenant_id and choice.table_name = ${table}
  cross join lateral (
    select now() - make_interval(days => least(greatest(coalesce(choice.days, ${aged.days}), ${least}), ${most})) as before
  ) as kept
  cross join lateral (
    select from ${sql.table(table)} where ${isAmongOld(table, aged, sql`tenants.tenant_id`, sql`kept.before`)}
    order by ${tenant}, ${key} limit 1
  ) as oldest
  where tenants.tenant_id > ${after} order by tenants.tenant_id limit 1`
}

/** The ids of a tenant's oldest rows, locked where that is the tenant's own to do. */
export function oldestOf(table: string, aged: AgedOfTenant, { tenant_id, before }: Due, limit: number) {
  const { tenant, key } = keyOf(table, aged)
  return sql<{ id: string }>`
  select ${sql.ref(aged.scope.id)} as id from ${sql.table(table)}
  where ${isAmongOld(table, aged, sql`${tenant_id}`, sql`${before}::timestamptz`)}
  order by ${tenant}, ${key} limit ${limit}
  ${aged.scope.by === 'system' ? sql`` : sql`for update skip locked`}`
}

async function removeHeap(tx: Tx | SystemTx, table: string, aged: AgedOfTenant, due: Due): Promise<TenantsHeap> {
  const { id, lock } = aged.scope
  if (lock !== undefined) await sql`select ${sql.raw(lock)}`.execute(tx)
  const limit = aged.rowsAtOnce ?? ROWS_AT_ONCE
  const [, rows] = await together(tx, [BY_INDEX, oldestOf(table, aged, due, limit)])
  const ids = rows.map((row) => row.id)
  if (ids.length === 0) return { rows: 0, isFull: false }
  const ofHeap = sql`tenant_id = ${due.tenant_id} and ${sql.ref(id)} = any(${ids}::uuid[])`
  // Asked again: what has come to life meanwhile stays.
  const { numAffectedRows = 0n } = await sql`
    delete from ${sql.table(table)} where ${ofHeap} and ${isOld(aged, sql`${due.before}::timestamptz`)}`.execute(tx)
  return { rows: Number(numAffectedRows), isFull: ids.length === limit }
}

/** How many rows went, and whether there may be more. */
type TenantsHeap = { rows: number; isFull: boolean }

/**
 * Removes what tenants have kept long enough, as long as each wants, a heap of one tenant after a heap of another: one with
 * much to remove keeps nobody waiting. What a round leaves, the next one of this process goes on with where it stopped.
 */
export function removeOfTenants(database: Database, table: string, aged: AgedOfTenant): UpkeepStep {
  const reason = 'what tenants have kept long enough is removed'
  const find = async (after: string) =>
    (await database.acrossTenantsAtOnce(reason, [BY_INDEX, nextDue(table, aged, after)]))[1][0]
  const remove = (due: Due) =>
    aged.scope.by === 'system'
      ? database.acrossTenants(reason, (tx) => removeHeap(tx, table, aged, due))
      : database.withTenant(tenantId(due.tenant_id), (tx) => removeHeap(tx, table, aged, due))
  // Goes on where the round before was ended.
  let after = ''
  return {
    name: table,
    run: (signal) => {
      // Those before that place have not been looked at yet.
      let isMoreLeft = after !== ''
      return heapAfterHeap(signal, async () => {
        const due = await find(after)
        after = due?.tenant_id ?? ''
        if (!due) {
          const isLast = !isMoreLeft
          isMoreLeft = false
          return { rows: 0, isLast }
        }
        const { rows, isFull } = await remove(due)
        isMoreLeft ||= isFull
        return { rows, isLast: false }
      })
    },
  }
}
