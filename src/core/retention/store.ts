import { sql } from 'kysely'
import type { Tx } from '../../platform/database/index.ts'

/** What a tenant has chosen itself; tables that it says nothing about are missing. */
export type Choice = { table_name: string; days: number; chosen_by: string; chosen_at: Date }

export async function listChoices(tx: Tx): Promise<Choice[]> {
  const { rows } = await sql<Choice>`
    select table_name, days, chosen_by, chosen_at from retention_choices order by table_name`.execute(tx)
  return rows
}

/** Puts these choices in the place of all before; those that stay the same keep who made them. */
export async function replaceChoices(tx: Tx, days: Readonly<Record<string, number>>, chosenBy: string): Promise<void> {
  const tables = Object.keys(days)
  await sql`delete from retention_choices where table_name <> all(${tables})`.execute(tx)
  await sql`
    insert into retention_choices as choice (tenant_id, table_name, days, chosen_by)
    select current_setting('signalbox.tenant_id'), table_name, days, ${chosenBy}
    from unnest(${tables}::text[], ${Object.values(days)}::integer[]) as wanted (table_name, days)
    on conflict (tenant_id, table_name) do update
      set days = excluded.days, chosen_by = excluded.chosen_by, chosen_at = now()
      where choice.days <> excluded.days`.execute(tx)
}
