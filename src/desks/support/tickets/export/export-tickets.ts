import { Readable } from 'node:stream'
import { sql } from 'kysely'
import type { TenantId } from '../../../../kernel/tenant-id.ts'
import type { Database, Tx } from '../../../../platform/database/index.ts'
import { conditions, type TicketFilter } from '../listing/filter.ts'
import { TICKET_COLUMNS } from '../store.ts'
import type { Ticket } from '../ticket.ts'
import { type ExportFormat, SPELLINGS } from './columns.ts'

/** A batch has so many tickets at the most, and fewer when they are long: it stands in memory, once for each reader. */
const BATCH_TICKETS = 1_000
const BATCH_BYTES = 1_048_576
/** What is written at once; a reader that takes no more keeps so much waiting, beside the batch it is from. */
const PIECE_CHARACTERS = 65_536

type Export = { tenantId: TenantId; filter: TicketFilter; format: ExportFormat; last: string | null }

/** Ids behind the first up to the second. */
type Range = { after: string | null; last: string }

/** The ticket that arrived last: where an export ends, however many arrive while it runs. Null when there is none. */
export async function lastTicket(tx: Tx, tenantId: TenantId): Promise<string | null> {
  const { rows } = await sql<{ ticket_id: string }>`
    select ticket_id from tickets where tenant_id = ${tenantId} order by ticket_id desc limit 1`.execute(tx)
  return rows[0]?.ticket_id ?? null
}

/**
 * The tickets as a file, in the order of their arrival. Each batch has a short transaction of its own: one for the whole
 * file would be as long as the slowest reader, hold a connection, keep PostgreSQL from cleaning up, and be ended by its
 * time limits. The order is that of an id that never changes, so a ticket that is there from beginning to end is in the
 * file exactly once, as it was when its batch was read. What fails on the way destroys the connection: the file has no end.
 */
export function exportTickets(database: Database, file: Export, signal: AbortSignal): Readable {
  return Readable.from(lines(database, file, signal), { objectMode: false })
}

async function* lines(database: Database, { tenantId, filter, format, last }: Export, signal: AbortSignal) {
  const { head, line } = SPELLINGS[format]
  if (head !== '') yield head
  let after: string | null = null
  while (last !== null && !signal.aborted) {
    const range: Range = { after, last }
    const batch = await database.withTenant(tenantId, (tx) => readBatch(tx, filter, range))
    const end = batch.at(-1)
    if (end === undefined) return
    yield* pieces(batch, line)
    after = end.ticket_id
  }
}

function* pieces(batch: readonly Ticket[], line: (ticket: Ticket) => string): Generator<string> {
  let piece = ''
  for (const ticket of batch) {
    piece += line(ticket)
    if (piece.length < PIECE_CHARACTERS) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

async function readBatch(tx: Tx, filter: TicketFilter, range: Range): Promise<Ticket[]> {
  const { rows } = await ticketsOfBatch(filter, range).execute(tx)
  return rows
}

/** The next tickets in the order of their id, at least one as long as there is one. */
export const ticketsOfBatch = (filter: TicketFilter, { after, last }: Range) => sql<Ticket>`
    with next as materialized (
      select ticket_id, sum(octet_length(message) + octet_length(subject)) over (order by ticket_id) as bytes,
        row_number() over (order by ticket_id) as place
      from (
        select ticket_id, subject, message from tickets
        where ${conditions(filter)} and ticket_id <= ${last}::uuid
          ${after === null ? sql`` : sql`and ticket_id > ${after}::uuid`}
        order by ticket_id limit ${BATCH_TICKETS}
      ) as found
    )
    select ${TICKET_COLUMNS} from tickets
    where tenant_id = ${filter.tenant_id}
      and ticket_id = any(array(select ticket_id from next where bytes <= ${BATCH_BYTES} or place = 1))
    order by ticket_id`
