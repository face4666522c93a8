import { sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import type { DeliveredTicket, Ticket, TicketStatus } from './ticket.ts'

export type UpsertCounts = { created: number; updated: number; unchanged: number }

/**
 * Stores a page of tickets in one statement. A ticket changes only when the delivered `updated_at` is newer than the
 * stored one; equal or older changes nothing. A ticket that stands twice in the page counts once, the newest of them.
 */
export async function upsertTickets(tx: Tx, tickets: readonly DeliveredTicket[]): Promise<UpsertCounts> {
  if (tickets.length === 0) return { created: 0, updated: 0, unchanged: 0 }
  const { rows } = await sql<UpsertCounts>`
    with delivered as (
      select distinct on (external_id) *
      from jsonb_to_recordset(${JSON.stringify(tickets)}::jsonb) as page(
        external_id text, source text, customer_id text, subject text, message text, status text,
        created_at timestamptz, updated_at timestamptz)
      order by external_id, updated_at desc
    ), stored as (
      insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at)
      select current_setting('signalbox.tenant_id'), external_id, source, customer_id, subject, message, status,
             created_at, updated_at
      from delivered
      on conflict (tenant_id, external_id) do update set
        source = excluded.source, customer_id = excluded.customer_id, subject = excluded.subject,
        message = excluded.message, status = excluded.status, created_at = excluded.created_at,
        updated_at = excluded.updated_at, ingested_at = now()
      where excluded.updated_at > tickets.updated_at
      returning old.ticket_id is null as created
    )
    select (select count(*) from stored where created) as created,
           (select count(*) from stored where not created) as updated,
           (select count(*) from delivered) - (select count(*) from stored) as unchanged`.execute(tx)
  const counts = rows[0]
  if (!counts) throw new Error('upsert returned no counts')
  return counts
}

const COLUMNS = sql.raw(
  'ticket_id, tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at, ingested_at',
)

export type TicketFilter = {
  status?: TicketStatus | undefined
  source?: string | undefined
  customer_id?: string | undefined
  created_from?: string | undefined
  created_to?: string | undefined
}

/** Newest first by (created_at, ticket_id); `after` is the position of the last ticket of the page before. */
export async function listTickets(
  tx: Tx,
  filter: TicketFilter,
  page: { after?: readonly [string, string] | undefined; limit: number },
): Promise<Ticket[]> {
  const { status, source, customer_id, created_from, created_to } = filter
  const { rows } = await sql<Ticket>`
    select ${COLUMNS} from tickets
    where true
      ${status === undefined ? sql`` : sql`and status = ${status}`}
      ${source === undefined ? sql`` : sql`and source = ${source}`}
      ${customer_id === undefined ? sql`` : sql`and customer_id = ${customer_id}`}
      ${created_from === undefined ? sql`` : sql`and created_at >= ${created_from}`}
      ${created_to === undefined ? sql`` : sql`and created_at < ${created_to}`}
      ${page.after === undefined ? sql`` : sql`and (created_at, ticket_id) < (${page.after[0]}::timestamptz, ${page.after[1]}::uuid)`}
    order by created_at desc, ticket_id desc
    limit ${page.limit}`.execute(tx)
  return rows
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** By the provider's id, or by ours; the provider's wins where one text could be both. */
export async function findTicket(tx: Tx, id: string): Promise<Ticket | undefined> {
  const ours = UUID.test(id) ? id : null
  const { rows } = await sql<Ticket>`
    select ${COLUMNS} from tickets
    where external_id = ${id} or ticket_id = ${ours}
    order by external_id = ${id} desc limit 1`.execute(tx)
  return rows[0]
}
