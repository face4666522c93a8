import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { moment } from '../../../../kernel/moment.ts'
import type { TenantId } from '../../../../kernel/tenant-id.ts'
import { SENTIMENTS, URGENCIES } from '../../classification/index.ts'
import { KEYWORD_CHARACTERS_MAX } from '../classify-tickets.ts'
import { TICKET_STATUSES, type TicketStatus } from '../status.ts'

const boolean = z.enum(['true', 'false'])

/** The parameters by which lists and exports choose tickets. */
export const FilterQuery = {
  status: z.enum(TICKET_STATUSES).optional(),
  urgency: z.enum(URGENCIES).optional(),
  sentiment: z.enum(SENTIMENTS).optional(),
  requires_action: boolean.optional(),
  source: z.string().min(1).max(100).optional(),
  customer_id: z.string().min(1).max(200).optional(),
  origin: z.string().min(1).max(100).optional().meta({ description: '`provider`, `import` or a connector’s id' }),
  keyword: z
    .string()
    .min(1)
    .max(KEYWORD_CHARACTERS_MAX)
    .optional()
    .meta({ description: 'One of the ticket’s `keywords`, exactly as it stands there: in lower case' }),
  created_from: moment.optional().meta({ description: 'Created at or after' }),
  created_to: moment.optional().meta({ description: 'Created before' }),
  updated_from: moment.optional().meta({ description: 'Updated at or after' }),
  updated_to: moment.optional().meta({ description: 'Updated before' }),
  include_deleted: boolean.optional().meta({ description: 'Also those the provider no longer has' }),
  q: z
    .string()
    .min(1)
    .max(500)
    .refine((words) => /[\p{L}\p{N}]/u.test(words), { error: 'needs a word to search for' })
    .optional()
    .meta({
      description: 'Words in subject and message, accents and case aside: all of them, "a phrase", -without, or',
    }),
}

type Asked = z.output<z.ZodObject<typeof FilterQuery>> & { tenant_id: TenantId }

export type TicketFilter = Omit<Asked, 'status' | 'requires_action' | 'include_deleted'> & {
  /** Any of these. */
  status?: readonly TicketStatus[] | undefined
  requires_action?: boolean | undefined
  include_deleted: boolean
}

export function readFilter({ status, requires_action, include_deleted, ...others }: Asked): TicketFilter {
  return {
    ...others,
    ...(status === undefined ? {} : { status: [status] }),
    ...(requires_action === undefined ? {} : { requires_action: requires_action === 'true' }),
    include_deleted: include_deleted === 'true',
  }
}

/**
 * What a ticket has to fulfil. The tenant stands here besides row-level security: the planner does not know the value of
 * a setting, and would plan a tenant of a million tickets as one of average size.
 */
export function conditions(filter: TicketFilter): RawBuilder<unknown> {
  const { tenant_id, status, keyword, q, include_deleted } = filter
  return sql.join(
    [
      sql`tenant_id = ${tenant_id}`,
      ...(include_deleted ? [] : [sql`deleted_at is null`]),
      ...(status === undefined ? [] : [anyOf('status', status)]),
      ...equal(filter, 'urgency', 'sentiment', 'requires_action', 'source', 'customer_id', 'origin'),
      ...within(filter, 'created_at', 'created'),
      ...within(filter, 'updated_at', 'updated'),
      ...(keyword === undefined ? [] : [sql`keywords @> ${[keyword]}::text[]`]),
      ...(q === undefined ? [] : [sql`words @@ ticket_query(${tenant_id}, ${q})`]),
    ],
    sql` and `,
  )
}

/**
 * What the index of keywords answers. It says what `conditions` say already, so it stands only where that index is wanted:
 * beside them it would count twice in the planner's estimate, and it costs more for each ticket that is passed over.
 */
export const keywordInIndex = ({ tenant_id, keyword }: TicketFilter) =>
  keyword === undefined
    ? sql`true`
    : sql`ticket_keywords(tenant_id, keywords) @> ${[`${tenant_id} ${keyword}`]}::text[]`

/** Row-level security keeps the indexes of words and keywords from the tenant's role. */
export const needsSearch = ({ q, keyword }: TicketFilter): boolean => q !== undefined || keyword !== undefined

/** One value is compared with =, which leaves the order of an index usable. */
export const anyOf = (column: string, values: readonly string[]) =>
  values.length === 1 ? sql`${sql.ref(column)} = ${values[0]}` : sql`${sql.ref(column)} = any(${[...values]})`

type Compared = 'urgency' | 'sentiment' | 'requires_action' | 'source' | 'customer_id' | 'origin'

export const equal = (filter: Pick<TicketFilter, Compared>, ...columns: Compared[]) =>
  columns.flatMap((column) => (filter[column] === undefined ? [] : [sql`${sql.ref(column)} = ${filter[column]}`]))

function within(filter: TicketFilter, column: string, range: 'created' | 'updated') {
  const { [`${range}_from` as const]: from, [`${range}_to` as const]: to } = filter
  return [
    ...(from === undefined ? [] : [sql`${sql.ref(column)} >= ${from}::timestamptz`]),
    ...(to === undefined ? [] : [sql`${sql.ref(column)} < ${to}::timestamptz`]),
  ]
}
