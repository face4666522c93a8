import { sql } from 'kysely'
import type { Tx } from '../../platform/database/index.ts'

/** A secret without what it is. */
export type SecretRow = { name: string; host: string; created_by: string; created_at: Date; updated_at: Date }

/** Of a tenant. */
export const SECRETS_MAX = 100

export async function listSecrets(tx: Tx): Promise<SecretRow[]> {
  const { rows } = await sql<SecretRow>`
    select name, host, created_by, created_at, updated_at from request_secrets order by name limit ${sql.lit(SECRETS_MAX)}`.execute(
    tx,
  )
  return rows
}

export type SealedSecret = { name: string; host: string; sealed: Buffer }

export async function findSecrets(tx: Tx, names: readonly string[]): Promise<SealedSecret[]> {
  const { rows } = await sql<SealedSecret>`
    select name, host, sealed from request_secrets where name = any(${names})`.execute(tx)
  return rows
}

/** Writes a secret, in place of the one of that name; false when there is no room for another one. */
export async function saveSecret(
  tx: Tx,
  { name, host, sealed, createdBy }: { name: string; host: string; sealed: Buffer; createdBy: string },
): Promise<boolean> {
  const { rows } = await sql`
    insert into request_secrets (tenant_id, name, host, sealed, created_by)
    select current_setting('signalbox.tenant_id'), ${name}, ${host}, ${sealed}, ${createdBy}
    where exists (select from request_secrets where name = ${name})
      or (select count(*) from request_secrets) < ${sql.lit(SECRETS_MAX)}
    on conflict (tenant_id, name) do update set host = excluded.host, sealed = excluded.sealed, updated_at = now()
    returning 1`.execute(tx)
  return rows.length === 1
}

export async function removeSecret(tx: Tx, name: string): Promise<boolean> {
  const { rows } = await sql`delete from request_secrets where name = ${name} returning 1`.execute(tx)
  return rows.length === 1
}
