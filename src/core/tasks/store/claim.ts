import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import type { Outcome } from '../outcome.ts'
import type { TaskStatus } from '../status.ts'
import { AFTER_SECONDS, RANK } from './enqueue.ts'
import { TASK_COLUMNS, type Task } from './task.ts'

/** Proof of holding a task: only the claim with this fencing number may still write. */
export type Claim = { taskId: string; owner: string; fencing: number }

/** `waited_seconds`: for how long it had been due. */
export type ClaimedTask = Task & { fencing: number; waited_seconds: number }

/**
 * Takes a waiting task of one of `kinds` whose time has come; undefined when it is not there to be taken (any more), or
 * another task of its concurrency key runs: whoever ends that one tells the workers again. A kind that this process does
 * not know is left to one that does: during an upgrade there are both.
 *
 * Rejects with the violation of `tasks_one_running_per_concurrency_key` when two of a key are claimed at once.
 */
export async function claimTask(
  tx: Tx,
  claim: { taskId: string; owner: string; leaseSeconds: number; kinds: readonly string[] },
): Promise<ClaimedTask | undefined> {
  const { rows } = await sql<ClaimedTask>`
    update tasks set
      status = 'running', attempt = attempt + 1, fencing = fencing + 1, lease_owner = ${claim.owner},
      lease_expires_at = clock_timestamp() + ${claim.leaseSeconds} * interval '1 second',
      started_at = coalesce(started_at, now()), attempt_started_at = clock_timestamp()
    where task_id = ${claim.taskId} and status in ('queued', 'retrying') and run_after <= clock_timestamp()
      and kind = any(${claim.kinds})
      and not exists (
        select from tasks as other where other.concurrency_key = tasks.concurrency_key and other.status = 'running')
    returning ${TASK_COLUMNS}, fencing,
      greatest(0, extract(epoch from attempt_started_at - run_after))::float8 as waited_seconds`.execute(tx)
  return rows[0]
}

/** The condition under which a claim still holds. An expired lease does not, even when nobody took the task yet. */
const holds = (claim: Claim) => sql`
  task_id = ${claim.taskId} and status = 'running' and lease_owner = ${claim.owner} and fencing = ${claim.fencing}
  and lease_expires_at > clock_timestamp()`

/** Extends the lease; undefined when it is lost. */
export async function extendLease(
  tx: Tx,
  claim: Claim,
  leaseSeconds: number,
): Promise<{ cancelRequested: boolean } | undefined> {
  const { rows } = await sql<{ cancel_requested: boolean }>`
    update tasks set lease_expires_at = clock_timestamp() + ${leaseSeconds} * interval '1 second'
    where ${holds(claim)} returning cancel_requested_at is not null as cancel_requested`.execute(tx)
  return rows[0] && { cancelRequested: rows[0].cancel_requested }
}

/**
 * Writes progress if the claim holds. The row stays locked until the transaction ends, so nobody can take the task
 * between this check and the commit of what was written beside it.
 */
export async function writeProgress(tx: Tx, claim: Claim, progress: unknown): Promise<boolean> {
  const { rows } = await sql`
    update tasks set progress = ${JSON.stringify(progress)} where ${holds(claim)} returning 1`.execute(tx)
  return rows.length === 1
}

/** Lines of a task's log, and characters of one, that are kept. */
const LOG_LINES_MAX = 1_000
const LOG_LINE_CHARACTERS_MAX = 2_000

/** Adds a line to the log if the claim holds. What comes after the last that is kept is left out. */
export async function writeLogLine(tx: Tx, claim: Claim, text: string): Promise<boolean> {
  const { rows } = await sql`
    with counted as (
      update tasks set log_lines = least(log_lines + 1, ${sql.lit(LOG_LINES_MAX + 1)})
      where ${holds(claim)} returning tenant_id, task_id, log_lines, new.change
    ), written as (
      insert into task_log (tenant_id, task_id, line, change, text)
      select tenant_id, task_id, log_lines, change, ${text.slice(0, LOG_LINE_CHARACTERS_MAX)} from counted
      where log_lines <= ${sql.lit(LOG_LINES_MAX)}
    )
    select from counted`.execute(tx)
  return rows.length === 1
}

type Settlement = Exclude<Outcome, { kind: 'lost' }>

/** The status of an attempt's end where nobody has asked for a cancel. */
const STATUS_AFTER = {
  succeeded: 'succeeded',
  cancelled: 'cancelled',
  failed: 'failed',
  retry: 'retrying',
  handed_back: 'retrying',
} as const

export type Settled = {
  status: TaskStatus
  rank: number
  after_seconds: number
  concurrency_key: string | null
  worked_outside: boolean
}

/**
 * Ends an attempt if the claim holds, and writes it down; undefined when it does not. A cancel that came in meanwhile wins
 * over every other outcome: the caller was told that the task is being cancelled.
 */
export async function settleTask(tx: Tx, claim: Claim, outcome: Settlement): Promise<Settled | undefined> {
  const cancelled = sql`cancel_requested_at is not null`
  const ended = outcome.kind !== 'retry' && outcome.kind !== 'handed_back'
  const [error, errorClass] = 'error' in outcome ? [JSON.stringify(outcome.error), outcome.errorClass] : [null, null]
  const { rows } = await sql<Settled>`
    with settled as (
      update tasks set
        status = case when ${cancelled} then 'cancelled' else ${STATUS_AFTER[outcome.kind]} end,
        ended_at = case when ${ended} or ${cancelled} then clock_timestamp() end,
        result = case when not ${cancelled} then ${outcome.kind === 'succeeded' ? JSON.stringify(outcome.result ?? null) : null}::jsonb end,
        error = case when not ${cancelled} then ${error}::jsonb end,
        -- now(), as the engine counts: a job that is handed out a moment before its task is due would be lost.
        run_after = ${ended ? sql`run_after` : sql`now() + ${outcome.kind === 'retry' ? outcome.afterSeconds : 0} * interval '1 second'`},
        attempt = attempt - ${outcome.kind === 'handed_back' ? 1 : 0},
        lease_owner = null, lease_expires_at = null
      where ${holds(claim)}
      returning new.*, old.attempt as tried
    ), written as (
      insert into task_attempts (tenant_id, task_id, claim, change, attempt, owner, started_at, ended_at, outcome, error_class, error)
      select tenant_id, task_id, fencing, change, tried, ${claim.owner}, coalesce(attempt_started_at, now()),
        coalesce(ended_at, clock_timestamp()),
        case when ${cancelled} then 'cancelled' else ${outcome.kind} end, ${errorClass}, ${error}::jsonb
      from settled
    )
    select status, ${RANK} as rank, ${AFTER_SECONDS} as after_seconds, concurrency_key, worked_outside from settled`.execute(
    tx,
  )
  return rows[0]
}

/** The task that waits for this concurrency key and comes next; undefined when none is due. */
export async function nextOfConcurrencyKey(
  tx: Tx,
  concurrencyKey: string,
): Promise<{ task_id: string; rank: number } | undefined> {
  const { rows } = await sql<{ task_id: string; rank: number }>`
    select task_id, ${RANK} as rank from tasks
    where concurrency_key = ${concurrencyKey} and status in ('queued', 'retrying') and run_after <= now()
    order by ${RANK} limit 1`.execute(tx)
  return rows[0]
}
