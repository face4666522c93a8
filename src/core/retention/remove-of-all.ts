import { sql } from 'kysely'
import type { Database } from '../../platform/database/index.ts'
import { type Aged, inHeaps, type OfAll, ROWS_AT_ONCE, type UpkeepStep } from '../../platform/upkeep/index.ts'

/** Rows that are kept equally long for everybody. */
export type AgedOfAll = Aged & { scope: OfAll }

/** Removes the oldest rows. What is asked of a row is asked again when it is removed: it may have changed meanwhile. */
export function oldOfAll(table: string, { days, since, when = 'true', scope }: AgedOfAll, limit: number) {
  const isOld = sql`${sql.raw(`(${since})`)} < now() - ${days * 86_400} * interval '1 second' and ${sql.raw(`(${when})`)}`
  const keys = sql.raw(scope.key.map((column) => `${column} as old_${column}`).join(', '))
  const same = sql.raw(scope.key.map((column) => `${table}.${column} = old.old_${column}`).join(' and '))
  return sql`
    with old as materialized (
      select ${keys} from ${sql.table(table)} where ${isOld} order by ${sql.raw(since)} limit ${limit}
    )
    delete from ${sql.table(table)} using old where ${same} and ${isOld}`
}

export function removeOfAll(database: Database, table: string, aged: AgedOfAll): UpkeepStep {
  const remove = (limit: number) =>
    database.acrossTenants('what is kept equally long for everybody is removed', async (tx) =>
      Number((await oldOfAll(table, aged, limit).execute(tx)).numAffectedRows ?? 0),
    )
  return { name: table, run: inHeaps(remove, aged.rowsAtOnce ?? ROWS_AT_ONCE) }
}
