import { z } from 'zod'
import { moment } from '../../../kernel/moment.ts'
import { type Route, reply, TenantIdField, tenantRoute } from '../../../platform/http/index.ts'
import { growthPeriods } from './periods.ts'
import { presentStats, StatsView } from './stats-view.ts'
import { readStats } from './store.ts'

const StatsQuery = z
  .strictObject({
    from: moment.optional().meta({ description: 'Only tickets created at or after' }),
    to: moment.optional().meta({ description: 'Only tickets created before' }),
    from_date: moment.optional().meta({ description: 'The same as `from`' }),
    to_date: moment.optional().meta({ description: 'The same as `to`' }),
  })
  .superRefine((query, context) => {
    for (const end of ['from', 'to'] as const) {
      if (query[end] === undefined || query[`${end}_date`] === undefined) continue
      context.addIssue({ code: 'custom', path: [`${end}_date`], message: `must not be given together with ${end}` })
    }
    const [from, to] = [query.from ?? query.from_date, query.to ?? query.to_date]
    if (from === undefined || to === undefined || from < to) return
    context.addIssue({ code: 'custom', path: [query.to ? 'to' : 'to_date'], message: 'must be later than from' })
  })

export const analyticsRoutes: Route[] = [
  tenantRoute({
    operationId: 'showStats',
    method: 'GET',
    path: '/tenants/:tenant_id/stats',
    tag: 'Analytics',
    summary: 'Show what there is to know about a tenant’s tickets in numbers',
    access: 'analytics.read',
    tenant: 'path',
    params: z.strictObject({ tenant_id: TenantIdField }),
    query: StatsQuery,
    responses: { 200: StatsView },
    handle: async ({ tx, tenantId, query }) => {
      const [from, to] = [query.from ?? query.from_date, query.to ?? query.to_date]
      const now = new Date()
      const stats = await readStats(tx, { from, to }, now)
      const range = { from: from ?? null, to: to ?? null }
      return reply(200, presentStats(stats, { tenantId, now, range, growth: growthPeriods({ from, to }, now) }))
    },
  }),
]
