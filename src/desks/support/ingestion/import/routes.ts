import { Readable } from 'node:stream'
import { z } from 'zod'
import { recordAudit } from '../../../../core/audit/index.ts'
import type { EnqueueTask, TaskKind } from '../../../../core/tasks/index.ts'
import type { Database } from '../../../../platform/database/index.ts'
import { type Route, reply, TenantQuery, tenantRoute } from '../../../../platform/http/index.ts'
import { StartedJob } from '../present-job.ts'
import type { Reading } from '../reading.ts'
import { formatOf, UPLOAD_TYPES } from './file-types.ts'
import { MappingQuery, parseMapping } from './parse-mapping.ts'
import { previewRoute } from './preview-route.ts'
import { receiveUpload } from './receive-upload.ts'
import type { ImportPayload } from './run-import.ts'
import { giveFileTo } from './upload-store.ts'

type ImportRouteDependencies = {
  database: Database
  enqueue: EnqueueTask
  kind: TaskKind<ImportPayload, Reading>
  maxBytes: number
}

export function importRoutes({ database, enqueue, kind, maxBytes }: ImportRouteDependencies): Route[] {
  return [
    previewRoute({ maxBytes }),
    tenantRoute({
      operationId: 'importTickets',
      method: 'POST',
      path: '/ingest/import',
      tag: 'Ingestion',
      summary:
        'Import tickets from a file, JSON objects or CSV with a header; /ingest/rejects tells bad lines, a preview how it will be read',
      access: 'ingestion.run',
      tenant: 'query',
      query: z.strictObject({ ...TenantQuery, ...MappingQuery }),
      upload: UPLOAD_TYPES,
      responses: { 202: StartedJob },
      prepare: async ({ tenantId, query, request: { body } }) => {
        const mapping = parseMapping(query)
        const file = await receiveUpload({ database, maxBytes }, tenantId, body instanceof Readable ? body : undefined)
        return { ...file, mapping }
      },
      handle: async ({ tx, tenantId, caller, request, prepared: { uploadId, chunks, bytes, mapping } }) => {
        const format = formatOf(request.headers['content-type'])
        const payload = { upload_id: uploadId, format, chunks, bytes, ...(mapping ? { mapping } : {}) }
        const { taskId } = await enqueue(tx, tenantId, kind, payload, { createdBy: caller.id })
        await giveFileTo(tx, uploadId, taskId)
        const [action, subject, details] = ['ingestion.import', `task:${taskId}`, { format, bytes }]
        await recordAudit(tx, { tenantId, actor: caller.id, action, subject, details })
        return reply(202, { job_id: taskId, tenant_id: tenantId, status: 'queued' })
      },
    }),
  ]
}
