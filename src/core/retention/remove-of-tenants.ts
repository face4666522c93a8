import { type RawBuilder, sql } from 'kysely'
import { tenantId } from '../../kernel/tenant-id.ts'
import type { Database, SystemTx, Tx } from '../../platform/database/index.ts'
import { heapAfterHeap, ROWS_AT_ONCE, type UpkeepStep } from '../../platform/upkeep/index.ts'
import type { AgedOfTenant } from './chosen-days.ts'

/** A tenant that has rows older than it keeps them, and before when they are. */
type Due = { tenant_id: string; before: string }

/** What makes a row of the tenant one that may go. With ids for time, the index ends the search where rows are young. */
function isOld({ since, when, scope }: AgedOfTenant, before: RawBuilder<unknown>): RawBuilder<unknown> {
  const made = scope.found === 'id' ? sql`and ${sql.ref(scope.id)} < platform.first_uuid_at(${before})` : sql``
  return sql`${sql.raw(`(${since})`)} < ${before} ${made} ${when === undefined ? sql`` : sql.raw(`and (${when})`)}`
}

const oldestFirst = ({ since, scope }: AgedOfTenant) => (scope.found === 'id' ? sql.ref(scope.id) : sql.raw(since))

/**
 * The next tenant behind `after`, in the order of ids, that has something to be removed. Each is asked for one row of an
 * index: LATERAL with LIMIT, because as a condition PostgreSQL may join the whole table instead.
 */
export const nextDue = (table: string, aged: AgedOfTenant, after: string) => sql<Due>`
  select tenants.tenant_id, kept.before::text as before
  from tenants
  left join retention_choices as choice on choice.tenant_id = tenants.tenant_id and choice.table_name = ${table}
  cross join lateral (
    select now() - make_interval(days =>
      least(greatest(coalesce(choice.days, ${aged.days}), ${aged.scope.least}), ${aged.scope.most})) as before
  ) as kept
  cross join lateral (
    select from ${sql.table(table)}
    where ${sql.ref(`${table}.tenant_id`)} = tenants.tenant_id and ${isOld(aged, sql`kept.before`)}
    order by ${oldestFirst(aged)} limit 1
  ) as oldest
  where tenants.tenant_id > ${after} order by tenants.tenant_id limit 1`

/** The ids of a tenant's oldest rows, locked where that is the tenant's own to do. */
export const oldestOf = (table: string, aged: AgedOfTenant, { tenant_id, before }: Due, limit: number) => sql<{
  id: string
}>`
  select ${sql.ref(aged.scope.id)} as id from ${sql.table(table)}
  where tenant_id = ${tenant_id} and ${isOld(aged, sql`${before}::timestamptz`)}
  order by ${oldestFirst(aged)} limit ${limit}
  ${aged.scope.by === 'system' ? sql`` : sql`for update skip locked`}`

async function removeHeap(tx: Tx | SystemTx, table: string, aged: AgedOfTenant, due: Due): Promise<TenantsHeap> {
  const { id, lock } = aged.scope
  if (lock !== undefined) await sql`select ${sql.raw(lock)}`.execute(tx)
  const limit = aged.rowsAtOnce ?? ROWS_AT_ONCE
  const { rows } = await oldestOf(table, aged, due, limit).execute(tx)
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
    (await database.acrossTenantsAtOnce(reason, [nextDue(table, aged, after)]))[0][0]
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
