import { sql } from 'kysely'
import { type Tx, withinBytes } from '../../../platform/database/index.ts'
import { MESSAGE_BYTES_MAX } from './message-size.ts'
import type { TicketChange } from './ticket.ts'

/** Rows of history that one change has at the most: one for each field that can change, and room for more fields. */
const ROWS_OF_CHANGE_MAX = 20

type Found = TicketChange & { at: number; last_id: string; found: number }

/** A change in the order of a ticket's history: when, in microseconds, and the last of its rows. */
export type ChangePosition = { at: number; id: string }

const momentOf = ({ at }: ChangePosition) => sql`'epoch'::timestamptz + ${at} * interval '1 microsecond'`

/**
 * Newest first, one more than `limit`, and fewer where they are long: `found` is how many there were. Fields that changed
 * in one transaction make one change. What a change replaced is shown as a whole, so a page has at least one.
 */
export async function listChanges(
  tx: Tx,
  ticketId: string,
  { behind, limit }: { behind?: ChangePosition | undefined; limit: number },
): Promise<Found[]> {
  const changes = withinBytes({
    order: sql`recorded_at desc, last_id desc`,
    bytes: sql`bytes`,
    rows: sql`
      select action, recorded_at, run_id, changed_by, max(history_id::text) as last_id,
        sum(coalesce(octet_length(old_value), 0) + coalesce(octet_length(new_value), 0) + 200) as bytes
      from (
        select * from ticket_history where ticket_id = ${ticketId}
          ${behind === undefined ? sql`` : sql`and recorded_at <= ${momentOf(behind)}`}
        order by recorded_at desc, action, run_id, changed_by limit ${(limit + 2) * ROWS_OF_CHANGE_MAX}
      ) as latest
      group by action, recorded_at, run_id, changed_by
      ${behind === undefined ? sql`` : sql`having (recorded_at, max(history_id::text)) < (${momentOf(behind)}, ${behind.id})`}
      order by recorded_at desc, last_id desc limit ${limit + 1}`,
  })
  const { rows } = await sql<Found>`
    select action, recorded_at, run_id, changed_by, last_id, found, 
      (extract(epoch from recorded_at) * 1000000)::int8 as at, (
      select coalesce(jsonb_object_agg(field, jsonb_build_object(
          'old', left(old_value, ${MESSAGE_BYTES_MAX}), 'new', left(new_value, ${MESSAGE_BYTES_MAX}))) filter (where field is not null), '{}')
      from ticket_history as its
      where ticket_id = ${ticketId} and its.recorded_at = page.recorded_at and its.action = page.action
        and its.run_id is not distinct from page.run_id and its.changed_by is not distinct from page.changed_by
    ) as changes
    from (${changes}) as page order by place`.execute(tx)
  return rows
}
