import { z } from 'zod'
import { recordAudit } from '../../../core/audit/index.ts'
import type { Database, Tx } from '../../../platform/database/index.ts'
import { type Route, reply, TenantQuery, tenantRoute } from '../../../platform/http/index.ts'
import { type Classifier, SENTIMENTS, URGENCIES } from '../classification/index.ts'
import { correctTicket, storeJudgements, withdrawCorrection } from './classification-store.ts'
import { judge } from './classify-tickets.ts'
import { exportCorrections } from './export-corrections.ts'
import { ticketFault, ticketNotFound } from './faults.ts'
import type { StartReclassification } from './reclassify-tickets.ts'
import { findTicket } from './store.ts'
import { type ExplainedTicket, presentTicket, TicketView } from './ticket.ts'

type ClassificationRouteDependencies = {
  database: Database
  classifier: Classifier
  startReclassification: StartReclassification
}

/** What agents and new rules change about what tickets mean. */
export function ticketClassificationRoutes(dependencies: ClassificationRouteDependencies): Route[] {
  const { database, classifier, startReclassification } = dependencies
  const inTenant = { tag: 'Tickets', tenant: 'query', query: z.strictObject(TenantQuery) } as const
  const ofTicket = { ...inTenant, params: z.strictObject({ ticket_id: z.string().min(1).max(200) }) }
  return [
    tenantRoute({
      ...ofTicket,
      operationId: 'correctClassification',
      method: 'PATCH',
      path: '/tickets/:ticket_id/classification',
      summary: 'Correct what the rules say about a ticket; the correction stays when rules or runs say otherwise',
      access: 'ticket.correct',
      body: z
        .strictObject({
          urgency: z.enum(URGENCIES).optional(),
          sentiment: z.enum(SENTIMENTS).optional(),
          requires_action: z.boolean().optional(),
        })
        .refine(
          (body) => Object.keys(body).length > 0,
          'must correct at least one of urgency, sentiment, requires_action',
        )
        .refine((body) => body.urgency !== 'high' || body.requires_action !== false, {
          path: ['requires_action'],
          error: 'must be true: a ticket of high urgency requires action',
        }),
      responses: { 200: TicketView },
      handle: async ({ tx, tenantId, caller, params, body }) => {
        const { ticket_id } = await requireTicket(tx, params.ticket_id)
        await correctTicket(tx, ticket_id, body, caller.id)
        const [action, subject] = ['ticket.correct', `ticket:${ticket_id}`]
        const { urgency = null, sentiment = null, requires_action = null } = body
        const details = { urgency, sentiment, requires_action }
        await recordAudit(tx, { tenantId, actor: caller.id, action, subject, details })
        return reply(200, presentTicket(await requireTicket(tx, ticket_id)))
      },
    }),
    tenantRoute({
      ...ofTicket,
      operationId: 'withdrawCorrection',
      method: 'DELETE',
      path: '/tickets/:ticket_id/classification',
      summary: 'Take the correction of a ticket back: what the rules say counts again',
      access: 'ticket.correct',
      responses: { 200: TicketView },
      handle: async ({ tx, tenantId, caller, params }) => {
        const { ticket_id } = await requireTicket(tx, params.ticket_id)
        const withdrawn = await withdrawCorrection(tx, ticket_id)
        if (!withdrawn) throw notCorrected()
        const { isIncomplete: _, ...judgement } = judge(await classifier.currentRules(tx), withdrawn)
        await storeJudgements(tx, [{ ticket_id, as_of: withdrawn.as_of, ...judgement }], caller.id)
        const [action, subject] = ['ticket.withdraw_correction', `ticket:${ticket_id}`]
        await recordAudit(tx, { tenantId, actor: caller.id, action, subject })
        return reply(200, presentTicket(await requireTicket(tx, ticket_id)))
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'reclassifyTickets',
      method: 'POST',
      path: '/tickets/reclassify',
      summary: 'Classify again what was not classified by the current rules; corrections stay',
      access: 'ticket.reclassify',
      responses: { 202: z.object({ task_id: z.uuid() }) },
      handle: async ({ tx, tenantId, caller }) => {
        const { taskId } = await startReclassification(tx, tenantId, caller.id)
        return reply(202, { task_id: taskId })
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'listCorrections',
      method: 'GET',
      path: '/tickets/corrections',
      summary: 'Export what agents have corrected as labelled data, one JSON object a line',
      access: 'ticket.read',
      live: 'download',
      responses: { 200: z.unknown() },
      handle: async ({ tenantId, signal }) =>
        reply(200, exportCorrections(database, tenantId, signal), {
          'content-type': 'application/x-ndjson',
          'content-disposition': 'attachment; filename="corrections.ndjson"',
        }),
    }),
  ]
}

async function requireTicket(tx: Tx, id: string): Promise<ExplainedTicket> {
  const ticket = await findTicket(tx, id)
  if (!ticket) throw ticketNotFound()
  return ticket
}

const notCorrected = () =>
  ticketFault('tickets.not_corrected', {
    public: 'Nobody has corrected this ticket: it says what the rules say.',
    internal: 'withdrawal of a correction that is not there',
  })
