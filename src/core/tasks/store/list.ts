import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import type { TaskStatus } from '../status.ts'
import type { Task } from './task.ts'

/** What a list of tasks is narrowed by; what is left out narrows nothing. */
export type TaskFilter = {
  kinds?: readonly string[] | undefined
  statuses?: readonly TaskStatus[] | undefined
  createdBy?: string | undefined
  priorityMin?: number | undefined
  createdBefore?: string | undefined
  createdAfter?: string | undefined
  /** Letters that the title has, in whatever case. */
  titleHas?: string | undefined
  isSystem?: boolean | undefined
}

/** Where a page begins: behind a task in the order of the list, or before it. */
export type PagePosition = { direction: 'older' | 'newer'; taskId: string }

export type ListedTask = Omit<Task, 'payload' | 'change'>

/** Totals are counted up to here. */
export const COUNTED_MAX = 10_000

/** Of a task in a list, as JSON: more of it is shown by the task alone. */
const SHOWN_BYTES_MAX = 4_096

const unlessLarge = (column: string, instead: string) =>
  sql.raw(
    `case when octet_length(${column}::text) <= ${SHOWN_BYTES_MAX} then ${column} else ${instead} end as ${column}`,
  )

export const narrowedBy = (filter: TaskFilter) => sql`
  true
  ${filter.kinds === undefined ? sql`` : sql`and kind = any(${filter.kinds})`}
  ${filter.statuses === undefined ? sql`` : sql`and status = any(${filter.statuses})`}
  ${filter.createdBy === undefined ? sql`` : sql`and created_by = ${filter.createdBy}`}
  ${filter.priorityMin === undefined ? sql`` : sql`and priority >= ${filter.priorityMin}`}
  ${filter.createdBefore === undefined ? sql`` : sql`and created_at < ${filter.createdBefore}`}
  ${filter.createdAfter === undefined ? sql`` : sql`and created_at >= ${filter.createdAfter}`}
  ${filter.titleHas === undefined ? sql`` : sql`and strpos(lower(title), lower(${filter.titleHas})) > 0`}
  ${filter.isSystem === undefined ? sql`` : sql`and is_offered = ${!filter.isSystem}`}`

/** The newest tasks first, one more than `limit` when there are more; from `position` on. */
export async function listPage(
  tx: Tx,
  filter: TaskFilter,
  { position, limit }: { position: PagePosition | undefined; limit: number },
): Promise<ListedTask[]> {
  const isBack = position?.direction === 'newer'
  const { rows } = await sql<ListedTask>`
    select task_id, tenant_id, kind, status, attempt, attempts_max, run_after, cancel_requested_at, title, description,
      is_offered, priority, unique_key, concurrency_key, version, updated_at, created_by, created_at, started_at, ended_at, error,
      ${unlessLarge('progress', `'{}'::jsonb`)}, ${unlessLarge('result', 'null')}
    from tasks where ${narrowedBy(filter)}
      ${position === undefined ? sql`` : sql`and task_id ${sql.raw(isBack ? '>' : '<')} ${position.taskId}`}
    order by task_id ${sql.raw(isBack ? 'asc' : 'desc')} limit ${limit + 1}`.execute(tx)
  return rows
}

/** How many tasks there are, up to {@link COUNTED_MAX}. */
export async function countTasks(tx: Tx, filter: TaskFilter): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from (
      select from tasks where ${narrowedBy(filter)} limit ${sql.lit(COUNTED_MAX)}) as counted`.execute(tx)
  return rows[0]?.count ?? 0
}
