import type { Logger } from '../../../kernel/logger.ts'
import type { Database } from '../../../platform/database/index.ts'
import { type LatestState, type LatestStates, openLatestStates } from '../../../platform/http/index.ts'
import { findLogs } from './list-logs.ts'
import { hasEnded, type JobRow, presentJob } from './present-job.ts'

const LOOK_EVERY_MS = 500

/** A `progress` event for each change of a job, `ended` for the last. */
export function progressOf(row: JobRow): LatestState {
  const isLast = hasEnded(row)
  return { event: isLast ? 'ended' : 'progress', data: JSON.stringify(presentJob(row)), isLast }
}

/** The progress of the jobs that are watched in this process, of all tenants: read by one statement for all of them. */
export const openProgress = (database: Database, logger: Logger): LatestStates =>
  openLatestStates({
    ...{ everyMs: LOOK_EVERY_MS, logger },
    read: async (jobIds) => {
      const reason = 'the jobs that are watched in a process are of several tenants'
      const rows = await database.readAcrossTenants(reason, (tx) => findLogs(tx, jobIds))
      return new Map(rows.map((row) => [row.job_id, progressOf(row)]))
    },
  })
