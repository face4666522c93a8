import { type RawBuilder, sql } from 'kysely'
import { insist, prepared, type SystemTx, type Tx } from '../../platform/database/index.ts'
import type { Outcome, TaskError } from './outcome.ts'
import type { TaskStatus } from './status.ts'

export type Task = {
  task_id: string
  tenant_id: string
  kind: string
  status: TaskStatus
  progress: Record<string, unknown>
  result: unknown
  error: TaskError | null
  attempt: number
  attempts_max: number
  run_after: Date
  cancel_requested_at: Date | null
  created_by: string
  created_at: Date
  started_at: Date | null
  ended_at: Date | null
}

const TASK_COLUMNS = sql.raw(
  'task_id, tenant_id, kind, status, progress, result, error, attempt, attempts_max, run_after, cancel_requested_at, created_by, created_at, started_at, ended_at',
)

/** Proof of holding a task: only the claim with this fencing number may still write. */
export type Claim = { taskId: string; owner: string; fencing: number }

/** How many live tasks of a tenant are told apart when a new one is put behind them. */
const QUEUE_DEPTH_TOLD_APART = 1_000

/**
 * Adds a task, or finds the live one with the same unique key: one atomic statement, however many callers race.
 * `ahead` is the number of the tenant's live tasks before this one, up to {@link QUEUE_DEPTH_TOLD_APART}.
 */
export async function insertOrFindLive(
  tx: Tx,
  task: { kind: string; payload: unknown; uniqueKey: string | null; attemptsMax: number; createdBy: string },
): Promise<{ taskId: string; created: boolean; ahead: number }> {
  const { rows } = await sql<{ task_id: string; created: boolean; ahead: number }>`
    insert into tasks as live (tenant_id, kind, payload, unique_key, attempts_max, created_by)
    values (current_setting('signalbox.tenant_id'), ${task.kind}, ${JSON.stringify(task.payload)}, ${task.uniqueKey},
            ${task.attemptsMax}, ${task.createdBy})
    on conflict (tenant_id, kind, unique_key)
      where unique_key is not null and status in ('queued', 'running', 'retrying')
      do update set unique_key = live.unique_key
    returning new.task_id, old.task_id is null as created,
      (select count(*) from (
        select from tasks where status in ('queued', 'running', 'retrying') limit ${QUEUE_DEPTH_TOLD_APART}
      ) as before) as ahead`.execute(tx)
  const row = rows[0]
  if (!row) throw new Error('insert returned no task')
  return { taskId: row.task_id, created: row.created, ahead: row.ahead }
}

export async function findTask(tx: Tx, taskId: string): Promise<Task | undefined> {
  const { rows } = await sql<Task>`select ${TASK_COLUMNS} from tasks where task_id = ${taskId}`.execute(tx)
  return rows[0]
}

/** The newest task of this kind and key, whatever became of it. */
export async function findLastTask(tx: Tx, task: { kind: string; uniqueKey: string }): Promise<Task | undefined> {
  const { rows } = await sql<Task>`
    select ${TASK_COLUMNS} from tasks where kind = ${task.kind} and unique_key = ${task.uniqueKey}
    order by task_id desc limit 1`.execute(tx)
  return rows[0]
}

export async function findTenantOfTask(tx: SystemTx, taskId: string): Promise<string | null> {
  const { rows } = await sql<{ tenant_id: string }>`select tenant_id from tasks where task_id = ${taskId}`.execute(tx)
  return rows[0]?.tenant_id ?? null
}

/** The newest tasks first; `before` is the last id of the page before. */
export async function listTasks(
  tx: Tx,
  filter: { kind?: string | undefined; status?: TaskStatus | undefined; before?: string | undefined; limit: number },
): Promise<Task[]> {
  const { rows } = await sql<Task>`
    select ${TASK_COLUMNS} from tasks
    where true
      ${filter.kind === undefined ? sql`` : sql`and kind = ${filter.kind}`}
      ${filter.status === undefined ? sql`` : sql`and status = ${filter.status}`}
      ${filter.before === undefined ? sql`` : sql`and task_id < ${filter.before}`}
    order by task_id desc limit ${filter.limit}`.execute(tx)
  return rows
}

/**
 * Takes a waiting task of one of `kinds` whose time has come; undefined when it is not there to be taken (any more). A
 * kind that this process does not know is left to one that does: during an upgrade there are both.
 */
