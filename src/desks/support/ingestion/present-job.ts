import { z } from 'zod'
import type { Task, TaskStatus } from '../../../core/tasks/index.ts'
import { percentDone, type RunProgress, startOrResume } from './progress.ts'

/** The words callers of the ingestion API know; a job that waits to be tried again is still running to them. */
export const JOB_STATUSES = ['queued', 'running', 'completed', 'failed', 'cancelled'] as const

const JOB_STATUS_OF = {
  queued: 'queued',
  running: 'running',
  retrying: 'running',
  succeeded: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
} as const satisfies Record<TaskStatus, (typeof JOB_STATUSES)[number]>

const timestamp = z.iso.datetime()

export const JobView = z
  .object({
    job_id: z.uuid(),
    tenant_id: z.string(),
    status: z.enum(JOB_STATUSES),
    progress: z.int().min(0).max(100).meta({ description: 'Percent of the pages stored' }),
    total_pages: z.int(),
    processed_pages: z.int(),
    created: z.int(),
    updated: z.int(),
    unchanged: z.int(),
    failed: z.int().meta({ description: 'Tickets that cannot be used' }),
    attempt: z.int(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    queued_at: timestamp,
    started_at: timestamp.nullable(),
    ended_at: timestamp.nullable(),
  })
  .meta({ id: 'IngestionJob' })

export function presentJob(task: Task): z.output<typeof JobView> {
  const progress = startOrResume(task.progress as Partial<RunProgress>)
  return {
    job_id: task.task_id,
    tenant_id: task.tenant_id,
    status: JOB_STATUS_OF[task.status],
    progress: percentDone(progress),
    total_pages: progress.total_pages,
    processed_pages: progress.processed_pages,
    ...progress.counts,
    attempt: task.attempt,
    error: task.error,
    queued_at: task.created_at.toISOString(),
    started_at: task.started_at?.toISOString() ?? null,
    ended_at: task.ended_at?.toISOString() ?? null,
  }
}
