import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'

/** A kind that a tenant has registered. */
export type CustomKind = {
  kind: string
  about: string
  payloadSchema: Record<string, unknown>
  attemptsMax: number
  retryBaseSeconds: number
  retryCapSeconds: number
  leaseSeconds: number
  timeLimitSeconds: number
}
export type RegisteredKind = CustomKind & { createdBy: string; updatedAt: Date; lastAskedAt: Date | null }

const COLUMNS = sql.raw(`kind, about, payload_schema as "payloadSchema", attempts_max as "attemptsMax",
  retry_base_seconds as "retryBaseSeconds", retry_cap_seconds as "retryCapSeconds", lease_seconds as "leaseSeconds",
  time_limit_seconds as "timeLimitSeconds", created_by as "createdBy", updated_at as "updatedAt",
  last_asked_at as "lastAskedAt"`)

/** Those of these names that are registered; all of them without names. In the order of their names. */
export async function selectCustomKinds(tx: Tx, names?: readonly string[]): Promise<RegisteredKind[]> {
  const which = names === undefined ? sql`true` : sql`kind = any(${names})`
  const { rows } = await sql<RegisteredKind>`
    select ${COLUMNS} from task_kinds where ${which} order by kind collate "C"`.execute(tx)
  return rows
}

/** Registers a kind or replaces what is registered; null when the tenant has `most` others. */
export async function putCustomKind(
  tx: Tx,
  kind: CustomKind & { createdBy: string },
  most: number,
): Promise<{ registered: RegisteredKind; isNew: boolean } | null> {
  // Of two that register at once the second counts what the first has made.
  await sql`select pg_advisory_xact_lock(71645, hashtext(current_setting('signalbox.tenant_id')))`.execute(tx)
  const { rows } = await sql<RegisteredKind & { isNew: boolean }>`
    insert into task_kinds as known (tenant_id, kind, about, payload_schema, attempts_max, retry_base_seconds,
      retry_cap_seconds, lease_seconds, time_limit_seconds, created_by)
    select current_setting('signalbox.tenant_id'), ${kind.kind}, ${kind.about}, ${JSON.stringify(kind.payloadSchema)}::jsonb,
      ${kind.attemptsMax}, ${kind.retryBaseSeconds}, ${kind.retryCapSeconds}, ${kind.leaseSeconds},
      ${kind.timeLimitSeconds}, ${kind.createdBy}
    where (select count(*) from task_kinds where kind <> ${kind.kind}) < ${most}
    on conflict (tenant_id, kind) do update set about = excluded.about, payload_schema = excluded.payload_schema,
      attempts_max = excluded.attempts_max, retry_base_seconds = excluded.retry_base_seconds,
      retry_cap_seconds = excluded.retry_cap_seconds, lease_seconds = excluded.lease_seconds,
      time_limit_seconds = excluded.time_limit_seconds, updated_at = now()
    returning old.kind is null as "isNew", new.kind, new.about, new.payload_schema as "payloadSchema",
      new.attempts_max as "attemptsMax", new.retry_base_seconds as "retryBaseSeconds",
      new.retry_cap_seconds as "retryCapSeconds", new.lease_seconds as "leaseSeconds",
      new.time_limit_seconds as "timeLimitSeconds", new.created_by as "createdBy", new.updated_at as "updatedAt",
      new.last_asked_at as "lastAskedAt"`.execute(tx)
  const [row] = rows
  if (!row) return null
  const { isNew, ...registered } = row
  return { registered, isNew }
}

/** Removes a kind; `in_use` while tasks of it live, null when there is none. */
export async function deleteCustomKind(tx: Tx, kind: string): Promise<'removed' | 'in_use' | null> {
  // Locked: a task of it that is being created holds the row, and is seen after that.
  const { rows } = await sql`select from task_kinds where kind = ${kind} for update`.execute(tx)
  if (rows.length === 0) return null
  const { rows: live } = await sql`
    select from tasks where kind = ${kind} and worked_outside and status in ('queued', 'running', 'retrying') limit 1`.execute(
    tx,
  )
  if (live.length > 0) return 'in_use'
  await sql`delete from task_kinds where kind = ${kind}`.execute(tx)
  return 'removed'
}

/** The registered kinds of these names, which nobody removes until the transaction ends. */
export async function holdCustomKinds(tx: Tx, names: readonly string[]): Promise<CustomKind[]> {
  const { rows } = await sql<CustomKind>`
    select ${COLUMNS} from task_kinds where kind = any(${names}) order by kind for share`.execute(tx)
  return rows
}
