import { sql } from 'kysely'
import type { SystemTx, Tx } from '../../../platform/database/index.ts'
import type { TaskError } from '../outcome.ts'
import type { TaskStatus } from '../status.ts'

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
  title: string | null
  description: string | null
  payload: unknown
  is_offered: boolean
  priority: number
  unique_key: string | null
  concurrency_key: string | null
  version: number
  /** Grows with every change, whoever makes it. */
  change: number
  updated_at: Date
  created_by: string
  created_at: Date
  started_at: Date | null
  ended_at: Date | null
}

export const TASK_COLUMNS = sql.raw(
  'task_id, tenant_id, kind, status, progress, result, error, attempt, attempts_max, run_after, cancel_requested_at, title, description, payload, is_offered, priority, unique_key, concurrency_key, version, change, updated_at, created_by, created_at, started_at, ended_at',
)

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
