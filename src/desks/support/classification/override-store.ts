import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'

/** A tenant's override as it is stored; `content` is the same for the same document only. */
export type StoredOverride = {
  tenant_id: string
  document: unknown
  content: string
  updated_by: string
  updated_at: Date
}

export async function findOverride(tx: Tx): Promise<StoredOverride | undefined> {
  const { rows } = await sql<StoredOverride>`
    select tenant_id, document, encode(sha256(convert_to(document::text, 'UTF8')), 'hex') as content, updated_by, updated_at
    from rule_overrides`.execute(tx)
  return rows[0]
}

export async function saveOverride(tx: Tx, document: unknown, updatedBy: string): Promise<void> {
  await sql`
    insert into rule_overrides (tenant_id, document, updated_by)
    values (current_setting('signalbox.tenant_id'), ${JSON.stringify(document)}, ${updatedBy})
    on conflict (tenant_id) do update set
      document = excluded.document, updated_by = excluded.updated_by, updated_at = clock_timestamp()`.execute(tx)
}

export async function deleteOverride(tx: Tx): Promise<void> {
  await sql`delete from rule_overrides`.execute(tx)
}
