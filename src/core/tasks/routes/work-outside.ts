import { z } from 'zod'
import type { Database } from '../../../platform/database/index.ts'
import { type Route, reply, TenantQuery, tenantRoute } from '../../../platform/http/index.ts'
import type { Queue } from '../../../platform/queue/index.ts'
import type { WaitingWorkers } from '../custom/waiting-workers.ts'
import { completeTask, failTask, keepTask, leaseTask } from '../custom/work-outside.ts'
import { TASK_STATUSES } from '../status.ts'
import type { LeasedTask } from '../store/outside.ts'
import { CustomKindField } from '../task-input.ts'

const WAIT_SECONDS_MAX = 30

const LeasedView = z
  .object({
    ...{ task_id: z.uuid(), kind: z.string(), title: z.string().nullable(), description: z.string().nullable() },
    payload: z.unknown(),
    progress: z.record(z.string(), z.unknown()).meta({ description: 'What an attempt before has left, to go on from' }),
    ...{ attempt: z.int(), attempts_max: z.int() },
    fencing: z.int().meta({ description: 'The proof of having it; send it with each call about the task' }),
    lease_expires_at: z.iso.datetime(),
  })
  .meta({ id: 'LeasedTask' })

const held = { task_id: z.uuid(), fencing: z.int().min(1) }
const Json = z.record(z.string(), z.unknown())
const StatusView = z.object({ task_id: z.uuid(), status: z.enum(TASK_STATUSES) })

/** The protocol of programs that work on a tenant's own kinds of tasks. */
export function workOutsideRoutes(dependencies: {
  database: Database
  queue: Queue
  workers: WaitingWorkers
}): Route[] {
  const { queue } = dependencies
  const work = {
    tag: 'Workers',
    tenant: 'query',
    access: 'worker.run',
    method: 'POST',
    query: z.strictObject(TenantQuery),
  } as const
  return [
    tenantRoute({
      ...work,
      operationId: 'leaseTask',
      path: '/worker/lease',
      summary: 'Take the next task of some kinds, or wait for one',
      body: z.strictObject({
        kinds: z.array(CustomKindField).min(1).max(50),
        wait_seconds: z
          .int()
          .min(0)
          .max(WAIT_SECONDS_MAX)
          .default(20)
          .meta({ description: 'How long to wait when there is none' }),
      }),
      responses: { 200: z.object({ task: LeasedView.nullable().meta({ description: 'null: there was none' }) }) },
      prepare: async ({ body, tenantId, caller, signal, request }) => {
        // It waits: others of its tenant are not refused for that. How many may wait has a bound of its own.
        request.leaveCrowd?.()
        const asked = { tenantId, callerId: caller.id, kinds: body.kinds, waitSeconds: body.wait_seconds, signal }
        return leaseTask(dependencies, asked)
      },
      handle: async ({ prepared }) => reply(200, { task: prepared && present(prepared) }),
    }),
    tenantRoute({
      ...work,
      operationId: 'keepTask',
      path: '/worker/heartbeat',
      summary: 'Keep a task for another lease, store its progress, and hear whether to stop',
      body: z.strictObject({
        ...held,
        progress: Json.optional(),
        log: z.array(z.string().min(1).max(2_000)).max(20).optional(),
      }),
      responses: { 200: z.object({ lease_expires_at: z.iso.datetime(), cancel_requested: z.boolean() }) },
      handle: async ({ tx, tenantId, caller, body }) => {
        const kept = await keepTask(asHeld({ tx, tenantId, caller, body }), body)
        return reply(200, {
          lease_expires_at: kept.leaseExpiresAt.toISOString(),
          cancel_requested: kept.cancelRequested,
        })
      },
    }),
    tenantRoute({
      ...work,
      operationId: 'completeTask',
      path: '/worker/complete',
      summary: 'Say that a task is done, with its result; one that was to be cancelled is cancelled',
      body: z.strictObject({ ...held, result: Json.optional() }),
      responses: { 200: StatusView },
      handle: async ({ tx, tenantId, caller, body }) => {
        const status = await completeTask(queue, asHeld({ tx, tenantId, caller, body }), body.result ?? null)
        return reply(200, { task_id: body.task_id, status })
      },
    }),
    tenantRoute({
      ...work,
      operationId: 'failTask',
      path: '/worker/fail',
      summary: 'Say that an attempt failed; it is tried again as its kind says, unless that is of no use',
      body: z.strictObject({
        ...held,
        code: z
          .string()
          .regex(/^[a-z0-9][a-z0-9_.-]{0,79}$/, 'must be lower-case letters, digits, `_`, `.` or `-`')
          .default('custom.failed'),
        message: z.string().trim().min(1).max(2_000).meta({ description: 'For who made the task' }),
        is_final: z.boolean().default(false).meta({ description: 'Another attempt would end the same way' }),
        retry_after_seconds: z.int().min(0).max(86_400).default(0),
      }),
      responses: { 200: StatusView },
      handle: async ({ tx, tenantId, caller, body }) => {
        const { code, message, is_final: isFinal, retry_after_seconds: afterSeconds } = body
        const status = await failTask(queue, asHeld({ tx, tenantId, caller, body }), {
          ...{ code, message, isFinal, afterSeconds },
        })
        return reply(200, { task_id: body.task_id, status })
      },
    }),
  ]
}

type Reporting = Pick<Parameters<typeof keepTask>[0], 'tx' | 'tenantId'> & {
  caller: { id: string }
  body: { task_id: string; fencing: number }
}
const asHeld = ({ tx, tenantId, caller, body }: Reporting) => ({
  ...{ tx, tenantId, callerId: caller.id, taskId: body.task_id, fencing: body.fencing },
})

const present = (task: LeasedTask) => ({
  ...{ task_id: task.task_id, kind: task.kind, title: task.title, description: task.description },
  ...{ payload: task.payload, progress: task.progress, attempt: task.attempt, attempts_max: task.attempts_max },
  ...{ fencing: task.fencing, lease_expires_at: task.leaseExpiresAt.toISOString() },
})
