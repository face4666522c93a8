import { sql } from 'kysely'

/** In their order, or an index with another column before the time would be taken, and read from end to end. */
export const liveTickets = (columns: string, from = '"from"', to = '"to"') =>
  sql.raw(`(select ${columns} from tickets where deleted_at is null and created_at >= ${from} and created_at < ${to}
    order by created_at desc offset 0)`)
