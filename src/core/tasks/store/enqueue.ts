import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'

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
