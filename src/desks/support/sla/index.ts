import { auditModule } from '../../../core/audit/index.ts'
import { defineModule } from '../../../platform/module/index.ts'
import { ticketsModule } from '../tickets/index.ts'
import { slaTicketRoutes } from './ticket-routes.ts'

/** What was promised to customers, and how it stands. */
export const slaModule = defineModule({
  name: 'desks/support/sla',
  permissions: { 'ticket.change': 'agent' },
  needs: { audit: auditModule, tickets: ticketsModule },
  open: (_ground, { tickets: { classifyTickets } }) => ({
    api: undefined,
    routes: slaTicketRoutes({ classifyTickets }),
  }),
})
