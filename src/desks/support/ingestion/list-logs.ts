import { sql } from 'kysely'
import type { TaskStatus } from '../../../core/tasks/index.ts'
import type { SystemTx, Tx } from '../../../platform/database/index.ts'
import type { JobRow } from './present-job.ts'

/** The jobs of the tenant, newest first; `before` is the last id of the page before. */
export async function listLogs(
  tx: Tx,
  filter: { statuses?: readonly TaskStatus[] | undefined; before?: string | undefined; limit: number },
): Promise<JobRow[]> {
  const { statuses, before, limit } = filter
  const { rows } = await sql<JobRow>`
    select * from ingestion_logs
    where true
      ${statuses === undefined ? sql`` : sql`and status = any(${[...statuses]})`}
      ${before === undefined ? sql`` : sql`and job_id < ${before}`}
    order by job_id desc limit ${limit}`.execute(tx)
  return rows
}

/** The runs of one source, newest first; `connectorId` undefined stands for the provider. */
export async function listRuns(tx: Tx, source: { connectorId: string | undefined; limit: number }): Promise<JobRow[]> {
  const { rows } = await sql<JobRow>`
    select * from ingestion_logs
    where kind = 'ingestion.run' and connector_id is not distinct from ${source.connectorId ?? null}::uuid
    order by job_id desc limit ${source.limit}`.execute(tx)
  return rows
}

export async function findLog(tx: Tx, jobId: string): Promise<JobRow | undefined> {
  const { rows } = await sql<JobRow>`select * from ingestion_logs where job_id = ${jobId}`.execute(tx)
  return rows[0]
}

/** Jobs of any tenant, each asked for by whoever may see it. */
export async function findLogs(tx: SystemTx, jobIds: readonly string[]): Promise<JobRow[]> {
  const { rows } = await sql<JobRow>`select * from ingestion_logs where job_id = any(${[...jobIds]}::uuid[])`.execute(
    tx,
  )
  return rows
}
