import { z } from 'zod'
import { recordAudit } from '../../../core/audit/index.ts'
import type { EnqueueTask, TaskKind } from '../../../core/tasks/index.ts'
import { type Route, reply, TenantQuery, tenantRoute } from '../../../platform/http/index.ts'
import { ingestionFault } from './faults.ts'
import { StartedJob } from './present-job.ts'
import type { Reading } from './reading.ts'
import { deleteReject, deleteRejects, findReject, type StoredReject } from './reject-store.ts'
import type { RetryPayload } from './retry-reject.ts'

type Dependencies = { enqueue: EnqueueTask; retry: TaskKind<RetryPayload, Reading> }

/** Asking again for what was set aside, and taking it off the list. */
export function rejectChangeRoutes({ enqueue, retry }: Dependencies): Route[] {
  const ofReject = {
    tag: 'Ingestion',
    access: 'ingestion.run',
    tenant: 'query',
    params: z.strictObject({ reject_id: z.uuid() }),
    query: z.strictObject(TenantQuery),
  } as const
  return [
    tenantRoute({
      ...ofReject,
      operationId: 'retryReject',
      method: 'POST',
      path: '/ingest/rejects/:reject_id/retry',
      summary: 'Ask again for one ticket that could not be used',
      responses: { 202: StartedJob },
      handle: async ({ tx, tenantId, caller, params: { reject_id } }) => {
        const reject = await findReject(tx, reject_id)
        if (!reject) throw rejectNotFound()
        if (reject.kind === 'outdated') throw rejectOutdated()
        if (!canBeAskedFor(reject)) throw rejectIncomplete()
        const options = { uniqueKey: reject_id, createdBy: caller.id }
        const { taskId, created } = await enqueue(tx, tenantId, retry, { reject_id }, options)
        const audit = { tenantId, actor: caller.id, action: 'ingestion.retry', subject: `reject:${reject_id}` }
        if (created) await recordAudit(tx, audit)
        return reply(202, { job_id: taskId, tenant_id: tenantId, status: 'queued' })
      },
    }),
    tenantRoute({
      ...ofReject,
      operationId: 'deleteReject',
      method: 'DELETE',
      path: '/ingest/rejects/:reject_id',
      summary: 'Take one reject off the list, with what is kept of it',
      responses: { 204: z.undefined() },
      handle: async ({ tx, tenantId, caller, params: { reject_id } }) => {
        if (!(await deleteReject(tx, reject_id))) throw rejectNotFound()
        const audit = { tenantId, actor: caller.id, action: 'ingestion.delete_reject', subject: `reject:${reject_id}` }
        await recordAudit(tx, audit)
        return reply(204)
      },
    }),
    tenantRoute({
      operationId: 'deleteRejects',
      method: 'DELETE',
      path: '/ingest/rejects',
      tag: 'Ingestion',
      summary: 'Take the rejects of a job off the list, or without one all of the tenant',
      access: 'ingestion.run',
      tenant: 'query',
      query: z.strictObject({ ...TenantQuery, job_id: z.uuid().optional() }),
      responses: { 200: z.object({ deleted: z.int() }) },
      handle: async ({ tx, tenantId, caller, query: { job_id } }) => {
        const deleted = await deleteRejects(tx, job_id)
        const subject = job_id === undefined ? `tenant:${tenantId}` : `task:${job_id}`
        const details = { deleted }
        await recordAudit(tx, { tenantId, actor: caller.id, action: 'ingestion.delete_rejects', subject, details })
        return reply(200, { deleted })
      },
    }),
  ]
}

/** A file is not there any more: of its line enough must be kept. Of everything else the id tells. */
const canBeAskedFor = ({ origin, body_is_complete, external_id }: StoredReject): boolean =>
  origin === 'import' ? body_is_complete : external_id !== ''

const rejectNotFound = () =>
  ingestionFault('ingestion.reject_not_found', {
    public: 'There is no such reject in this tenant; a usable ticket may have come in meanwhile.',
    internal: 'no reject with that id in the tenant',
  })

const rejectIncomplete = () =>
  ingestionFault('ingestion.reject_incomplete', {
    public:
      'Too little of this is kept to try it again: of a line only the beginning, or of a ticket no id. Mend it where it came from, and import or fetch it again.',
    internal: 'retry of a reject whose body was cut or never parsed, or without an id',
  })

const rejectOutdated = () =>
  ingestionFault('ingestion.reject_outdated', {
    public:
      'This row is older than what is stored, and nothing is wrong with it. To store it all the same, import it with a later updated_at.',
    internal: 'retry of an outdated row',
  })
