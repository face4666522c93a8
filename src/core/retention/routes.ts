import { z } from 'zod'
import type { Tx } from '../../platform/database/index.ts'
import { type Route, reply, TenantIdField, tenantRoute } from '../../platform/http/index.ts'
import type { RetentionByTable } from '../../platform/upkeep/index.ts'
import { recordAudit } from '../audit/index.ts'
import { type AgedOfTenant, choosable } from './chosen-days.ts'
import { listChoices, replaceChoices } from './store.ts'

const Kept = z
  .object({
    table: z.string().meta({ example: 'tasks' }),
    what: z.string().meta({ description: 'Which rows', example: 'tasks that have ended' }),
    why: z.string(),
    days: z.int().meta({ description: 'How long they are kept now' }),
    default_days: z.int(),
    least_days: z.int(),
    most_days: z.int(),
    chosen_by: z.string().nullable().meta({ description: 'Null: the default holds' }),
    chosen_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'KeptRows' })
const Answer = z.object({ kept: z.array(Kept) }).meta({ id: 'Retention' })

/** How long a tenant's own rows are kept, and what it wants instead. */
export function retentionRoutes(retention: RetentionByTable): Route[] {
  const tables = choosable(retention)
  const ofTenant = {
    path: '/tenants/:tenant_id/retention',
    tag: 'Retention',
    tenant: 'path',
    params: z.strictObject({ tenant_id: TenantIdField }),
  } as const
  const days = z.strictObject(
    Object.fromEntries(
      tables.map(([table, { scope }]) => [table, z.int().min(scope.least).max(scope.most).optional()]),
    ),
  )
  const show = async (tx: Tx) => {
    const choices = new Map((await listChoices(tx)).map((choice) => [choice.table_name, choice]))
    return { kept: tables.map(([table, aged]) => present(table, aged, choices.get(table))) }
  }
  return [
    tenantRoute({
      ...ofTenant,
      operationId: 'showRetention',
      method: 'GET',
      summary: 'Show how long what belongs to a tenant is kept, and within which bounds it may choose',
      access: 'retention.read',
      responses: { 200: Answer },
      handle: async ({ tx }) => reply(200, await show(tx)),
    }),
    tenantRoute({
      ...ofTenant,
      operationId: 'chooseRetention',
      method: 'PUT',
      summary: 'Choose how many days what belongs to a tenant is kept; what is left out goes back to its default',
      access: 'retention.choose',
      body: z.strictObject({ days }).meta({ example: { days: { tasks: 30 } } }),
      responses: { 200: Answer },
      handle: async ({ tx, tenantId, caller, body }) => {
        const wanted = Object.fromEntries(
          Object.entries(body.days).flatMap(([table, value]) => (value === undefined ? [] : [[table, value]])),
        ) as Record<string, number>
        await replaceChoices(tx, wanted, caller.id)
        const [action, subject] = ['retention.choose', `tenant:${tenantId}`]
        await recordAudit(tx, { tenantId, actor: caller.id, action, subject, details: wanted })
        return reply(200, await show(tx))
      },
    }),
  ]
}

type Choice = Awaited<ReturnType<typeof listChoices>>[number]

function present(table: string, { what, why, days, scope }: AgedOfTenant, choice: Choice | undefined) {
  const { least, most } = scope
  return {
    ...{ table, what, why, default_days: days, least_days: least, most_days: most },
    // Bounds may have moved since it was chosen.
    days: Math.min(Math.max(choice?.days ?? days, least), most),
    chosen_by: choice?.chosen_by ?? null,
    chosen_at: choice?.chosen_at.toISOString() ?? null,
  }
}
