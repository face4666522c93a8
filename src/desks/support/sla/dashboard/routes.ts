import { z } from 'zod'
import type { ClocksApi } from '../../../../core/clocks/index.ts'
import type { Database } from '../../../../platform/database/index.ts'
import {
  decodeCursor,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  TenantQuery,
  tenantRoute,
} from '../../../../platform/http/index.ts'
import { alertsOf, presentAlert, SlaAlertView } from '../alerts.ts'
import { presentTicketSla, TicketSlaView } from '../clock-view.ts'
import { slaTicketNotFound } from '../faults.ts'
import { TICKET } from '../record-changes.ts'
import { TimelineView, timelineOf } from '../timeline.ts'
import { exportDashboard, HEADERS } from './export.ts'
import { DashboardQuery } from './filter.ts'
import { countStates, findSlaTicket, listDashboard, Position, type StateCounts } from './list.ts'

const WithAlerts = TicketSlaView.extend({
  active_alerts: z.array(SlaAlertView).meta({ description: 'What somebody was told of and nobody has resolved' }),
})

const SummaryView = z.object({
  total_tickets: z.int(),
  breached_count: z.int(),
  at_risk_count: z.int(),
  on_track_count: z.int(),
  paused_count: z.int(),
  met_count: z.int(),
  met_late_count: z.int(),
  cancelled_count: z.int(),
  breach_rate: z.number().meta({ description: 'Breached and met late, in percent of all that are not cancelled' }),
})

const DashboardView = z.object({
  tickets: z.array(WithAlerts.meta({ id: 'SlaTicketWithAlerts' })),
  total_count: z.int().meta({ description: 'On all pages' }),
  summary: SummaryView.meta({ description: 'Of all tickets of the filter, whatever the page' }),
  next_cursor: z.string().nullable(),
})

type Dependencies = { database: Database; clocks: Pick<ClocksApi, 'read'> }

/** How it stands with what was promised: one ticket, all of them, and the same as a file. */
export function dashboardRoutes({ database, clocks }: Dependencies): Route[] {
  return [
    tenantRoute({
      operationId: 'showSlaDashboard',
      method: 'GET',
      path: '/sla/dashboard',
      tag: 'SLA',
      summary: 'List tickets with their clocks, the most urgent first, and count the states of all of them',
      access: 'sla.read',
      tenant: 'query',
      query: z.strictObject({ ...TenantQuery, ...PageQuery, ...DashboardQuery }),
      responses: { 200: DashboardView },
      handle: async ({ tx, tenantId, query: { limit, cursor, ...filter }, request }) => {
        const chosen = { ...filter, tenant_id: tenantId }
        const { tickets, nextCursor } = await listDashboard(tx, chosen, {
          behind: decodeCursor(cursor, Position),
          limit,
        })
        const counts = await countStates(tx, chosen)
        const ids = tickets.map(({ ticket_id }) => ticket_id)
        const [read, alerts] = [await clocks.read(tx, tenantId, TICKET, ids), await alertsOf(tx, ids)]
        const body = {
          tickets: tickets.map((ticket) => ({
            ...presentTicketSla(ticket, read.get(ticket.ticket_id)),
            active_alerts: (alerts.get(ticket.ticket_id) ?? []).map(presentAlert),
          })),
          total_count: summarise(counts).total_tickets,
          summary: summarise(counts),
          next_cursor: nextCursor,
        }
        return reply(200, body, linkHeader(request.originalUrl, nextCursor))
      },
    }),
    tenantRoute({
      operationId: 'exportSlaDashboard',
      method: 'GET',
      path: '/sla/dashboard/export',
      tag: 'SLA',
      summary: 'Download the tickets of the dashboard with their clocks as CSV, in the same order',
      access: 'sla.read',
      tenant: 'query',
      query: z.strictObject({ ...TenantQuery, ...DashboardQuery }),
      live: 'download',
      responses: { 200: z.unknown() },
      handle: async ({ tenantId, query, signal }) => {
        const file = exportDashboard({ database, clocks }, { ...query, tenant_id: tenantId }, signal)
        return reply(200, file, HEADERS(`sla-${tenantId}-${new Date().toISOString().slice(0, 10)}.csv`))
      },
    }),
    tenantRoute({
      operationId: 'showSlaTicket',
      method: 'GET',
      path: '/sla/tickets/:ticket_id',
      tag: 'SLA',
      summary: 'Show how it stands with what was promised for a ticket, and everything that led there',
      access: 'sla.read',
      tenant: 'query',
      params: z.strictObject({ ticket_id: z.string().min(1).max(200) }),
      query: z.strictObject(TenantQuery),
      responses: { 200: WithAlerts.extend({ timeline: TimelineView }).meta({ id: 'SlaTicketWithTimeline' }) },
      handle: async ({ tx, tenantId, params }) => {
        const ticket = await findSlaTicket(tx, params.ticket_id)
        if (!ticket) throw slaTicketNotFound()
        const id = ticket.ticket_id
        const read = (await clocks.read(tx, tenantId, TICKET, [id])).get(id)
        const alerts = (await alertsOf(tx, [id])).get(id) ?? []
        return reply(200, {
          ...presentTicketSla(ticket, read),
          active_alerts: alerts.map(presentAlert),
          timeline: read === undefined ? [] : timelineOf(read),
        })
      },
    }),
  ]
}

function summarise(counts: StateCounts): z.output<typeof SummaryView> {
  const of = (state: keyof StateCounts) => counts[state] ?? 0
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const judged = total - of('cancelled')
  const late = of('breached') + of('met_late')
  return {
    ...{ total_tickets: total, breached_count: of('breached'), at_risk_count: of('at_risk') },
    ...{ on_track_count: of('on_track'), paused_count: of('paused'), met_count: of('met') },
    ...{ met_late_count: of('met_late'), cancelled_count: of('cancelled') },
    breach_rate: judged === 0 ? 0 : Math.round((late / judged) * 10_000) / 100,
  }
}
