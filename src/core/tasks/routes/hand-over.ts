import { z } from 'zod'
import { type Route, reply, TenantQuery, tenantRoute } from '../../../platform/http/index.ts'
import type { Queue } from '../../../platform/queue/index.ts'
import { CHANGED_AT_ONCE_MAX, cancelMany, retryMany } from '../change-many.ts'
import { createTasks, type HandedOver } from '../create-tasks.ts'
import { taskNotFound } from '../faults.ts'
import type { OfferedKind } from '../offer.ts'
import { countTasks } from '../store/list.ts'
import { findTask } from '../store/task.ts'
import { Choice, FilterQuery, handedOverSchema, readFilter, within } from '../task-input.ts'
import { presentTask, TaskView } from '../task-view.ts'
import { changedBy } from '../whose.ts'

/** Tasks of one call. */
const BULK_MAX = 1_000

const Preview = Choice.optional().meta({ description: 'Only say how many it would be' })
const ManyView = z.object({
  matching: z
    .int()
    .meta({ description: 'How many there are; of them at most as many are changed as one call changes' }),
  changed: z.int(),
  more: z.boolean().meta({ description: 'There may be more: the same call goes on' }),
})

/** Handing tasks over, and changing many at a time. */
export function handOverRoutes({ queue, kinds }: { queue: Queue; kinds: ReadonlyMap<string, OfferedKind> }): Route[] {
  const Task = handedOverSchema([...kinds.values()])
  const inTenant = { tag: 'Tasks', tenant: 'query', query: z.strictObject(TenantQuery) } as const
  const filtered = { ...inTenant, query: z.strictObject({ ...TenantQuery, ...FilterQuery, preview: Preview }) } as const
  return [
    tenantRoute({
      ...inTenant,
      operationId: 'createTask',
      method: 'POST',
      path: '/tasks',
      summary: 'Hand a task over; with a title alone it is a note',
      access: 'task.create',
      body: Task,
      responses: { 201: TaskView, 200: TaskView },
      handle: async ({ tx, tenantId, caller, body }) => {
        const [made] = await createTasks({ queue, kinds }, { tx, tenantId, caller }, [body as HandedOver])
        const task = made && (await findTask(tx, made.taskId))
        if (!task) throw taskNotFound()
        return reply(made.created ? 201 : 200, presentTask(task), { location: `/api/v1/tasks/${task.task_id}` })
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'createTasks',
      method: 'POST',
      path: '/tasks/bulk',
      summary: `Hand up to ${BULK_MAX} tasks over, all or none`,
      access: 'task.create',
      body: z.strictObject({ tasks: z.array(Task).min(1).max(BULK_MAX) }),
      responses: { 201: z.object({ tasks: z.array(z.object({ task_id: z.uuid(), created: z.boolean() })) }) },
      handle: async ({ tx, tenantId, caller, body }) => {
        const made = await createTasks({ queue, kinds }, { tx, tenantId, caller }, body.tasks as HandedOver[])
        return reply(201, { tasks: made.map(({ taskId, created }) => ({ task_id: taskId, created })) })
      },
    }),
    tenantRoute({
      ...filtered,
      operationId: 'cancelTasks',
      method: 'POST',
      path: '/tasks/cancel',
      summary: `Cancel the live tasks of callers that a filter leaves, ${CHANGED_AT_ONCE_MAX} at a time`,
      access: 'task.create',
      responses: { 200: ManyView },
      handle: async ({ tx, tenantId, caller, query }) => {
        const asked = { ...readFilter(query, caller.id), isSystem: false }
        const filter = within({ ...asked, statuses: live(asked.statuses) }, await changedBy({ caller, tenantId }))
        if (filter === undefined) return reply(200, NONE)
        const matching = await countTasks(tx, filter)
        const changed = query.preview ? 0 : await cancelMany({ tx, tenantId, caller }, filter)
        return reply(200, { matching, changed, more: changed === CHANGED_AT_ONCE_MAX })
      },
    }),
    tenantRoute({
      ...filtered,
      query: z.strictObject({
        ...filtered.query.shape,
        per_minute: z.coerce
          .number()
          .int()
          .min(1)
          .max(60_000)
          .optional()
          .meta({ description: 'How many begin in a minute' }),
      }),
      operationId: 'retryTasks',
      method: 'POST',
      path: '/tasks/retry',
      summary: `Let the failed and cancelled tasks of callers that a filter leaves begin anew, ${CHANGED_AT_ONCE_MAX} at a time`,
      access: 'task.create',
      responses: { 200: ManyView },
      handle: async ({ tx, tenantId, caller, query }) => {
        const asked = { ...readFilter(query, caller.id), isSystem: false }
        const filter = within({ ...asked, statuses: dead(asked.statuses) }, await changedBy({ caller, tenantId }))
        if (filter === undefined) return reply(200, NONE)
        const matching = await countTasks(tx, filter)
        const perMinute = query.per_minute
        const changed = query.preview ? 0 : await retryMany(queue, { tx, tenantId, caller }, { filter, perMinute })
        return reply(200, { matching, changed, more: changed === CHANGED_AT_ONCE_MAX })
      },
    }),
  ]
}

const NONE = { matching: 0, changed: 0, more: false }

type Statuses = Parameters<typeof countTasks>[1]['statuses']

/** Those that were asked for, of the ones that an act is about. */
const among = (about: NonNullable<Statuses>) => (asked: Statuses) =>
  asked === undefined ? about : about.filter((status) => asked.includes(status))
const live = among(['queued', 'running', 'retrying'])
const dead = among(['failed', 'cancelled'])
