import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { moment } from '../../../../kernel/moment.ts'
import { decodeCursor, invalid } from '../../../../platform/http/index.ts'

export const SORTS = ['-created_at', 'created_at', '-updated_at', 'updated_at', 'relevance'] as const
export type Sort = (typeof SORTS)[number]
export type ByTime = Exclude<Sort, 'relevance'>

/** What a list puts its tickets in order by; the id decides between equal ones. */
export type Key = {
  ticket_id: string
  created_at: Date
  updated_at: Date
  /** In the order of relevance: its own, and when the newest ticket was created that relevance is counted among. */
  relevance?: number
  newest?: Date
}

/** Where a page begins. Relevance is counted among the tickets up to `newest`, so that new ones move nothing. */
export type Position =
  | { sort: ByTime; at: string; ticket_id: string }
  | { sort: 'relevance'; relevance: number; ticket_id: string; newest: string }

const AtTime = z.tuple([z.enum(SORTS).exclude(['relevance']), moment, z.uuid()])
const ByRelevance = z.tuple([z.literal('relevance'), z.number(), z.uuid(), moment])

/** The position that a cursor holds. One that another order has made is refused: it would skip tickets. */
export function readPosition(cursor: string | undefined, sort: Sort): Position | undefined {
  const read = decodeCursor(cursor, z.union([AtTime, ByRelevance]))
  if (read === undefined) return undefined
  if (read[0] !== sort) {
    throw invalid([{ in: 'query', field: 'cursor', message: `is of a list in the order ${read[0]}; keep its sort` }])
  }
  if (read[0] === 'relevance') return { sort: read[0], relevance: read[1], ticket_id: read[2], newest: read[3] }
  return { sort: read[0], at: read[1], ticket_id: read[2] }
}

/** What the cursor behind a ticket holds. */
export function positionBehind(key: Key, sort: Sort): readonly unknown[] {
  if (sort === 'relevance') return [sort, key.relevance, key.ticket_id, key.newest?.toISOString()]
  return [sort, key[columnOf(sort)].toISOString(), key.ticket_id]
}

const columnOf = (sort: ByTime) => (sort.endsWith('updated_at') ? 'updated_at' : 'created_at')

/** `order by` of a list that goes by time. */
export function ordering(sort: ByTime): RawBuilder<unknown> {
  return sql.raw(sort.startsWith('-') ? `${columnOf(sort)} desc, ticket_id desc` : `${sort}, ticket_id`)
}

/** What stands behind a position in a list that goes by time. */
export function behind({ sort, at, ticket_id }: Exclude<Position, { sort: 'relevance' }>): RawBuilder<unknown> {
  const sign = sql.raw(sort.startsWith('-') ? '<' : '>')
  return sql`(${sql.ref(columnOf(sort))}, ticket_id) ${sign} (${at}::timestamptz, ${ticket_id}::uuid)`
}
