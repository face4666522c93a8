import { sql } from 'kysely'
import type { SubjectKind, SubjectView } from '../../../core/clocks/index.ts'
import type { PoliciesApi } from '../policies/index.ts'
import { TICKET } from './record-changes.ts'
import { DONE } from './status.ts'

type Described = {
  ticket_id: string
  external_id: string
  subject: string
  customer_id: string
  tier: string
  priority: string
  sla_status: string
  group_name: string | null
  assignee: string | null
}

/** Tickets, as clocks see them: measured by the tenant's policy, done when they are resolved or closed. */
export const ticketKind = ({ terms }: Pick<PoliciesApi, 'terms'>): SubjectKind => ({
  name: TICKET,
  targets: ['first_response', 'next_response', 'resolution'],
  done: DONE,
  terms,
  describe: async (tx, _tenantId, ids) => {
    const { rows } = await sql<Described>`
      select ticket_id, external_id, left(subject, 300) as subject, customer_id, tier, priority, sla_status, group_name, assignee
      from tickets where ticket_id = any(${[...ids]})`.execute(tx)
    return new Map(rows.map((ticket) => [ticket.ticket_id, view(ticket)]))
  },
})

const view = ({ ticket_id, external_id, customer_id, sla_status, group_name, ...ticket }: Described): SubjectView => ({
  name: `ticket ${external_id}`,
  facts: { ...{ ticket_id, external_id, customer: customer_id }, ...ticket, status: sla_status, group: group_name },
})
