import { z } from 'zod'
import { cancelTask, findTask } from '../../../core/tasks/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { type Route, reply, TenantIdField, TenantQuery, tenantRoute } from '../../../platform/http/index.ts'
import { ingestionFault, jobNotFound } from './faults.ts'
import { JOB_STATUSES, JobView, presentJob } from './present-job.ts'
import type { StartRun } from './start-run.ts'

export type RouteDependencies = {
  start: StartRun
  kindName: string
  tenantOfTask: (taskId: string) => Promise<TenantId | null>
}

export function ingestionRoutes({ start, kindName, tenantOfTask }: RouteDependencies): Route[] {
  const ofJob = {
    tenant: { of: ({ job_id }: { job_id: string }) => tenantOfTask(job_id), absent: jobNotFound },
    params: z.strictObject({ job_id: z.uuid() }),
    query: z.strictObject({ tenant_id: TenantIdField.optional() }),
    tag: 'Ingestion',
  }
  return [
    tenantRoute({
      method: 'POST',
      path: '/ingest/run',
      tag: 'Ingestion',
      summary: 'Start fetching a tenant’s tickets from its provider',
      access: 'ingestion.run',
      tenant: 'query',
      query: z.strictObject(TenantQuery),
      responses: { 202: z.object({ job_id: z.uuid(), tenant_id: z.string(), status: z.enum(JOB_STATUSES) }) },
      handle: async ({ tx, tenantId, caller }) => {
        const run = await start(tx, tenantId, caller.id)
        if (run.created) return reply(202, { job_id: run.taskId, tenant_id: tenantId, status: 'queued' })
        throw ingestionFault('ingestion.already_running', {
          public: `Job ${run.taskId} is still running for this tenant. Wait until it ends, or cancel it.`,
          internal: `ingestion of ${tenantId} is live as ${run.taskId}`,
          extensions: { job_id: run.taskId },
        })
      },
    }),
    tenantRoute({
      method: 'GET',
      path: '/ingest/progress/:job_id',
      summary: 'Show how far an ingestion job is',
      access: 'ingestion.read',
      ...ofJob,
      responses: { 200: JobView },
      handle: async ({ tx, params: { job_id } }) => {
        const task = await findTask(tx, job_id)
        if (task?.kind !== kindName) throw jobNotFound()
        return reply(200, presentJob(task))
      },
    }),
    tenantRoute({
      method: 'DELETE',
      path: '/ingest/:job_id',
      summary: 'Cancel an ingestion job; what it has stored stays',
      access: 'ingestion.cancel',
      ...ofJob,
      responses: { 200: z.object({ job_id: z.uuid(), status: z.enum(['cancelled', 'cancelling']) }) },
      handle: async ({ tx, tenantId, caller, params: { job_id } }) => {
        const task = await findTask(tx, job_id)
        if (task?.kind !== kindName) throw jobNotFound()
        const status = await cancelTask(tx, { tenantId, taskId: job_id, cancelledBy: caller.id })
        return reply(200, { job_id, status })
      },
    }),
  ]
}
