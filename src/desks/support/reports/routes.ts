import { Readable } from 'node:stream'
import { z } from 'zod'
import { demandSeen, findTask, type TasksApi, taskNotFound } from '../../../core/tasks/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Database } from '../../../platform/database/index.ts'
import { httpFault, type Route, reply, TenantIdField, tenantRoute } from '../../../platform/http/index.ts'
import { reportFault } from './faults.ts'
import { KEPT_DAYS, PERMISSION_OF } from './report.ts'
import { findPart, findReport } from './store.ts'

const TYPES = { csv: 'text/csv; charset=utf-8; header=present', ndjson: 'application/x-ndjson; charset=utf-8' }

export const reportRoute = (database: Database, { tenantOfTask }: Pick<TasksApi, 'tenantOfTask'>): Route =>
  tenantRoute({
    operationId: 'downloadReport',
    method: 'GET',
    path: '/tasks/:task_id/report',
    tag: 'Tasks',
    summary: `Download the file that a task of the kind report.export has made; for ${KEPT_DAYS} days`,
    access: 'task.use',
    tenant: { of: ({ task_id }: { task_id: string }) => tenantOfTask(task_id), absent: taskNotFound },
    params: z.strictObject({ task_id: z.uuid() }),
    query: z.strictObject({ tenant_id: TenantIdField.optional() }),
    live: 'download',
    responses: { 200: z.unknown() },
    handle: async ({ tx, tenantId, caller, params: { task_id: taskId }, signal }) => {
      const task = await demandSeen(await findTask(tx, taskId), { caller, tenantId })
      const report = await findReport(tx, taskId)
      if (task.kind !== 'report.export' || (!report && task.status !== 'succeeded')) throw notReady(task.status)
      if (!report || report.is_over) throw gone()
      const permission = PERMISSION_OF[report.subject]
      if ((await caller.decide(permission, tenantId)) !== 'allowed') {
        throw httpFault('http.forbidden', {
          public: `You need the permission ${permission} in tenant ${tenantId} to read this report.`,
          internal: `${caller.id} lacks ${permission} for a report`,
        })
      }
      if (task.status !== 'succeeded') throw notReady(task.status)
      const file = Readable.from(partsOf(database, { tenantId, taskId, parts: report.parts }, signal), {
        objectMode: false,
      })
      return reply(200, file, {
        ...{
          'content-type': TYPES[report.format],
          'content-length': String(report.bytes),
          'cache-control': 'no-store',
        },
        'content-disposition': `attachment; filename="${report.subject}-${tenantId}-${taskId}.${report.format}"`,
      })
    },
  })

const notReady = (status: string) =>
  reportFault('reports.not_ready', {
    public: `This task has made no report: it is ${status}. Wait until a task of the kind report.export has succeeded.`,
    internal: 'a download of a report that is not there',
  })

const gone = () =>
  reportFault('reports.gone', {
    public: `The report is gone: it is kept for ${KEPT_DAYS} days. Make another one.`,
    internal: 'a download of a report that is over',
  })

type File = { tenantId: TenantId; taskId: string; parts: number }

/** Part after part, each by a short transaction of its own, as fast as the reader takes them. */
async function* partsOf(database: Database, { tenantId, taskId, parts }: File, signal: AbortSignal) {
  for (let part = 1; part <= parts && !signal.aborted; part += 1) {
    const bytes = await database.withTenant(tenantId, (tx) => findPart(tx, taskId, part))
    // Deleted while it is read: what is cut must not look complete.
    if (!bytes) throw new Error(`part ${part} of the report of task ${taskId} is gone`)
    yield bytes
  }
}
