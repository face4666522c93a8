import type { RetentionByTable } from '../../../platform/upkeep/index.ts'

const OF_A_RUN = 'A foreign key removes them; the next run of the tenant does so earlier.'

/** What becomes of what runs and imports leave behind. Their logs are tasks. */
export const ingestionRetention: RetentionByTable = {
  'ingestion.sweeps': { becomes: 'kept', what: 'who walks a provider', why: 'One row for each provider’s address.' },
  ingestion_seen_pages: {
    ...{ becomes: 'removed with', table: 'tasks', what: 'what a run has seen', why: OF_A_RUN },
  },
  ingestion_missing: {
    ...{ becomes: 'removed with', table: 'tasks', what: 'what a run found missing', why: OF_A_RUN },
  },
  ingestion_rejects: {
    becomes: 'removed',
    what: 'tickets and lines of files that could not be used, since they were last seen',
    why: 'A quarter is enough to mend them; what is delivered again is set aside again.',
    days: 90,
    since: 'last_seen_at',
    scope: { of: 'tenant', least: 7, most: 365, id: 'reject_id', found: 'id' },
  },
  ingestion_schedules: {
    becomes: 'kept',
    what: 'when runs start by themselves',
    why: 'What people have set: one for each source.',
  },
  ingestion_files: {
    becomes: 'removed',
    what: 'uploaded files that no job will read',
    why: 'The job that reads a file removes it. Ten minutes without another part are longer than an upload takes.',
    days: 10 / 1_440,
    since: 'received_at',
    when: `job_id is null or not exists (select from tasks where tasks.tenant_id = ingestion_files.tenant_id
      and tasks.task_id = ingestion_files.job_id and status in ('queued', 'running', 'retrying'))`,
    // Each may be hundreds of megabytes.
    rowsAtOnce: 10,
    scope: { of: 'all', key: ['tenant_id', 'upload_id'] },
  },
  ingestion_uploads: {
    becomes: 'removed with',
    table: 'ingestion_files',
    what: 'parts of uploaded files',
    why: 'A foreign key removes them.',
  },
}
