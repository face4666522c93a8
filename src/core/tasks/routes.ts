import { z } from 'zod'
import { tenantId } from '../../kernel/tenant-id.ts'
import type { Database } from '../../platform/database/index.ts'
import {
  decodeCursor,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  TenantIdField,
  TenantQuery,
  tenantRoute,
  toPage,
} from '../../platform/http/index.ts'
import { cancelTask } from './cancel-task.ts'
import { taskNotFound } from './faults.ts'
import { TASK_STATUSES } from './status.ts'
import { findTask, findTenantOfTask, listTasks, type Task } from './store/task.ts'

const timestamp = z.iso.datetime()

export const TaskView = z
  .object({
    task_id: z.uuid(),
    tenant_id: z.string(),
    kind: z.string(),
    status: z.enum(TASK_STATUSES),
    cancel_requested: z.boolean(),
    progress: z.record(z.string(), z.unknown()),
    result: z.unknown(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    attempt: z.int(),
    attempts_max: z.int(),
    created_by: z.string(),
    created_at: timestamp,
    started_at: timestamp.nullable(),
    ended_at: timestamp.nullable(),
  })
  .meta({ id: 'Task' })

export function presentTask(task: Task): z.output<typeof TaskView> {
  return {
    task_id: task.task_id,
    tenant_id: task.tenant_id,
    kind: task.kind,
    status: task.status,
    cancel_requested: task.cancel_requested_at !== null,
    progress: task.progress,
    result: task.result,
    error: task.error,
    attempt: task.attempt,
    attempts_max: task.attempts_max,
    created_by: task.created_by,
    created_at: task.created_at.toISOString(),
    started_at: task.started_at?.toISOString() ?? null,
    ended_at: task.ended_at?.toISOString() ?? null,
  }
}

/** Finds the tenant of a task that is asked for by its id alone, before any tenant is known. */
export const tenantOfTask =
  (database: Database) =>
  async (taskId: string): Promise<ReturnType<typeof tenantId> | null> => {
    const found = await database.readAcrossTenants('a task is asked for by its id alone', (tx) =>
      findTenantOfTask(tx, taskId),
    )
    return found === null ? null : tenantId(found)
  }

export function taskRoutes(database: Database): Route[] {
  const findTenant = tenantOfTask(database)
  const params = z.strictObject({ task_id: z.uuid() })
  const query = z.strictObject({ tenant_id: TenantIdField.optional() })
  const tenant = { of: ({ task_id }: { task_id: string }) => findTenant(task_id), absent: taskNotFound }
  return [
    tenantRoute({
      operationId: 'listTasks',
      method: 'GET',
      path: '/tasks',
      tag: 'Tasks',
      summary: 'List background tasks, newest first',
      access: 'task.read',
      tenant: 'query',
      query: z.strictObject({
        ...TenantQuery,
        ...PageQuery,
        kind: z.string().min(1).max(100).optional(),
        status: z.enum(TASK_STATUSES).optional(),
      }),
      responses: { 200: z.object({ tasks: z.array(TaskView), next_cursor: z.string().nullable() }) },
      handle: async ({ tx, query: { limit, cursor, kind, status }, request }) => {
        const [before] = decodeCursor(cursor, z.tuple([z.uuid()])) ?? []
        const found = await listTasks(tx, { kind, status, before, limit: limit + 1 })
        const page = toPage(found, limit, (task) => [task.task_id])
        return reply(
          200,
          { tasks: page.rows.map(presentTask), next_cursor: page.nextCursor },
          linkHeader(request.originalUrl, page.nextCursor),
        )
      },
    }),
    tenantRoute({
      operationId: 'showTask',
      method: 'GET',
      path: '/tasks/:task_id',
      tag: 'Tasks',
      summary: 'Show a background task',
      access: 'task.read',
      tenant,
      params,
      query,
      responses: { 200: TaskView },
      handle: async ({ tx, params: { task_id } }) => {
        const task = await findTask(tx, task_id)
        if (!task) throw taskNotFound()
        return reply(200, presentTask(task))
      },
    }),
    tenantRoute({
      operationId: 'cancelTask',
      method: 'DELETE',
      path: '/tasks/:task_id',
      tag: 'Tasks',
      summary: 'Cancel a background task',
      access: 'task.cancel',
      tenant,
      params,
      query,
      responses: { 200: z.object({ task_id: z.uuid(), status: z.enum(['cancelled', 'cancelling']) }) },
      handle: async ({ tx, tenantId, caller, params: { task_id } }) => {
        const status = await cancelTask(tx, { tenantId, taskId: task_id, cancelledBy: caller.id })
        return reply(200, { task_id, status })
      },
    }),
  ]
}