export async function claimTask(
  tx: Tx,
  claim: { taskId: string; owner: string; leaseSeconds: number; kinds: readonly string[] },
): Promise<(Task & { payload: unknown; fencing: number }) | undefined> {
  const { rows } = await sql<Task & { payload: unknown; fencing: number }>`
    update tasks set
      status = 'running', attempt = attempt + 1, fencing = fencing + 1, lease_owner = ${claim.owner},
      lease_expires_at = clock_timestamp() + ${claim.leaseSeconds} * interval '1 second',
      started_at = coalesce(started_at, now())
    where task_id = ${claim.taskId} and status in ('queued', 'retrying') and run_after <= clock_timestamp()
      and kind = any(${claim.kinds})
    returning ${TASK_COLUMNS}, payload, fencing`.execute(tx)
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

type Settlement = Exclude<Outcome, { kind: 'lost' }>

/**
 * Ends an attempt if the claim holds; undefined when it does not. A cancel that came in meanwhile wins over every other
 * outcome: the caller was told that the task is being cancelled.
 */
export async function settleTask(tx: Tx, claim: Claim, outcome: Settlement): Promise<TaskStatus | undefined> {
  const cancelled = sql`cancel_requested_at is not null`
  const ended = outcome.kind !== 'retry' && outcome.kind !== 'handed_back'
  const status = {
    succeeded: 'succeeded',
    cancelled: 'cancelled',
    failed: 'failed',
    retry: 'retrying',
    handed_back: 'retrying',
  }[outcome.kind]
  const { rows } = await sql<{ status: TaskStatus }>`
    update tasks set
      status = case when ${cancelled} then 'cancelled' else ${status} end,
      ended_at = case when ${ended} or ${cancelled} then clock_timestamp() end,
      result = case when not ${cancelled} then ${outcome.kind === 'succeeded' ? JSON.stringify(outcome.result ?? null) : null}::jsonb end,
      error = case when not ${cancelled} then ${'error' in outcome ? JSON.stringify(outcome.error) : null}::jsonb end,
      -- now(), as the engine counts: a job that is handed out a moment before its task is due would be lost.
      run_after = now() + ${outcome.kind === 'retry' ? outcome.afterSeconds : 0} * interval '1 second',
      attempt = attempt - ${outcome.kind === 'handed_back' ? 1 : 0},
      lease_owner = null, lease_expires_at = null
    where ${holds(claim)} returning status`.execute(tx)
  return rows[0]?.status
}

/** Cancels a waiting task at once, asks a running one to stop; undefined when there is no live task with this id. */
export async function requestCancel(tx: Tx, taskId: string): Promise<TaskStatus | undefined> {
  const { rows } = await sql<{ status: TaskStatus }>`
    update tasks set
      status = case when status = 'running' then 'running' else 'cancelled' end,
      ended_at = case when status = 'running' then null else clock_timestamp() end,
      cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp())
    where task_id = ${taskId} and status in ('queued', 'running', 'retrying')
    returning status`.execute(tx)
  return rows[0]?.status
}

/** A task that its worker has lost, and what became of it. */
export type ReapedTask = { tenant_id: string; task_id: string; kind: string; status: TaskStatus }

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
    )
    update tasks set
      status = case when cancel_requested_at is not null then 'cancelled'
                    when attempt >= attempts_max then 'failed' else 'retrying' end,
      ended_at = case when cancel_requested_at is not null or attempt >= attempts_max then clock_timestamp() end,
      error = ${JSON.stringify({ code: 'tasks.worker_lost', message: 'The process that worked on this task went away.' })},
      run_after = clock_timestamp(), lease_owner = null, lease_expires_at = null
    from expired
    where tasks.tenant_id = expired.tenant_id and tasks.task_id = expired.task_id
    returning tasks.tenant_id, tasks.task_id, tasks.kind, tasks.status`.execute(tx)
  return rows
}

/**
 * Waiting tasks whose time came a while ago and that no queued or active job of the engine points to: the engine gave
 * the job up, or its tables were emptied. Oldest first, bounded.
 */
export async function findForgotten(
  tx: SystemTx,
  options: { queue: string; waitedSeconds: number; limit: number },
): Promise<{ tenant_id: string; task_id: string }[]> {
  const { rows } = await sql<{ tenant_id: string; task_id: string }>`
    select tenant_id, task_id from tasks
    where status in ('queued', 'retrying')
      and run_after < clock_timestamp() - ${options.waitedSeconds} * interval '1 second'
      and not exists (
        select from pgboss.job
        where name = ${options.queue} and state < 'completed' and data ->> 'taskId' = task_id::text)
    order by run_after limit ${options.limit}`.execute(tx)
  return rows
}

/** Tasks of all tenants that wait, up to `max`, and for how long the one due first has been due; 0 when none is. */
export async function countWaiting(tx: SystemTx, max: number): Promise<{ waiting: number; oldest_seconds: number }> {
  const { rows } = await sql<{ waiting: number; oldest_seconds: number }>`
    select
      (select count(*) from (
        -- In order, so that the index of those that wait is read and not the table.
        select from tasks where status in ('queued', 'retrying') order by run_after limit ${max}
      ) as counted) as waiting,
      (select greatest(0, coalesce(extract(epoch from clock_timestamp() - min(run_after)), 0))::integer
       from tasks where status in ('queued', 'retrying')) as oldest_seconds`.execute(tx)
  return rows[0] ?? { waiting: 0, oldest_seconds: 0 }
}

/** A task that somebody works on, as another worker that does a part of it for the holder needs to know it. */
export type RunningTask = { tenant_id: string; task_id: string; fencing: number; progress: Record<string, unknown> }

/** The tasks of a kind that are running under a live lease and are to go on, of all tenants. Not run yet. */
export const listRunningTasks = (kind: string) => sql<RunningTask>`${prepared('list_running_tasks')}
    select tenant_id, task_id, fencing, progress from tasks
    where kind = ${kind} and status = 'running' and lease_expires_at > clock_timestamp() and cancel_requested_at is null
    order by task_id`

/** A claim that somebody else writes on behalf of. */
type ClaimedTask = { taskId: string; fencing: number }

const lockClaimed = ({ taskId, fencing }: ClaimedTask) => sql<{ progress: Record<string, unknown> }>`
    select progress from tasks
    where task_id = ${taskId} and fencing = ${fencing} and status = 'running'
      and lease_expires_at > clock_timestamp() and cancel_requested_at is null
    for no key update`

/**
 * Locks a task for a write on behalf of its holder and returns its progress; no row when that claim does not hold any
 * more or the task is to be cancelled. Nobody can take the task before the transaction ends. Not run yet.
 */
export const lockRunningTask = (task: ClaimedTask) =>
  sql<{ progress: Record<string, unknown> }>`${prepared('lock_running_task')} ${lockClaimed(task)}`

/**
 * The same for whoever knows the progress, apart from the amounts under `key`: ends the transaction when the task cannot
 * be written to, or stands elsewhere. Not run yet: it travels with what it protects.
 */
export const insistOnTask = (task: ClaimedTask, key: string, progress: unknown) =>
  sql`${prepared('insist_on_task')} ${insist(
    sql`(select progress - ${key}::text = ${JSON.stringify(progress)}::jsonb - ${key}::text from (${lockClaimed(task)}) as locked)`,
    'the task is not as it was',
  )}`

/** Writes the progress of a task that this transaction has locked; not run yet. */
export const saveProgress = (taskId: string, progress: unknown) =>
  sql`${prepared('save_progress')} update tasks set progress = ${JSON.stringify(progress)} where task_id = ${taskId}`

/**
 * Writes the progress of a task that this transaction has locked, of which the amounts under `key` are not known: they
 * stay as they are stored, with `amounts` added. Not run yet.
 */
export const advanceProgress = (
  taskId: string,
  key: string,
  { progress, amounts }: { progress: unknown; amounts: unknown },
) => sql`${prepared('advance_progress')}
    update tasks set progress = jsonb_set(${JSON.stringify(progress)}::jsonb, array[${key}::text],
      platform.add_numbers(progress -> ${key}::text, ${JSON.stringify(amounts)}::jsonb))
    where task_id = ${taskId}`

/** Adds amounts, an object of numbers, to those under `key` in the progress of a task that this transaction has locked. */
export const addToProgress = (taskId: string, key: string, amounts: RawBuilder<unknown>) => sql`
    update tasks set progress = jsonb_set(progress, array[${key}::text],
      platform.add_numbers(progress -> ${key}::text, ${amounts}))
    where task_id = ${taskId}`
