import { sql } from 'kysely'
import type { SystemTx, Tx } from '../../platform/database/index.ts'
import { invalid } from '../../platform/http/index.ts'

/** @throws http.invalid for a time zone that the database cannot compute with, however well the schema knows it. */
export async function demandTimeZone(tx: Tx | SystemTx, timeZone: string | undefined): Promise<void> {
  if (timeZone === undefined) return
  const { rows } = await sql<{ known: boolean }>`select knows_time_zone(${timeZone}) as known`.execute(tx)
  if (rows[0]?.known) return
  throw invalid([{ in: 'body', field: 'time_zone', message: 'is not a time zone that the database knows' }])
}
