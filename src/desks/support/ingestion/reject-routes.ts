import { z } from 'zod'
import { recordAudit } from '../../../core/audit/index.ts'
import type { EnqueueTask, TaskKind } from '../../../core/tasks/index.ts'
import {
  decodeCursor,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  TenantQuery,
  tenantRoute,
  toPage,
} from '../../../platform/http/index.ts'
import { ingestionFault } from './faults.ts'
import { StartedJob } from './present-job.ts'
import type { Reading } from './reading.ts'
import { findReject, listRejects, type Reject } from './reject-store.ts'
import type { RetryPayload } from './retry-reject.ts'

const timestamp = z.iso.datetime()

const RejectView = z
  .object({
    reject_id: z.uuid(),
    external_id: z.string(),
    origin: z.string().meta({ description: 'Who delivered it: `provider`, `import` or a connector’s id' }),
    job_id: z.uuid(),
    line: z.int().nullable().meta({ description: 'Where it begins in the imported file, counted from 1' }),
    reason: z.string(),
    first_seen_at: timestamp,
    last_seen_at: timestamp,
  })
  .meta({ id: 'Reject' })

const presentReject = ({ first_seen_at, last_seen_at, ...reject }: Reject): z.output<typeof RejectView> => ({
  ...reject,
  first_seen_at: first_seen_at.toISOString(),
  last_seen_at: last_seen_at.toISOString(),
})

const byId = z.tuple([z.uuid()])

/** What was set aside because it cannot be used. */
export function rejectRoutes({
  enqueue,
  retry,
}: {
  enqueue: EnqueueTask
  retry: TaskKind<RetryPayload, Reading>
}): Route[] {
  return [
    tenantRoute({
      operationId: 'listRejects',
      method: 'GET',
      path: '/ingest/rejects',
      tag: 'Ingestion',
      summary: 'List tickets that cannot be used, with the reason; a later usable one takes its reject off',
      access: 'ingestion.read',
      tenant: 'query',
      query: z.strictObject({ ...TenantQuery, ...PageQuery, job_id: z.uuid().optional() }),
      responses: { 200: z.object({ rejects: z.array(RejectView), next_cursor: z.string().nullable() }) },
      handle: async ({ tx, query: { limit, cursor, job_id: jobId }, request }) => {
        const [before] = decodeCursor(cursor, byId) ?? []
        const found = await listRejects(tx, { jobId, before, limit: limit + 1 })
        const { rows, nextCursor } = toPage(found, limit, ({ reject_id }) => [reject_id])
        const body = { rejects: rows.map(presentReject), next_cursor: nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, nextCursor))
      },
    }),
    tenantRoute({
      operationId: 'retryReject',
      method: 'POST',
      path: '/ingest/rejects/:reject_id/retry',
      tag: 'Ingestion',
      summary: 'Ask again for one ticket that could not be used',
      access: 'ingestion.run',
      tenant: 'query',
      params: z.strictObject({ reject_id: z.uuid() }),
      query: z.strictObject(TenantQuery),
      responses: { 202: StartedJob },
      handle: async ({ tx, tenantId, caller, params: { reject_id } }) => {
        const reject = await findReject(tx, reject_id)
        if (!reject) throw rejectNotFound()
        if (reject.origin === 'import' && !reject.body_is_complete) throw rejectIncomplete()
        const options = { uniqueKey: reject_id, createdBy: caller.id }
        const { taskId, created } = await enqueue(tx, tenantId, retry, { reject_id }, options)
        const audit = { tenantId, actor: caller.id, action: 'ingestion.retry', subject: `reject:${reject_id}` }
        if (created) await recordAudit(tx, audit)
        return reply(202, { job_id: taskId, tenant_id: tenantId, status: 'queued' })
      },
    }),
  ]
}

const rejectNotFound = () =>
  ingestionFault('ingestion.reject_not_found', {
    public: 'There is no such reject in this tenant; a usable ticket may have come in meanwhile.',
    internal: 'no reject with that id in the tenant',
  })

const rejectIncomplete = () =>
  ingestionFault('ingestion.reject_incomplete', {
    public: 'Of this line only the beginning is kept. Mend it in the file and import that again.',
    internal: 'retry of an import reject whose body was cut or never parsed',
  })
