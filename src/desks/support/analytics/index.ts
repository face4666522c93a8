import { defineModule } from '../../../platform/module/index.ts'
import { ticketsModule } from '../tickets/index.ts'
import { analyticsRoutes } from './routes.ts'

export { type CounterDifference, findDifferences } from './find-differences.ts'

/** What there is to know about a tenant's tickets in numbers. */
export const analyticsModule = defineModule({
  name: 'desks/support/analytics',
  migrations: new URL('./migrations/', import.meta.url),
  retention: Object.fromEntries(
    ['ticket_counts', 'ticket_period_counts', 'ticket_facet_counts', 'ticket_customer_counts'].map((table) => [
      table,
      {
        becomes: 'kept',
        what: 'counters of tickets',
        why: 'One row for each value that tickets have, or had, in a span of time: far fewer than tickets.',
      },
    ]),
  ),
  permissions: { 'analytics.read': 'viewer' },
  // Its counters are kept by triggers on their table.
  needs: { tickets: ticketsModule },
  open: () => ({ api: undefined, routes: analyticsRoutes }),
})
