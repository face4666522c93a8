import { z } from 'zod'
import { type Route, reply, systemRoute, TenantIdField } from '../../../platform/http/index.ts'
import { recordAudit } from '../../audit/index.ts'
import { demandTenant } from '../faults.ts'
import { TASK_STATUSES } from '../status.ts'
import {
  COUNTED_MAX,
  countByStatus,
  findWeight,
  listRecent,
  listWorkers,
  readDepths,
  setWeight,
} from '../store/overview.ts'

const RECENT = 10
const DEPTHS_MAX = 100
const timestamp = z.iso.datetime()

const StatusView = z.object({
  timestamp,
  tasks: z.object({
    total: z.int(),
    by_status: z.record(z.enum(TASK_STATUSES), z.int()).meta({ description: `Each counted up to ${COUNTED_MAX}` }),
    recent: z.array(
      z.object({
        task_id: z.uuid(),
        tenant_id: z.string(),
        kind: z.string(),
        title: z.string().nullable(),
        status: z.enum(TASK_STATUSES),
        created_at: timestamp,
        updated_at: timestamp,
      }),
    ),
  }),
  queue: z.object({
    transport: z.string(),
    waiting: z.int().meta({ description: 'Due now or later' }),
    in_flight: z.int(),
    oldest_seconds: z.number().meta({ description: 'How long the one that waits longest has been due' }),
    by_tenant_and_kind: z
      .array(z.object({ tenant_id: z.string(), kind: z.string(), waiting: z.int(), oldest_seconds: z.number() }))
      .meta({ description: `The ${DEPTHS_MAX} with the most` }),
  }),
  workers: z.array(
    z.object({
      process_id: z.string(),
      version: z.string(),
      kinds: z.array(z.string()),
      running: z.int(),
      started_at: timestamp,
      seen_at: timestamp,
    }),
  ),
})

const ShareView = z.object({
  tenant_id: z.string(),
  weight: z.number().meta({ description: 'How large its share of the workers is beside those of others; 1 is usual' }),
})
const Weight = z.number().min(0.01).max(100)

/** What operators see of all tasks, and how they share the workers out. */
export function operatorRoutes({ transport }: { transport: string }): Route[] {
  const share = {
    tag: 'Tasks',
    access: 'operator',
    path: '/operator/task-shares/:tenant_id',
    acrossTenants: 'shares are those of one tenant beside all others',
    params: z.strictObject({ tenant_id: TenantIdField }),
    responses: { 200: ShareView },
  } as const
  return [
    systemRoute({
      operationId: 'showTaskStatus',
      method: 'GET',
      path: '/admin/status',
      tag: 'Tasks',
      summary: 'Show how many tasks there are of each status, the newest, what waits, and who works',
      access: 'operator',
      acrossTenants: 'operators look at the tasks of all tenants',
      responses: { 200: StatusView },
      handle: async ({ tx }) => {
        const byStatus = await countByStatus(tx)
        const depths = await readDepths(tx)
        const recent = await listRecent(tx, RECENT)
        const workers = await listWorkers(tx)
        return reply(200, {
          timestamp: new Date().toISOString(),
          tasks: {
            total: Object.values(byStatus).reduce((sum, count) => sum + count, 0),
            by_status: byStatus,
            recent: recent.map((task) => ({ ...task, ...isoTimes(task, 'created_at', 'updated_at') })),
          },
          queue: {
            transport,
            waiting: byStatus.queued + byStatus.retrying,
            in_flight: byStatus.running,
            oldest_seconds: Math.max(0, ...depths.map(({ oldest_seconds }) => oldest_seconds)),
            by_tenant_and_kind: depths.slice(0, DEPTHS_MAX),
          },
          workers: workers.map((worker) => ({ ...worker, ...isoTimes(worker, 'started_at', 'seen_at') })),
        })
      },
    }),
    systemRoute({
      ...share,
      operationId: 'showTaskShare',
      method: 'GET',
      summary: 'Show how large a tenant’s share of the workers is',
      handle: async ({ tx, params: { tenant_id } }) =>
        reply(200, { tenant_id, weight: demandTenant(await findWeight(tx, tenant_id), tenant_id) }),
    }),
    systemRoute({
      ...share,
      operationId: 'setTaskShare',
      method: 'PUT',
      summary: 'Set how large a tenant’s share of the workers is; for tasks that are added from now on',
      body: z.strictObject({ weight: Weight }),
      handle: async ({ tx, caller, params: { tenant_id: tenantId }, body: { weight } }) => {
        const before = demandTenant(await findWeight(tx, tenantId), tenantId)
        await setWeight(tx, tenantId, weight)
        await recordAudit(tx, {
          ...{ tenantId, actor: caller.id, action: 'task.set_share', subject: `tenant:${tenantId}` },
          details: { before, after: weight },
        })
        return reply(200, { tenant_id: tenantId, weight })
      },
    }),
  ]
}

const isoTimes = <Name extends string>(row: Record<Name, Date>, ...names: Name[]) =>
  Object.fromEntries(names.map((name) => [name, row[name].toISOString()])) as Record<Name, string>
