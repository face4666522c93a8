import { z } from 'zod'
import type { Database } from '../../../platform/database/index.ts'
import { type Route, reply, tenantRoute } from '../../../platform/http/index.ts'
import type { Queue } from '../../../platform/queue/index.ts'
import { cancelTask } from '../cancel-task.ts'
import { changeTask, deleteTask, retryTask } from '../change-task.ts'
import type { OfferedKind } from '../offer.ts'
import type { TaskChange } from '../store/change.ts'
import { findTask } from '../store/task.ts'
import { ChangeBody, ReplaceBody } from '../task-input.ts'
import { etagOf, presentTask, TaskView } from '../task-view.ts'
import { demandCancellable, demandSeen } from '../whose.ts'
import { ofTask } from './of-task.ts'

type Acting = { database: Database; queue: Queue; kinds: ReadonlyMap<string, OfferedKind> }

/** `If-Match: "3"`, or an ETag: only while the task is at version 3. */
function versionOf(header: unknown): number | undefined {
  const version = typeof header === 'string' ? /^"?(\d{1,9})(\.\d{1,15})?"?$/.exec(header)?.[1] : undefined
  return version === undefined ? undefined : Number(version)
}

const asChange = ({ run_at, attempts_max, ...rest }: z.output<typeof ChangeBody>): TaskChange => ({
  ...rest,
  ...{ runAt: run_at, attemptsMax: attempts_max },
})

/** Changing one task. Without `task.manage` a caller changes those that it made. */
export function actRoutes({ database, queue, kinds }: Acting): Route[] {
  const about = ofTask(database)
  const change = (operationId: string, method: 'PATCH' | 'PUT', summary: string, body: typeof ChangeBody) =>
    tenantRoute({
      ...{ ...about, operationId, method, path: '/tasks/:task_id', summary, access: 'task.create', body },
      responses: { 200: TaskView },
      handle: async ({ tx, tenantId, caller, params: { task_id: taskId }, body, request }) => {
        const ifVersion = versionOf(request.headers['if-match'])
        const asking = { tx, tenantId, caller }
        const task = await changeTask({ queue, kinds }, asking, { taskId, change: asChange(body), ifVersion })
        return reply(200, presentTask(task), { etag: etagOf(task) })
      },
    })
  const retry = (operationId: string, path: `/${string}`, summary: string) =>
    tenantRoute({
      ...{ ...about, operationId, method: 'POST', path, summary, access: 'task.create' },
      responses: { 200: TaskView },
      handle: async ({ tx, tenantId, caller, params: { task_id } }) => {
        await retryTask({ queue, kinds }, { tx, tenantId, caller }, task_id)
        return reply(200, presentTask(await demandSeen(await findTask(tx, task_id), { caller, tenantId })))
      },
    })
  return [
    change('changeTask', 'PATCH', 'Change what may still change of a task', ChangeBody),
    change(
      'replaceTask',
      'PUT',
      'Write anew what people say of a task; the rest changes where it is named',
      ReplaceBody as unknown as typeof ChangeBody,
    ),
    retry(
      'retryTask',
      '/tasks/:task_id/retry',
      'Let an ended task begin anew, or one that waits for its next attempt go now',
    ),
    retry('processTask', '/tasks/:task_id/process', 'The same as retry'),
    tenantRoute({
      ...{ ...about, operationId: 'cancelTask', method: 'POST', path: '/tasks/:task_id/cancel' },
      summary: 'Cancel a task: at once while it waits, else as soon as its handler has stopped',
      access: 'task.use',
      responses: { 200: z.object({ task_id: z.uuid(), status: z.enum(['cancelled', 'cancelling']) }) },
      handle: async ({ tx, tenantId, caller, params: { task_id } }) => {
        await demandCancellable(await findTask(tx, task_id), { caller, tenantId })
        const status = await cancelTask(tx, { tenantId, taskId: task_id, cancelledBy: caller.id })
        return reply(200, { task_id, status })
      },
    }),
    tenantRoute({
      ...{ ...about, operationId: 'deleteTask', method: 'DELETE', path: '/tasks/:task_id' },
      summary: 'Delete a task with its attempts and its log; one that runs is stopped and writes nothing more',
      access: 'task.create',
      responses: { 204: z.undefined() },
      handle: async ({ tx, tenantId, caller, params: { task_id } }) => {
        await deleteTask({ tx, tenantId, caller }, task_id)
        return reply(204)
      },
    }),
  ]
}
