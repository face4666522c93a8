import { sql } from 'kysely'
import type { SystemTx } from '../../../platform/database/index.ts'
import { TASK_STATUSES, type TaskStatus } from '../status.ts'

/** Counting more would cost more and say no more. */
export const COUNTED_MAX = 100_000
const ALIVE_WITHIN_SECONDS = 30

export type Depth = { tenant_id: string; kind: string; waiting: number; oldest_seconds: number }

/**
 * What waits, due now or later, by tenant and kind, the most first, of the {@link COUNTED_MAX} that are due first.
 * `oldest_seconds`: how long the one that waits longest has been due.
 */
export async function readDepths(tx: SystemTx): Promise<Depth[]> {
  const { rows } = await sql<Depth>`
    select tenant_id, kind, count(*)::int as waiting,
      greatest(0, extract(epoch from clock_timestamp() - min(run_after)))::float8 as oldest_seconds
    from (
      select tenant_id, kind, run_after from tasks where status in ('queued', 'retrying')
      order by run_after limit ${sql.lit(COUNTED_MAX)}
    ) as first_due
    group by tenant_id, kind order by waiting desc, tenant_id, kind`.execute(tx)
  return rows
}

/** How many there are of each status, each counted up to {@link COUNTED_MAX}. */
export async function countByStatus(tx: SystemTx): Promise<Record<TaskStatus, number>> {
  const { rows } = await sql<{ status: TaskStatus; count: number }>`
    select status, (
      select count(*)::int from (select from tasks where tasks.status = asked.status limit ${sql.lit(COUNTED_MAX)}) as counted
    ) as count
    from unnest(${[...TASK_STATUSES]}::text[]) as asked (status)`.execute(tx)
  return Object.fromEntries(rows.map(({ status, count }) => [status, count])) as Record<TaskStatus, number>
}

export type RecentTask = {
  task_id: string
  tenant_id: string
  kind: string
  title: string | null
  status: TaskStatus
  created_at: Date
  updated_at: Date
}

/** The newest tasks of all tenants. */
export async function listRecent(tx: SystemTx, limit: number): Promise<RecentTask[]> {
  const { rows } = await sql<RecentTask>`
    select task_id, tenant_id, kind, title, status, created_at, updated_at from tasks
    order by task_id desc limit ${limit}`.execute(tx)
  return rows
}

export type LivingWorker = {
  process_id: string
  version: string
  kinds: string[]
  started_at: Date
  seen_at: Date
  running: number
}

/** Processes that work tasks and have been seen lately, with how many each has. */
export async function listWorkers(tx: SystemTx): Promise<LivingWorker[]> {
  const { rows } = await sql<LivingWorker>`
    select process_id, version, kinds, started_at, seen_at, (
      select count(*)::int from tasks where status = 'running' and lease_owner = process_id) as running
    from platform.processes
    where 'worker' = any(roles) and stopped_at is null
      and seen_at > clock_timestamp() - ${sql.lit(ALIVE_WITHIN_SECONDS)} * interval '1 second'
    order by started_at limit 1000`.execute(tx)
  return rows
}

/** A tenant's weight among those that share the workers; undefined when there is no such tenant. */
export async function findWeight(tx: SystemTx, tenantId: string): Promise<number | undefined> {
  const { rows } = await sql<{ weight: number }>`
    select coalesce(weight, 1)::float8 as weight from tenants left join task_shares using (tenant_id)
    where tenant_id = ${tenantId}`.execute(tx)
  return rows[0]?.weight
}

export async function setWeight(tx: SystemTx, tenantId: string, weight: number): Promise<void> {
  await sql`
    insert into task_shares (tenant_id, weight) values (${tenantId}, ${weight})
    on conflict (tenant_id) do update set weight = excluded.weight`.execute(tx)
}
