import { sql } from 'kysely'
import type { SystemTx, Tx } from '../../../platform/database/index.ts'
import type { TaskFacts, WorkerFacts } from '../explain.ts'
import { RANK } from './enqueue.ts'

/** Counting more would cost more and say no more. */
const COUNTED_MAX = 10_000
/** As long as health checks take a process for alive that has said nothing. */
const ALIVE_WITHIN_SECONDS = 30
/** Three signs of life of the one that has a task: it can be told that it is gone before its lease, of 30 s, has ended. */
const HOLDER_SILENT_SECONDS = 15

export type Facts = TaskFacts & {
  created_by: string
  lease_owner: string | null
  is_offered: boolean
  worked_outside: boolean
}

/** What `explain` has to know of a task; undefined when there is none. */
export async function readFacts(tx: Tx, taskId: string): Promise<Facts | undefined> {
  const { rows } = await sql<Facts>`
    with this as materialized (select *, ${RANK} as rank from tasks where task_id = ${taskId})
    select status, kind, attempt, attempts_max, error, run_after, started_at, ended_at, created_by, lease_owner, is_offered, worked_outside,
      cancel_requested_at is not null as cancel_requested, concurrency_key, lease_expires_at,
      (select task_id from tasks as other where other.concurrency_key = this.concurrency_key and other.status = 'running') as held_by,
      (select count(*)::int from (select from tasks where status = 'running' limit ${sql.lit(COUNTED_MAX)}) as running) as running_of_tenant,
      (select count(*)::int from (
        select from tasks where status in ('queued', 'retrying') and run_after <= now() and task_id <> this.task_id
          and ${RANK} < this.rank limit ${sql.lit(COUNTED_MAX)}) as before) as ahead
    from this`.execute(tx)
  return rows[0]
}

/** Who lives of those that work, whether they know a kind, and whether the holder of a task is among them. Not about tenants. */
export async function readWorkers(
  tx: SystemTx,
  { kind, holder }: { kind: string; holder: string | null },
): Promise<Omit<WorkerFacts, 'per_tenant'>> {
  const { rows } = await sql<{ workers: number; knowing: number; holder_lives: boolean }>`
    select count(*)::int as workers, count(*) filter (where ${kind} = any(kinds))::int as knowing,
      coalesce(bool_or(process_id = ${holder}
        and seen_at > clock_timestamp() - ${sql.lit(HOLDER_SILENT_SECONDS)} * interval '1 second'), false) as holder_lives
    from platform.processes
    where 'worker' = any(roles) and stopped_at is null
      and seen_at > clock_timestamp() - ${sql.lit(ALIVE_WITHIN_SECONDS)} * interval '1 second'`.execute(tx)
  const found = rows[0] ?? { workers: 0, knowing: 0, holder_lives: false }
  return { ...found, holder_lives: holder === null ? null : found.holder_lives }
}

export type Attempt = {
  attempt: number
  outcome: string
  started_at: Date
  ended_at: Date
  error_class: string | null
  error: { code: string; message: string } | null
}

export type LogLine = { line: number; at: Date; text: string }

/** The attempts of a task that have ended, oldest first; at most a hundred, the last ones. */
export async function listAttempts(tx: Tx, taskId: string): Promise<Attempt[]> {
  const { rows } = await sql<Attempt>`
    select * from (
      select claim, attempt, outcome, started_at, ended_at, error_class, error from task_attempts
      where task_id = ${taskId} order by claim desc limit 100) as latest
    order by claim`.execute(tx)
  return rows
}

/** Lines of a task's log behind `after`, oldest first. */
export async function listLogLines(tx: Tx, taskId: string, after: number, limit: number): Promise<LogLine[]> {
  const { rows } = await sql<LogLine>`
    select line, at, text from task_log where task_id = ${taskId} and line > ${after} order by line limit ${limit}`.execute(
    tx,
  )
  return rows
}
