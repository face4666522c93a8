import { z } from 'zod'
import { isEnded, type TaskStatus } from '../../../core/tasks/index.ts'
import type { RunResult } from './close-walk.ts'
import { isReading, percentRead, type Reading, startOrResumeReading } from './reading.ts'
import { pagesReceived, percentDone, startOrResume, type Walk } from './walk.ts'

/** The words callers of the ingestion API know; a job that waits to be tried again is still running to them. */
export const JOB_STATUSES = ['queued', 'running', 'completed', 'failed', 'cancelled'] as const
type JobStatus = (typeof JOB_STATUSES)[number]

const JOB_STATUS_OF = {
  queued: 'queued',
  running: 'running',
  retrying: 'running',
  succeeded: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
} as const satisfies Record<TaskStatus, JobStatus>

/** The task's words for a job's. */
export const taskStatuses = (status: JobStatus): TaskStatus[] =>
  (Object.keys(JOB_STATUS_OF) as TaskStatus[]).filter((own) => JOB_STATUS_OF[own] === status)

/** What a job does: fetches from the provider or a connector, reads a file, or asks again for one ticket. */
const JOB_KINDS = { 'ingestion.run': 'run', 'ingestion.import': 'import', 'ingestion.retry': 'retry' } as const
type JobKind = (typeof JOB_KINDS)[keyof typeof JOB_KINDS]

/** A row of `ingestion_logs`. */
export type JobRow = {
  tenant_id: string
  job_id: string
  kind: keyof typeof JOB_KINDS
  connector_id: string | null
  status: TaskStatus
  started_by: string
  queued_at: Date
  started_at: Date | null
  ended_at: Date | null
  duration_seconds: number | null
  attempt: number
  progress: Partial<Walk> | Partial<Reading>
  result: Partial<RunResult> | null
  error: { code: string; message: string } | null
}

const timestamp = z.iso.datetime()

/** The parameter that names one of a tenant's connectors. */
export const ConnectorQuery = {
  connector_id: z.uuid().optional().meta({ description: 'One of the tenant’s connectors; without it, the provider' }),
}

/** The answer to starting a job. */
export const StartedJob = z.object({ job_id: z.uuid(), tenant_id: z.string(), status: z.enum(JOB_STATUSES) })

export const JobView = z
  .object({
    job_id: z.uuid(),
    tenant_id: z.string(),
    kind: z.enum(Object.values(JOB_KINDS) as [JobKind, ...JobKind[]]),
    connector_id: z.uuid().nullable(),
    status: z.enum(JOB_STATUSES),
    progress: z.int().min(0).max(100).meta({ description: 'Percent of the pages stored' }),
    total_pages: z.int().meta({ description: 'Of a connector: as far as it is known' }),
    processed_pages: z.int(),
    created: z.int(),
    updated: z.int(),
    restored: z.int(),
    unchanged: z.int(),
    deleted: z.int(),
    failed: z.int().meta({ description: 'Tickets that cannot be used; /ingest/rejects lists them' }),
    outdated: z.int().meta({
      description: 'Rows of a file that are older than what is stored, among the unchanged; /ingest/rejects lists them',
    }),
    deletions_awaiting_confirmation: z.int(),
    pass: z.int().meta({ description: 'Which walk over the pages this is; there is another when they shifted' }),
    stable: z.boolean().nullable().meta({ description: 'Whether nothing shifted in the last one; null while walking' }),
    calls: z.int().meta({ description: 'Answers of the provider that this job used; jobs walk together' }),
    retries: z.int(),
    throttled: z.int().meta({ description: 'Answers 429 among them' }),
    bytes: z.int(),
    tickets_per_second: z.number().nullable(),
    estimated_end_at: timestamp.nullable(),
    attempt: z.int(),
    started_by: z.string(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    queued_at: timestamp,
    started_at: timestamp.nullable(),
    ended_at: timestamp.nullable(),
    duration_seconds: z.number().nullable(),
  })
  .meta({ id: 'IngestionJob' })

export const hasEnded = ({ status }: JobRow): boolean => isEnded(status)

export function presentJob(row: JobRow): z.output<typeof JobView> {
  const status = JOB_STATUS_OF[row.status]
  const advance = advanceOf(row)
  return {
    job_id: row.job_id,
    tenant_id: row.tenant_id,
    kind: JOB_KINDS[row.kind],
    connector_id: row.connector_id,
    status,
    ...advance,
    deletions_awaiting_confirmation: row.result?.awaiting_confirmation ?? 0,
    ...pace(row, advance),
    attempt: row.attempt,
    started_by: row.started_by,
    error: row.error,
    queued_at: row.queued_at.toISOString(),
    started_at: row.started_at?.toISOString() ?? null,
    ended_at: row.ended_at?.toISOString() ?? null,
    duration_seconds: row.duration_seconds,
  }
}

/** How far a job is, told in the same words whatever it reads. */
function advanceOf(row: JobRow) {
  const isCompleted = row.status === 'succeeded'
  if (isReading(row.progress)) {
    const reading = startOrResumeReading(row.progress)
    const { pages, total_pages, counts, calls, retries, throttled, bytes } = reading
    return {
      progress: percentRead(reading, row.started_at, isCompleted),
      total_pages: total_pages ?? pages + 1,
      processed_pages: pages,
      ...counts,
      outdated: reading.outdated,
      ...{ pass: 1, stable: null, calls, retries, throttled, bytes },
    }
  }
  const walk = startOrResume(row.progress as Partial<Walk>)
  const { total_pages, counts, pass, stable, calls, retries, throttled, bytes } = walk
  return {
    progress: percentDone(walk, isCompleted),
    total_pages,
    processed_pages: pagesReceived(walk),
    ...counts,
    ...{ outdated: 0, pass, stable, calls, retries, throttled, bytes },
  }
}

/** The rate so far, and the end if it stays like that; both only where they mean something. */
function pace(
  row: JobRow,
  advance: ReturnType<typeof advanceOf>,
): { tickets_per_second: number | null; estimated_end_at: string | null } {
  const { created, updated, restored, unchanged, failed, progress } = advance
  const seconds = row.duration_seconds ?? 0
  if (seconds <= 0 || advance.processed_pages === 0) return { tickets_per_second: null, estimated_end_at: null }
  const rate = (created + updated + restored + unchanged + failed) / seconds
  const leftSeconds = progress === 0 ? null : (seconds / progress) * (100 - progress)
  const isEstimated = row.status === 'running' && leftSeconds !== null
  return {
    tickets_per_second: Math.round(rate * 10) / 10,
    estimated_end_at: isEstimated ? new Date(Date.now() + leftSeconds * 1_000).toISOString() : null,
  }
}
