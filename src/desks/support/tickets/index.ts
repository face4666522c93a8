import { auditModule } from '../../../core/audit/index.ts'
import { signalsModule } from '../../../core/signals/index.ts'
import { tasksModule } from '../../../core/tasks/index.ts'
import { defineModule } from '../../../platform/module/index.ts'
import { classificationModule } from '../classification/index.ts'
import { ticketClassificationRoutes } from './classification-routes.ts'
import { type ClassifyNews, type ClassifyTickets, classifyTicketsWith } from './classify-tickets.ts'
import { reclassifyingOutdated } from './reclassify-outdated.ts'
import { startReclassificationWith, ticketReclassify } from './reclassify-tickets.ts'
import { ticketRoutes } from './routes.ts'

export { changeTickets, type KnownTicket, lockTickets, type TicketChanges } from './change-tickets.ts'
export type { ClassifyNews, ClassifyTickets } from './classify-tickets.ts'
export {
  ASSIGNEE_CHARACTERS_MAX,
  type DeskFields,
  GROUP_CHARACTERS_MAX,
  PRIORITIES,
  type Priority,
  TAG_CHARACTERS_MAX,
  TAGS_MAX,
  TIERS,
  type Tier,
} from './desk-fields.ts'
export { csvCell, EXPORT_FORMATS, type ExportFormat } from './export/columns.ts'
export { exportTickets, lastTicket } from './export/export-tickets.ts'
export { guard, guardGuards, unguard } from './export/guarded-text.ts'
export { FilterQuery as TicketFilterQuery, readFilter as readTicketFilter } from './listing/filter.ts'
export { cutMessage, MESSAGE_BYTES_MAX } from './message-size.ts'
export { SLA_STATUSES, type SlaStatus, STATUS_OF, TICKET_STATUSES, type TicketStatus } from './status.ts'
export {
  type Delivery,
  findTicket,
  listComparedTimes,
  markDeleted,
  partsOf,
  storingTickets,
  sumCounts,
  type UpsertCounts,
  upsertTickets,
} from './store.ts'
export {
  type ClassifiedTicket,
  type DeliveredTicket,
  presentTicket,
  TicketView,
} from './ticket.ts'

export type TicketsApi = { classifyTickets: ClassifyTickets; classifyNews: ClassifyNews }

/** The tickets of all tenants' helpdesks: what they say, what they mean, what changed. */
export const ticketsModule = defineModule({
  name: 'desks/support/tickets',
  migrations: new URL('./migrations/', import.meta.url),
  retention: {
    tickets: {
      becomes: 'removed',
      what: 'tickets that their helpdesk has deleted, with their history',
      why: 'For a year it can be seen what was there. Live tickets are what the desk works on, and stay.',
      days: 365,
      since: 'deleted_at',
      when: 'deleted_at is not null',
      // Each is in a dozen indexes.
      rowsAtOnce: 200,
      scope: {
        ...{ of: 'tenant', least: 30, most: 3_650, id: 'ticket_id', found: 'since' },
        // Whoever writes tickets takes it before any ticket.
        lock: `lock_ticket_counters(current_setting('signalbox.tenant_id'))`,
      },
    },
    ticket_history: {
      becomes: 'removed',
      what: 'changes of tickets',
      why: 'Two years show how a case went; what a ticket says now stands in itself.',
      days: 730,
      since: 'recorded_at',
      scope: { of: 'tenant', least: 30, most: 3_650, id: 'history_id', found: 'id' },
    },
  },
  permissions: { 'ticket.read': 'viewer', 'ticket.correct': 'agent', 'ticket.reclassify': 'manager' },
  needs: { audit: auditModule, tasks: tasksModule, signals: signalsModule, classification: classificationModule },
  open: ({ config, database, logger }, { tasks, classification }) => {
    const dependencies = { database, classifier: classification.classifier, enqueue: tasks.enqueue, logger }
    const reclassify = ticketReclassify(classification.classifier)
    const startReclassification = startReclassificationWith(dependencies, reclassify)
    classification.onRulesChanged(startReclassification)
    return {
      api: classifyTicketsWith({ ...dependencies, skewSeconds: config.CLOCK_SKEW_SECONDS }) satisfies TicketsApi,
      // The routes with fixed names first: `/tickets/corrections` is no ticket's id.
      routes: [...ticketClassificationRoutes({ ...dependencies, startReclassification }), ...ticketRoutes(database)],
      kinds: [reclassify],
      schedules: [reclassifyingOutdated({ ...dependencies, startReclassification })],
    }
  },
})
