import { z } from 'zod'
import { cancelTask } from '../../../core/tasks/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import {
  type LatestStates,
  type Route,
  reply,
  TenantIdField,
  TenantQuery,
  tenantRoute,
} from '../../../platform/http/index.ts'
import { connectorNotFound, findConnector } from '../connectors/index.ts'
import { confirmDeletions } from './confirm-deletions.ts'
import { ingestionFault, jobNotFound } from './faults.ts'
import { findLog } from './list-logs.ts'
import { ConnectorQuery, type JobRow, JobView, presentJob, StartedJob } from './present-job.ts'
import type { StartRun } from './start-run.ts'
import { progressOf } from './stream-progress.ts'

type RouteDependencies = {
  progress: LatestStates
  start: StartRun
  tenantOfTask: (taskId: string) => Promise<TenantId | null>
}

/** Starting, watching, cancelling and confirming one job. */
export function jobRoutes({ progress, start, tenantOfTask }: RouteDependencies): Route[] {
  const ofJob = {
    tenant: { of: ({ job_id }: { job_id: string }) => tenantOfTask(job_id), absent: jobNotFound },
    params: z.strictObject({ job_id: z.uuid() }),
    query: z.strictObject({ tenant_id: TenantIdField.optional() }),
    tag: 'Ingestion',
  }
  return [
    tenantRoute({
      operationId: 'startIngestionRun',
      method: 'POST',
      path: '/ingest/run',
      tag: 'Ingestion',
      summary: 'Start fetching a tenant’s tickets, from the provider or from one of its connectors',
      access: 'ingestion.run',
      tenant: 'query',
      query: z.strictObject({ ...TenantQuery, ...ConnectorQuery }),
      responses: { 202: StartedJob },
      handle: async ({ tx, tenantId, caller, query: { connector_id: connectorId } }) => {
        if (connectorId !== undefined && !(await findConnector(tx, connectorId))) throw connectorNotFound()
        const run = await start(tx, { tenantId, connectorId, startedBy: caller.id })
        if (run.created) return reply(202, { job_id: run.taskId, tenant_id: tenantId, status: 'queued' })
        throw ingestionFault('ingestion.already_running', {
          public: `Job ${run.taskId} is still running for this tenant. Wait until it ends, or cancel it.`,
          internal: `ingestion of ${tenantId} is live as ${run.taskId}`,
          extensions: { job_id: run.taskId },
        })
      },
    }),
    tenantRoute({
      operationId: 'showIngestionProgress',
      method: 'GET',
      path: '/ingest/progress/:job_id',
      summary: 'Show how far an ingestion job is',
      access: 'ingestion.read',
      ...ofJob,
      responses: { 200: JobView },
      handle: async ({ tx, params: { job_id } }) => reply(200, presentJob(await requireJob(tx, job_id))),
    }),
    tenantRoute({
      operationId: 'followIngestionProgress',
      method: 'GET',
      path: '/ingest/progress/:job_id/stream',
      summary: 'Follow an ingestion job until it ends: an event with the job each time it changes',
      access: 'ingestion.read',
      ...ofJob,
      live: 'events',
      responses: { 200: z.unknown() },
      handle: async ({ tx, params: { job_id } }) =>
        reply(200, progress.watch(job_id, progressOf(await requireJob(tx, job_id)))),
    }),
    tenantRoute({
      operationId: 'cancelIngestionJob',
      method: 'DELETE',
      path: '/ingest/:job_id',
      summary: 'Cancel an ingestion job; what it has stored stays',
      access: 'ingestion.cancel',
      ...ofJob,
      responses: { 200: z.object({ job_id: z.uuid(), status: z.enum(['cancelled', 'cancelling']) }) },
      handle: async ({ tx, tenantId, caller, params: { job_id } }) => {
        await requireJob(tx, job_id)
        const status = await cancelTask(tx, { tenantId, taskId: job_id, cancelledBy: caller.id })
        return reply(200, { job_id, status })
      },
    }),
    tenantRoute({
      operationId: 'confirmDeletions',
      method: 'POST',
      path: '/ingest/:job_id/confirm-deletions',
      summary: 'Delete what a run found gone but left alone because it was more than 30 % of the tickets',
      access: 'ingestion.confirm',
      ...ofJob,
      responses: { 200: z.object({ job_id: z.uuid(), deleted: z.int() }) },
      handle: async ({ tx, tenantId, caller, params: { job_id } }) => {
        await requireJob(tx, job_id)
        const deleted = await confirmDeletions(tx, { tenantId, jobId: job_id, confirmedBy: caller.id })
        return reply(200, { job_id, deleted })
      },
    }),
  ]
}

async function requireJob(tx: Tx, jobId: string): Promise<JobRow> {
  const job = await findLog(tx, jobId)
  if (!job) throw jobNotFound()
  return job
}
