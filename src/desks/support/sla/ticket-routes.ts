import { z } from 'zod'
import { recordAudit } from '../../../core/audit/index.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { type Route, reply, TenantQuery, tenantRoute } from '../../../platform/http/index.ts'
import {
  type ClassifyTickets,
  changeTickets,
  findTicket,
  type KnownTicket,
  lockTickets,
  presentTicket,
  TicketView,
} from '../tickets/index.ts'
import { applyRows, judgeBatch, ROWS_MAX, type RowOutcome, SLA_ORIGIN } from './apply-rows.ts'
import { changeRefused, slaTicketNotFound } from './faults.ts'
import { mergeTicket } from './merge-ticket.ts'
import { planRow } from './plan-row.ts'
import { catchUp, type Recording } from './record-changes.ts'
import { DESK_CHANGES, REFUSALS, readRow, TicketRow } from './ticket-row.ts'

const BatchView = z
  .object({
    created: z.int(),
    updated: z.int(),
    unchanged: z.int(),
    failed: z.int().meta({ description: 'Refused rows; nothing of them was stored' }),
    errors: z.array(z.string()).meta({ description: 'Of each refused row, `<id>: <field> <why>`' }),
    results: z.array(
      z.object({
        index: z.int().meta({ description: 'Its place in the batch, from 0' }),
        id: z.string(),
        outcome: z.enum(['created', 'updated', 'unchanged', 'refused']),
        code: z.enum(REFUSALS).nullable(),
        field: z.string().nullable(),
        message: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'SlaBatchResult' })

/** Each row is checked by itself, against this. */
const rowExample = TicketRow.meta()?.id

type Dependencies = { classifyTickets: ClassifyTickets; recording: Recording }

/** Telling the desk of tickets, and changing what it works by. */
export function slaTicketRoutes({ classifyTickets, recording }: Dependencies): Route[] {
  const inTenant = { tag: 'SLA', tenant: 'query', query: z.strictObject(TenantQuery) } as const
  return [
    tenantRoute({
      ...inTenant,
      operationId: 'storeSlaTickets',
      method: 'POST',
      path: '/sla/tickets',
      summary: `Store up to ${ROWS_MAX.toLocaleString('en')} tickets; each row has an outcome of its own and cannot harm another`,
      access: 'ticket.change',
      body: z.strictObject({
        tickets: z
          .array(z.looseObject({}))
          .max(ROWS_MAX)
          // Here, so that a text which cannot be stored is the affair of its row.
          .transform((rows) => rows.map(readRow))
          .meta({
            description: `Each as ${rowExample}: \`id\`, \`subject\`, \`content\` for a new one; what is left out stays`,
          }),
      }),
      responses: { 200: BatchView },
      prepare: async ({ tenantId, body }) => judgeBatch(classifyTickets, tenantId, body.tickets, new Date()),
      handle: async ({ tx, tenantId, caller, prepared }) => {
        const outcomes = await applyRows(tx, prepared, caller.id)
        const ids = outcomes.map(({ id }) => id)
        await catchUp(tx, tenantId, recording, ids)
        return reply(200, presentBatch(outcomes))
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'changeSlaTicket',
      method: 'PATCH',
      path: '/sla/tickets/:ticket_id',
      summary: 'Change what the desk works by; what its helpdesk says later stands again',
      access: 'ticket.change',
      params: z.strictObject({ ticket_id: z.string().min(1).max(200) }),
      body: z
        .strictObject(DESK_CHANGES)
        .refine((body) => Object.keys(body).length > 0, 'must change at least one field'),
      responses: { 200: TicketView },
      handle: async ({ tx, tenantId, caller, params, body }) => {
        const known = await lockTicket(tx, params.ticket_id)
        if (body.status !== undefined && isOfHelpdesk(known)) {
          const message = 'is its helpdesk’s to change: the next run would undo it'
          throw changeRefused({ code: 'contradiction', field: 'status', message })
        }
        const plan = planRow({ id: known.external_id, row: body }, known, new Date())
        if (plan.outcome === 'refused') throw changeRefused(plan.refusal)
        // Not a version of the ticket: what its source has told but not delivered yet must still be newer than what is stored.
        if (plan.outcome === 'updated') await changeTickets(tx, [{ ...plan.change, updated_at: undefined }], caller.id)
        const [action, subject] = ['ticket.change', `ticket:${known.ticket_id}`]
        await recordAudit(tx, { tenantId, actor: caller.id, action, subject, details: { fields: Object.keys(body) } })
        await catchUp(tx, tenantId, recording, [known.external_id])
        return reply(200, presentTicket(await requireTicket(tx, known.ticket_id)))
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'mergeSlaTicket',
      method: 'POST',
      path: '/sla/tickets/:ticket_id/merge',
      summary:
        'Merge a ticket into another one: its clocks are cancelled, what was met stays met; those of the other go on',
      access: 'ticket.change',
      params: z.strictObject({ ticket_id: z.string().min(1).max(200) }),
      body: z.strictObject({
        into: z.string().min(1).max(200).meta({ description: 'The other ticket, by its id here or at its source' }),
      }),
      responses: { 200: z.object({ merged: TicketView, into: TicketView }) },
      handle: async ({ tx, tenantId, caller, params, body }) => {
        const [merged, into] = [await lockTicket(tx, params.ticket_id), await lockTicket(tx, body.into)]
        if (merged.ticket_id === into.ticket_id) {
          throw changeRefused({ code: 'contradiction', field: 'into', message: 'is the same ticket' })
        }
        await mergeTicket(tx, { merged, into, by: caller.id, closes: !isOfHelpdesk(merged) })
        const [action, subject] = ['ticket.merge', `ticket:${merged.ticket_id}`]
        await recordAudit(tx, { tenantId, actor: caller.id, action, subject, details: { into: into.ticket_id } })
        await catchUp(tx, tenantId, recording, [merged.external_id, into.external_id])
        return reply(200, {
          merged: presentTicket(await requireTicket(tx, merged.ticket_id)),
          into: presentTicket(await requireTicket(tx, into.ticket_id)),
        })
      },
    }),
  ]
}

async function requireTicket(tx: Tx, id: string) {
  const found = await findTicket(tx, id)
  if (!found) throw slaTicketNotFound()
  return found
}

async function lockTicket(tx: Tx, id: string): Promise<KnownTicket> {
  const [known] = await lockTickets(tx, [(await requireTicket(tx, id)).external_id])
  if (!known) throw slaTicketNotFound()
  return known
}

/** Its status is decided there, and would be told again by the next run. */
const isOfHelpdesk = ({ origin }: KnownTicket) => origin !== SLA_ORIGIN && origin !== 'import'

function presentBatch(outcomes: readonly RowOutcome[]): z.output<typeof BatchView> {
  const count = (outcome: RowOutcome['outcome']) => outcomes.filter((one) => one.outcome === outcome).length
  return {
    ...{ created: count('created'), updated: count('updated'), unchanged: count('unchanged') },
    failed: count('refused'),
    errors: outcomes.flatMap((one) =>
      one.outcome === 'refused' ? `${one.id}: ${one.refusal.field} ${one.refusal.message}` : [],
    ),
    results: outcomes.map((one, index) => {
      const { code, field, message } =
        one.outcome === 'refused' ? one.refusal : { code: null, field: null, message: null }
      return { index, id: one.id, outcome: one.outcome, code, field, message }
    }),
  }
}
