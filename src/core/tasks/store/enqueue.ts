import { type RawBuilder, sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import { HEAD_START_SECONDS, STEP_SECONDS } from '../turn.ts'

export type NewTask = {
  kind: string
  payload: unknown
  attemptsMax: number
  createdBy: string
  uniqueKey?: string | null
  concurrencyKey?: string | null
  title?: string | null
  description?: string | null
  priority?: number
  /** Not before; null is at once. */
  runAt?: string | null
  isOffered?: boolean
  /** For somebody outside: no process of ours works on it. */
  workedOutside?: boolean
}

export type Added = {
  taskId: string
  created: boolean
  /** Seconds since 1970; see turn.ts. */
  rank: number
  /** Until it may run. */
  afterSeconds: number
}

/** Of the tasks that were queued up last, how many are looked at for one that is as urgent. */
const LOOKED_AT_MAX = 1_000

const asRecord = (task: NewTask) => ({
  kind: task.kind,
  payload: task.payload,
  unique_key: task.uniqueKey ?? null,
  concurrency_key: task.concurrencyKey ?? null,
  attempts_max: task.attemptsMax,
  created_by: task.createdBy,
  title: task.title ?? null,
  description: task.description ?? null,
  priority: task.priority ?? 0,
  run_at: task.runAt ?? null,
  is_offered: task.isOffered ?? false,
  worked_outside: task.workedOutside ?? false,
})

/** What `turn.ts` calls the rank, of a row of tasks. */
export const RANK = sql<number>`(extract(epoch from turn) - priority * ${sql.lit(HEAD_START_SECONDS)})::float8`

/** The seconds until a row of tasks may run. As the engine counts: a job handed out too early would be lost. */
export const AFTER_SECONDS: RawBuilder<number> = sql`greatest(0, extract(epoch from run_after - now()))::float8`

/**
 * Adds tasks in their order, or finds for each the live one with the same unique key: one atomic statement, however many
 * callers race. No two of `tasks` may have one key.
 */
export async function insertOrFindLive(tx: Tx, tasks: readonly NewTask[]): Promise<Added[]> {
  const { rows } = await sql<{ task_id: string; created: boolean; rank: number; after_seconds: number }>`
    with given as (
      select *, row_number() over (partition by priority order by nr) as place
      from rows from (jsonb_to_recordset(${JSON.stringify(tasks.map(asRecord))}::jsonb) as (
        kind text, payload jsonb, unique_key text, concurrency_key text, attempts_max int, created_by text,
        title text, description text, priority smallint, run_at timestamptz, is_offered boolean,
        worked_outside boolean
      )) with ordinality as given (kind, payload, unique_key, concurrency_key, attempts_max, created_by, title, description,
        priority, run_at, is_offered, worked_outside, nr)
    ), step as (
      select ${sql.lit(STEP_SECONDS)} / coalesce((select weight from task_shares), 1) * interval '1 second' as step
    ), last as (
      -- In the order of the index, and no further than the first that is found.
      select wanted.priority, waiting.turn
      from (select distinct priority from given where run_at is null) as wanted cross join lateral (
        select turn from (
          select turn, priority from tasks
          where status in ('queued', 'retrying') and not is_delayed order by turn desc limit ${sql.lit(LOOKED_AT_MAX)}
        ) as latest where latest.priority >= wanted.priority limit 1
      ) as waiting
    )
    insert into tasks as live (tenant_id, kind, payload, unique_key, concurrency_key, attempts_max, created_by, title,
      description, priority, is_offered, worked_outside, is_delayed, run_after, turn)
    select current_setting('signalbox.tenant_id'), kind, payload, unique_key, concurrency_key, attempts_max, created_by,
      title, description, priority, is_offered, worked_outside, run_at is not null, greatest(run_at, now()),
      coalesce(run_at, greatest(now(), last.turn + step) + (place - 1) * step)
    from given cross join step left join last using (priority) order by nr
    on conflict (tenant_id, kind, unique_key)
      where unique_key is not null and status in ('queued', 'running', 'retrying')
      do update set unique_key = live.unique_key
    returning new.task_id, old.task_id is null as created, ${RANK} as rank, ${AFTER_SECONDS} as after_seconds`.execute(
    tx,
  )
  return rows.map(({ task_id, created, rank, after_seconds }) => ({
    ...{ taskId: task_id, created, rank, afterSeconds: after_seconds },
  }))
}
