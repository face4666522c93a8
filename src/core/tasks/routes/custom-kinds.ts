import { z } from 'zod'
import { invalid, type Route, reply, TenantQuery, tenantRoute } from '../../../platform/http/index.ts'
import { recordAudit } from '../../audit/index.ts'
import { noSuchKind } from '../custom/custom-kinds.ts'
import { findComplaint } from '../custom/payload-schema.ts'
import { taskFault } from '../faults.ts'
import { deleteCustomKind, putCustomKind, type RegisteredKind, selectCustomKinds } from '../store/custom-kinds.ts'
import { CustomKindField } from '../task-input.ts'

/** Kinds of one tenant. */
export const KINDS_MAX = 100

const seconds = (min: number, max: number) => z.int().min(min).max(max)
const KindBody = z
  .strictObject({
    about: z.string().trim().min(1).max(500).meta({ description: 'What is done, for whoever hands tasks over' }),
    payload_schema: z
      .record(z.string(), z.unknown())
      .meta({ description: 'JSON Schema of an object, without expressions, formats and references' }),
    attempts_max: z.int().min(1).max(100).default(5),
    retry_base_seconds: seconds(1, 3_600)
      .default(1)
      .meta({ description: 'Before the second attempt; then twice that' }),
    retry_cap_seconds: seconds(1, 86_400).default(3_600),
    lease_seconds: seconds(5, 3_600)
      .default(60)
      .meta({ description: 'A worker that is silent for so long has lost its task' }),
    time_limit_seconds: seconds(5, 86_400).default(3_600).meta({ description: 'Of one attempt, heartbeats or not' }),
  })
  .refine(({ retry_base_seconds: base, retry_cap_seconds: cap }) => base <= cap, {
    path: ['retry_cap_seconds'],
    message: 'must not be less than retry_base_seconds',
  })

const KindView = z
  .object({
    ...{ kind: z.string(), about: z.string(), payload_schema: z.record(z.string(), z.unknown()) },
    ...{ attempts_max: z.int(), retry_base_seconds: z.int(), retry_cap_seconds: z.int() },
    ...{ lease_seconds: z.int(), time_limit_seconds: z.int(), created_by: z.string(), updated_at: z.iso.datetime() },
    last_asked_at: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'When a worker last asked for its tasks, to some seconds' }),
  })
  .meta({ id: 'CustomKind' })

/** Kinds of tasks that a tenant's own programs work on. */
export function customKindRoutes(): Route[] {
  const ofTenant = { tag: 'Workers', tenant: 'query', query: z.strictObject(TenantQuery) } as const
  const ofKind = { ...ofTenant, params: z.strictObject({ kind: CustomKindField }) } as const
  return [
    tenantRoute({
      ...ofTenant,
      operationId: 'listCustomKinds',
      method: 'GET',
      path: '/worker/kinds',
      summary: 'List the kinds of tasks that your own programs work on',
      access: 'task.use',
      responses: { 200: z.object({ kinds: z.array(KindView) }) },
      handle: async ({ tx }) => reply(200, { kinds: (await selectCustomKinds(tx)).map(present) }),
    }),
    tenantRoute({
      ...ofKind,
      operationId: 'getCustomKind',
      method: 'GET',
      path: '/worker/kinds/:kind',
      summary: 'Show a kind of tasks that your own programs work on',
      access: 'task.use',
      responses: { 200: KindView },
      handle: async ({ tx, params }) => {
        const [found] = await selectCustomKinds(tx, [params.kind])
        if (!found) throw noSuchKind()
        return reply(200, present(found))
      },
    }),
    tenantRoute({
      ...ofKind,
      operationId: 'putCustomKind',
      method: 'PUT',
      path: '/worker/kinds/:kind',
      summary:
        'Register a kind of tasks for your own programs, or change what is registered; tasks that wait keep their payload',
      access: 'worker.register',
      body: KindBody,
      responses: { 200: KindView, 201: KindView },
      handle: async ({ tx, tenantId, caller, params, body }) => {
        const complaint = findComplaint(body.payload_schema)
        if (complaint) {
          const field = ['payload_schema', complaint.path].filter((part) => part !== '').join('.')
          throw invalid([{ in: 'body', field, message: complaint.message }])
        }
        const put = await putCustomKind(tx, { kind: params.kind, createdBy: caller.id, ...asKind(body) }, KINDS_MAX)
        if (!put) {
          throw taskFault('tasks.too_many_kinds', {
            public: `This tenant has ${KINDS_MAX} kinds, which is the most. Remove one that is not used.`,
            internal: 'a kind beyond the bound',
          })
        }
        const subject = `task_kind:${params.kind}`
        await recordAudit(tx, { tenantId, actor: caller.id, action: 'task_kind.register', subject })
        return reply(put.isNew ? 201 : 200, present(put.registered))
      },
    }),
    tenantRoute({
      ...ofKind,
      operationId: 'deleteCustomKind',
      method: 'DELETE',
      path: '/worker/kinds/:kind',
      summary: 'Remove a kind of which no task lives',
      access: 'worker.register',
      responses: { 204: z.undefined() },
      handle: async ({ tx, tenantId, caller, params: { kind } }) => {
        const outcome = await deleteCustomKind(tx, kind)
        if (outcome === null) throw noSuchKind()
        if (outcome === 'in_use') {
          throw taskFault('tasks.kind_in_use', {
            public: `Tasks of the kind ${kind} wait or run. Let them end, or cancel them, then remove it.`,
            internal: 'a kind with live tasks',
          })
        }
        await recordAudit(tx, { tenantId, actor: caller.id, action: 'task_kind.remove', subject: `task_kind:${kind}` })
        return reply(204)
      },
    }),
  ]
}

const asKind = (body: z.output<typeof KindBody>) => ({
  about: body.about,
  payloadSchema: body.payload_schema,
  attemptsMax: body.attempts_max,
  retryBaseSeconds: body.retry_base_seconds,
  retryCapSeconds: body.retry_cap_seconds,
  leaseSeconds: body.lease_seconds,
  timeLimitSeconds: body.time_limit_seconds,
})

const present = (kind: RegisteredKind) => ({
  kind: kind.kind,
  about: kind.about,
  payload_schema: kind.payloadSchema,
  attempts_max: kind.attemptsMax,
  retry_base_seconds: kind.retryBaseSeconds,
  retry_cap_seconds: kind.retryCapSeconds,
  lease_seconds: kind.leaseSeconds,
  time_limit_seconds: kind.timeLimitSeconds,
  created_by: kind.createdBy,
  updated_at: kind.updatedAt.toISOString(),
  last_asked_at: kind.lastAskedAt?.toISOString() ?? null,
})
