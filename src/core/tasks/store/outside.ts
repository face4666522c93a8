import { sql } from 'kysely'
import type { SystemTx, Tx } from '../../../platform/database/index.ts'
import { PRIORITY_MAX, PRIORITY_MIN } from '../turn.ts'
import type { Claim } from './claim.ts'
import { RANK } from './enqueue.ts'
import type { Task } from './task.ts'

/** Of a tenant at a time: what its workers have leased and not brought back. */
export const LEASED_MAX = 1_000

/** It is noted that somebody asks for a kind no more often than this. */
const NOTED_EVERY_SECONDS = 10

export type LeasedTask = Task & { fencing: number; leaseExpiresAt: Date }

/**
 * Leases the task that comes next of these kinds to somebody outside, and notes that they were asked for; undefined when none is due,
 * or the tenant has as many out as it may. One at a time in a tenant: of two that ask at once each gets another one.
 */
export async function leaseNext(
  tx: Tx,
  { owner, kinds }: { owner: string; kinds: readonly string[] },
): Promise<LeasedTask | undefined> {
  await sql`select pg_advisory_xact_lock(71646, hashtext(current_setting('signalbox.tenant_id')))`.execute(tx)
  await sql`
    update task_kinds set last_asked_at = now() where kind = any(${kinds})
      and (last_asked_at is null or last_asked_at < now() - ${sql.lit(NOTED_EVERY_SECONDS)} * interval '1 second')`.execute(
    tx,
  )
  const { rows } = await sql<LeasedTask>`
    with next as materialized (
      -- The first of each priority, by the index, and of those the one whose turn it is.
      select first.task_id
      from generate_series(${sql.lit(PRIORITY_MIN)}, ${sql.lit(PRIORITY_MAX)}) as each (priority) cross join lateral (
        select task_id, ${RANK} as rank from tasks
        where tasks.priority = each.priority::smallint and worked_outside and status in ('queued', 'retrying')
          and run_after <= clock_timestamp() and kind = any(${kinds})
          and exists (select from task_kinds where task_kinds.kind = tasks.kind)
          and (concurrency_key is null or not exists (
            select from tasks as other where other.concurrency_key = tasks.concurrency_key and other.status = 'running'))
        order by turn limit 1
      ) as first
      where (select count(*) from (
        select from tasks where worked_outside and status = 'running' limit ${sql.lit(LEASED_MAX)}) as out) < ${sql.lit(LEASED_MAX)}
      order by first.rank limit 1
    )
    update tasks set
      status = 'running', attempt = attempt + 1, fencing = fencing + 1, lease_owner = ${owner},
      lease_expires_at = clock_timestamp() + lease_seconds * interval '1 second',
      started_at = coalesce(started_at, now()), attempt_started_at = clock_timestamp()
    from task_kinds
    where tasks.task_id = (select task_id from next) and tasks.status in ('queued', 'retrying')
      and task_kinds.tenant_id = tasks.tenant_id and task_kinds.kind = tasks.kind
    returning ${OF_TASK}, fencing, lease_expires_at as "leaseExpiresAt"`.execute(tx)
  return rows[0]
}

const OF_TASK = sql.raw(
  'task_id, tasks.tenant_id, tasks.kind, status, progress, result, error, attempt, tasks.attempts_max, run_after, cancel_requested_at, title, description, payload, is_offered, priority, unique_key, concurrency_key, version, tasks.updated_at, tasks.created_by, tasks.created_at, started_at, ended_at',
)

/** Extends a lease, to the end of the attempt's time at the most; undefined when it does not hold any more. */
export async function extendOutside(
  tx: Tx,
  claim: Claim,
): Promise<{ leaseExpiresAt: Date; cancelRequested: boolean } | undefined> {
  const { rows } = await sql<{ leaseExpiresAt: Date; cancelRequested: boolean }>`
    update tasks set lease_expires_at = least(clock_timestamp() + lease_seconds * interval '1 second',
      attempt_started_at + time_limit_seconds * interval '1 second')
    from task_kinds
    where task_id = ${claim.taskId} and status = 'running' and lease_owner = ${claim.owner} and fencing = ${claim.fencing}
      and lease_expires_at > clock_timestamp()
      and task_kinds.tenant_id = tasks.tenant_id and task_kinds.kind = tasks.kind
    returning lease_expires_at as "leaseExpiresAt", cancel_requested_at is not null as "cancelRequested"`.execute(tx)
  return rows[0]
}

/** The task that a claim names and how its kind tries again; undefined when it is not one of those who work outside. */
export async function findOutside(
  tx: Tx,
  taskId: string,
): Promise<
  { attempt: number; attemptsMax: number; baseSeconds: number; capSeconds: number; kind: string } | undefined
> {
  const { rows } = await sql<{
    attempt: number
    attemptsMax: number
    baseSeconds: number
    capSeconds: number
    kind: string
  }>`
    select attempt, tasks.attempts_max as "attemptsMax", retry_base_seconds as "baseSeconds",
      retry_cap_seconds as "capSeconds", tasks.kind
    from tasks join task_kinds using (tenant_id, kind) where task_id = ${taskId} and worked_outside`.execute(tx)
  return rows[0]
}

/** Those of these tenants that have a task for somebody outside to take now. */
export async function tenantsWithWork(tx: SystemTx, tenants: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ tenant: string }>`
    select tenant from unnest(${tenants}::text[]) as tenant where exists (
      select from tasks where tenant_id = tenant and worked_outside and status in ('queued', 'retrying')
        and run_after <= now())`.execute(tx)
  return rows.map(({ tenant }) => tenant)
}

/** When a worker last asked for a kind; undefined when it is not registered (any more). */
export async function lastAsked(tx: Tx, kind: string): Promise<Date | null | undefined> {
  const { rows } = await sql<{
    at: Date | null
  }>`select last_asked_at as at from task_kinds where kind = ${kind}`.execute(tx)
  return rows[0]?.at
}
