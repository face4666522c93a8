import type { EnqueueTask, TaskKind } from '../../../core/tasks/index.ts'
import type { Logger } from '../../../kernel/logger.ts'
import type { Database } from '../../../platform/database/index.ts'
import type { Classifier } from '../classification/index.ts'
import { ticketClassificationRoutes } from './classification-routes.ts'
import { classifyTicketsWith } from './classify-tickets.ts'
import { startReclassifyingOutdated } from './reclassify-outdated.ts'
import { startReclassificationWith, ticketReclassify } from './reclassify-tickets.ts'
import { ticketRoutes } from './routes.ts'

export type { ClassifyNews, ClassifyTickets } from './classify-tickets.ts'
export { unguard } from './export/guarded-text.ts'
export {
  type Delivery,
  markDeleted,
  partsOf,
  storingTickets,
  sumCounts,
  type UpsertCounts,
  upsertTickets,
} from './store.ts'
export { type ClassifiedTicket, type DeliveredTicket, TICKET_STATUSES, type TicketStatus } from './ticket.ts'

export const ticketsMigrations = {
  module: 'desks/support/tickets',
  directory: new URL('./migrations/', import.meta.url),
}

export const ticketPermissions = {
  'ticket.read': 'viewer',
  'ticket.correct': 'agent',
  'ticket.reclassify': 'manager',
} as const

/** The tickets of all tenants' helpdesks: what they say, what they mean, what changed. */
export function ticketsModule(dependencies: { database: Database; classifier: Classifier; enqueue: EnqueueTask }) {
  const reclassify = ticketReclassify(dependencies.classifier)
  const startReclassification = startReclassificationWith(dependencies, reclassify)
  return {
    // The routes with fixed names first: `/tickets/corrections` is no ticket's id.
    routes: [
      ...ticketClassificationRoutes({ ...dependencies, startReclassification }),
      ...ticketRoutes(dependencies.database),
    ],
    kinds: [reclassify as unknown as TaskKind],
    ...classifyTicketsWith(dependencies),
    startReclassification,
    /** For processes with the role `scheduler`. */
    startScheduler: (logger: Logger) => startReclassifyingOutdated({ ...dependencies, startReclassification, logger }),
  }
}
