import { type RawBuilder, sql } from 'kysely'
import type { SystemTx } from '../../../platform/database/index.ts'
import type { TaskStatus } from '../status.ts'
import { RANK } from './enqueue.ts'

const WORKER_LOST = { code: 'tasks.worker_lost', message: 'The process that worked on this task went away.' }

/** A task that its worker has lost and what became of it, or one that waited for such a one. */
export type ReapedTask = { tenant_id: string; task_id: string; kind: string; status: TaskStatus; rank: number }

/**
 * Frees tasks whose lease expired, oldest first: tried again, cancelled if that was asked for, or failed when the
 * attempts are used up. Bounded, so that a mass failure is worked off in steps.
 */
export async function reapExpired(tx: SystemTx, limit: number): Promise<ReapedTask[]> {
  const { rows } = await sql<ReapedTask>`
    with expired as (
      select tenant_id, task_id from tasks
      where status = 'running' and lease_expires_at < clock_timestamp()
      order by lease_expires_at limit ${limit} for update skip locked
    ), reaped as (
      update tasks set
        status = case when cancel_requested_at is not null then 'cancelled'
                      when attempt >= attempts_max then 'failed' else 'retrying' end,
        ended_at = case when cancel_requested_at is not null or attempt >= attempts_max then clock_timestamp() end,
        error = ${JSON.stringify(WORKER_LOST)},
        run_after = clock_timestamp(), lease_owner = null, lease_expires_at = null
      from expired
      where tasks.tenant_id = expired.tenant_id and tasks.task_id = expired.task_id
      returning new.*, old.lease_owner as owner
    ), written as (
      insert into task_attempts (tenant_id, task_id, claim, change, attempt, owner, started_at, outcome, error)
      select tenant_id, task_id, fencing, change, attempt, owner, coalesce(attempt_started_at, now()), 'lost', error from reaped
    )
    select tenant_id, task_id, kind, status, ${RANK} as rank from reaped
    union all
    -- What waited for one that has ended now.
    select next.* from reaped cross join lateral (
      select tasks.tenant_id, task_id, kind, status, ${RANK} as rank from tasks
      where tasks.tenant_id = reaped.tenant_id and tasks.concurrency_key = reaped.concurrency_key
        and status in ('queued', 'retrying') and run_after <= now()
      order by ${RANK} limit 1) as next
    where reaped.status in ('cancelled', 'failed')`.execute(tx)
  return rows
}

const DEAD_LETTER = {
  code: 'tasks.dead_letter',
  message: 'The queue gave the task up: it was handed to workers again and again, and none could begin it.',
}

/** Ends a waiting task that the queue has given up. One that runs is with a worker, whose lease decides. */
export async function failGivenUp(tx: SystemTx, task: { tenantId: string; taskId: string }): Promise<boolean> {
  const { rows } = await sql`
    update tasks set status = case when cancel_requested_at is null then 'failed' else 'cancelled' end,
      ended_at = clock_timestamp(), error = ${JSON.stringify(DEAD_LETTER)}
    where tenant_id = ${task.tenantId} and task_id = ${task.taskId} and status in ('queued', 'retrying')
    returning 1`.execute(tx)
  return rows.length === 1
}

/**
 * Waiting tasks whose time came a while ago and that no job of the queue points to: it gave the job up, or its
 * tables were emptied, or it is another transport than before. Oldest first, bounded.
 */
export async function findForgotten(
  tx: SystemTx,
  options: { isPointedTo: RawBuilder<boolean>; waitedSeconds: number; limit: number },
): Promise<{ tenant_id: string; task_id: string; rank: number }[]> {
  const { rows } = await sql<{ tenant_id: string; task_id: string; rank: number }>`
    select tenant_id, task_id, ${RANK} as rank from tasks
    where status in ('queued', 'retrying') and not worked_outside
      and run_after < clock_timestamp() - ${options.waitedSeconds} * interval '1 second'
      and not ${options.isPointedTo}
    order by run_after limit ${options.limit}`.execute(tx)
  return rows
}

/** Tasks of all tenants that wait, up to `max`, and for how long the one due first has been due; 0 when none is. */
export async function countWaiting(tx: SystemTx, max: number): Promise<{ waiting: number; oldest_seconds: number }> {
  const { rows } = await sql<{ waiting: number; oldest_seconds: number }>`
    select
      (select count(*) from (
        -- In order, so that the index of those that wait is read and not the table.
        select from tasks where status in ('queued', 'retrying') and not worked_outside order by run_after limit ${max}
      ) as counted) as waiting,
      (select greatest(0, coalesce(extract(epoch from clock_timestamp() - min(run_after)), 0))::integer
       from tasks where status in ('queued', 'retrying') and not worked_outside) as oldest_seconds`.execute(tx)
  return rows[0] ?? { waiting: 0, oldest_seconds: 0 }
}
