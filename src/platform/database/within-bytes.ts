import { type RawBuilder, sql } from 'kysely'
import type { SystemTx, Tx } from './connect.ts'

/** What a list or a batch may take: it stands in memory, once for each that is read at the same time. */
export const ROWS_BYTES_MAX = 1_048_576

type Measured = {
  /** A statement that gives them, with its limit. */
  rows: RawBuilder<unknown>
  /** Its `order by`, on columns of the rows. */
  order: RawBuilder<unknown>
  /** How long a row is, by columns of it. */
  bytes: RawBuilder<unknown>
  max?: number
}

/** What is added to each row: how long the rows are up to this one, and how many there were before any was left out. */
export type WithBytes = { bytes_so_far: number; found: number }

/**
 * Of rows in their order the first ones: at least one if there is one, and otherwise no more than `max` bytes. What is
 * left out is not sent, and where a long text is only measured (`octet_length`) not even read.
 */
export const withinBytes = <Row>({ rows, order, bytes, max = ROWS_BYTES_MAX }: Measured) => sql<Row & WithBytes>`
  select * from (
    select *, (sum(${bytes}) over so_far)::int8 as bytes_so_far, row_number() over so_far as place,
      count(*) over () as found
    from (${rows}) as found_rows window so_far as (order by ${order} rows unbounded preceding)
  ) as measured
  where place = 1 or bytes_so_far <= ${max} order by place`

/** The rows of {@link withinBytes}; `found` is how many there were before any was left out. */
export async function readWithinBytes<Row>(
  tx: Tx | SystemTx,
  measured: Measured,
): Promise<{ rows: Row[]; found: number }> {
  const { rows } = await withinBytes<Row & { place: number }>(measured).execute(tx)
  return {
    rows: rows.map(({ bytes_so_far: _bytes, place: _place, found: _found, ...row }) => row as unknown as Row),
    found: rows[0]?.found ?? 0,
  }
}
