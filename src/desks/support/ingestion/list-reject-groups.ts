import type { Tx } from '../../../platform/database/index.ts'
import type { JobRow } from './present-job.ts'
import { isReading, startOrResumeReading } from './reading.ts'
import { countKept, REJECTS_OF_JOB_MAX } from './reject-store.ts'

/**
 * What failed in a job. An import knows all of it; of a run, which may be told a ticket several times, only what is kept is
 * told together.
 */
export async function rejectGroupsOf(tx: Tx, { job_id, kind, progress }: JobRow) {
  const failed = progress.counts?.failed ?? 0
  if (kind === 'ingestion.import' && isReading(progress)) {
    const { kept, groups } = startOrResumeReading(progress).rejects
    return { failed, kept, not_kept: failed - kept, groups: groups.toSorted((a, b) => b.count - a.count) }
  }
  const groups = await countKept(tx, job_id)
  const kept = groups.reduce((sum, { count }) => sum + count, 0)
  return { failed, kept, not_kept: kept < REJECTS_OF_JOB_MAX ? 0 : Math.max(0, failed - kept), groups }
}
