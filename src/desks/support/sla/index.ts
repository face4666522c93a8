import { auditModule } from '../../../core/audit/index.ts'
import { clocksModule } from '../../../core/clocks/index.ts'
import { signalsModule } from '../../../core/signals/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { defineModule } from '../../../platform/module/index.ts'
import { policiesModule } from '../policies/index.ts'
import { ticketsModule } from '../tickets/index.ts'
import { alertRoutes } from './alert-routes.ts'
import { dashboardRoutes } from './dashboard/routes.ts'
import { fillDemo } from './demo.ts'
import { followChanges } from './follow-changes.ts'
import { TICKET } from './record-changes.ts'
import { reportRoutes } from './report/routes.ts'
import { ticketKind } from './ticket-kind.ts'
import { slaTicketRoutes } from './ticket-routes.ts'

export type SlaApi = {
  /** Tickets in every state under a policy of their own, for whoever looks at the system for the first time; once. */
  fillDemo(tenantId: TenantId): Promise<void>
}

/** What was promised to customers, and how it stands: tickets under the clocks of their tenant's policy. */
export const slaModule = defineModule({
  name: 'desks/support/sla',
  migrations: new URL('./migrations/', import.meta.url),
  retention: {
    ticket_events: {
      becomes: 'kept',
      what: 'what happened to tickets and their clocks do not know yet',
      why: 'Workers take each row to the clocks and remove it.',
    },
  },
  permissions: { 'ticket.change': 'agent' },
  needs: {
    audit: auditModule,
    signals: signalsModule,
    clocks: clocksModule,
    tickets: ticketsModule,
    policies: policiesModule,
  },
  open: ({ database, listener, logger }, { clocks, policies, tickets: { classifyTickets } }) => {
    const recording = { clocks, policies }
    clocks.declare(ticketKind(policies))
    policies.onChanged(async (tx, tenantId, createdBy) => {
      await clocks.remeasure(tx, tenantId, TICKET, { createdBy })
    })
    return {
      api: {
        fillDemo: (tenantId) => fillDemo({ database, classifyTickets, recording, publish: policies.publish }, tenantId),
      } satisfies SlaApi,
      routes: [
        ...alertRoutes(),
        ...dashboardRoutes({ database, clocks }),
        ...reportRoutes(database),
        ...slaTicketRoutes({ classifyTickets, recording }),
      ],
      starts: { worker: () => followChanges({ database, listener, logger, recording }) },
    }
  },
})
