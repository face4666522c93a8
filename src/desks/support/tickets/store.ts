import { type RawBuilder, sql } from 'kysely'
import { uuidsV7 } from '../../../kernel/uuid.ts'
import { prepared, type Tx } from '../../../platform/database/index.ts'
import { DESK_VIEW_COLUMNS, deskColumns } from './desk-fields.ts'
import { IS_CUT, MESSAGE_BYTES_MAX } from './message-size.ts'
import {
  DESK_COMPARED,
  DESK_FIRST,
  DESK_INSERTED,
  DESK_IS_OTHER,
  DESK_OLD_AND_NEW,
  DESK_RECORD,
  deskChanges,
} from './store-desk.ts'
import { type ClassifiedTicket, type ExplainedTicket, PREVIEW_CHARACTERS } from './ticket.ts'
import { lastTold } from './told-time.ts'

export type UpsertCounts = { created: number; updated: number; restored: number; unchanged: number }

/** The fields whose change is history. `updated_at` is not one: the provider moves it without changing anything. */
const TRACKED_FIELDS = ['source', 'customer_id', 'subject', 'message', 'status', 'created_at'] as const

/** What rules decide and agents correct; its change is history too. */
const JUDGED_FIELDS = ['urgency', 'sentiment', 'requires_action'] as const
/** Why the rules decided so. */
const EXPLAINING_FIELDS = ['language', 'keywords', 'rule_version', 'matches'] as const
const CLASSIFIED = sql.raw([...JUDGED_FIELDS, ...EXPLAINING_FIELDS].join(', '))

/** That the delivered version says something else, and that it stands instead of the stored one; see `told-time.ts`. */
const IS_OTHER = `(${TRACKED_FIELDS.map((field) => `excluded.${field} <> tickets.${field}`).join(' or ')} or ${DESK_IS_OTHER})`
const STANDS = `case when excluded.compared_at is null
          then excluded.updated_at >= coalesce(tickets.compared_at, tickets.updated_at)
          else excluded.updated_at > tickets.updated_at or ${IS_OTHER} end`

/** Other words than before, so that they have to be understood anew. What an agent has corrected stays. */
const IS_REWORDED = `${STANDS} and (excluded.subject <> tickets.subject or excluded.message <> tickets.message)`
const setClassified = sql.raw(
  [
    ...JUDGED_FIELDS.map((field) => [field, `${IS_REWORDED} and tickets.corrected_at is null`]),
    ...EXPLAINING_FIELDS.map((field) => [field, IS_REWORDED]),
  ]
    .map(([field, when]) => `${field} = case when ${when} then excluded.${field} else tickets.${field} end`)
    .join(',\n        '),
)
const STANDS_HERE = sql.raw(`(${STANDS})`)
const whereItStands = (field: string) =>
  `${field} = case when ${STANDS} then excluded.${field} else tickets.${field} end`
const HISTORIC_FIELDS = [...TRACKED_FIELDS, ...JUDGED_FIELDS]
const eachHistoric = (make: (field: string) => string) => sql.raw(HISTORIC_FIELDS.map(make).join(', '))

const each = (make: (field: string) => string, separator: string) => sql.raw(TRACKED_FIELDS.map(make).join(separator))

/** Each with the id that it gets when it is new. */
function withIds(tickets: readonly ClassifiedTicket[]) {
  const ids = uuidsV7(tickets.length, Date.now())
  return tickets.map(({ desk, ...ticket }, index) => ({ ticket_id: ids[index], ...ticket, ...deskColumns(desk) }))
}

/** Which run delivers tickets, and from where. */
export type Delivery = {
  runId: string | null
  /** `provider`, `import` or the id of a connector. */
  origin: string
}

/** Stores tickets with their history; see {@link storingTickets}. */
export async function upsertTickets(
  tx: Tx,
  tickets: readonly ClassifiedTicket[],
  delivery: Delivery,
): Promise<UpsertCounts> {
  const answers: UpsertCounts[][] = []
  for (const part of partsOf(tickets)) answers.push((await storingTickets(part, delivery).execute(tx)).rows)
  return sumCounts(answers)
}

/** What became of tickets that were stored by several statements. */
export function sumCounts(answers: readonly UpsertCounts[][]): UpsertCounts {
  const total = { created: 0, updated: 0, restored: 0, unchanged: 0 }
  for (const [counts] of answers) {
    if (!counts) throw new Error('storing tickets returned no counts')
    for (const outcome of Object.keys(total) as (keyof UpsertCounts)[]) total[outcome] += counts[outcome]
  }
  return total
}

/** Characters that one statement stores: to index the words of more could take longer than a statement may. */
const CHARACTERS_AT_ONCE = 500_000

/** The tickets in heaps that one statement each can store; of each ticket the version that is left. */
export function* partsOf(tickets: readonly ClassifiedTicket[]): Generator<ClassifiedTicket[]> {
  let part: ClassifiedTicket[] = []
  let characters = 0
  for (const ticket of lastTold(tickets)) {
    part.push(ticket)
    characters += ticket.subject.length + ticket.message.length
    if (characters < CHARACTERS_AT_ONCE) continue
    yield part
    part = []
    characters = 0
  }
  if (part.length > 0) yield part
}

/** What is written together with tickets, of what became of them: `of` is given the {@link UpsertCounts} as an object. */
export type Consequence = { name: string; of: (counts: RawBuilder<unknown>) => RawBuilder<unknown> }

/**
 * Stores a page of tickets with their history in one statement, which is not run yet. No ticket stands in it twice.
 *
 * - A ticket changes unless the delivered `updated_at` is older than the stored one: at equal times what is told later
 *   stands, for many helpdesks count whole seconds. Times ahead of our clock do not win (`told-time.ts`). The comparison is
 *   made on the locked row, also when two pages race.
 * - Another `updated_at` with equal content moves that column and counts as unchanged.
 * - A ticket that was deleted comes back; what it says is still decided by `updated_at`. An import is no proof that the
 *   helpdesk still has it: it brings a ticket back only with news, and leaves it to whoever delivers it.
 * - Rows are locked in the order of their id.
 */
export const storingTickets = (
  tickets: readonly ClassifiedTicket[],
  { runId, origin }: Delivery,
  consequence?: Consequence,
) => sql<UpsertCounts>`${prepared(consequence ? `store_tickets_${consequence.name}` : 'store_tickets')}
    with delivered as (
      select *
      from json_to_recordset(${JSON.stringify(withIds(tickets))}::json) as page(
        ticket_id uuid, external_id text, source text, customer_id text, subject text, message text, status text,
        created_at timestamptz, updated_at timestamptz, compared_at timestamptz, urgency text, sentiment text,
        requires_action boolean, language text, keywords text[], rule_version text, matches jsonb, ${sql.raw(DESK_RECORD)})
      order by external_id
    ), stored as (
      insert into tickets (tenant_id, ticket_id, external_id, ${each((field) => field, ', ')}, updated_at, compared_at, origin,
        ${CLASSIFIED}, ${sql.raw(DESK_INSERTED)})
      select current_setting('signalbox.tenant_id'), ticket_id, external_id, ${each((field) => field, ', ')}, updated_at, compared_at,
        ${origin}::text, ${CLASSIFIED}, ${sql.raw(DESK_FIRST)}
      from delivered
      on conflict (tenant_id, external_id) do update set
        ${each(whereItStands, ', ')}, ${sql.raw(whereItStands('updated_at'))},
        compared_at = case when not ${STANDS_HERE} then tickets.compared_at
          when excluded.compared_at is not null
          then greatest(excluded.compared_at, coalesce(tickets.compared_at, tickets.updated_at)) end,
        ingested_at = now(), deleted_at = null,
        ${setClassified},
        ${sql.raw(deskChanges(STANDS))},
        origin = case when excluded.origin in ('import', 'sla') then tickets.origin else excluded.origin end
      where ${STANDS_HERE} and (excluded.updated_at <> tickets.updated_at or ${sql.raw(IS_OTHER)}
          or excluded.compared_at is null and tickets.compared_at is not null)
        or excluded.origin not in ('import', 'sla') and (tickets.deleted_at is not null or tickets.origin <> excluded.origin)
      returning new.tenant_id, new.ticket_id, old.ticket_id is null as is_new, old.deleted_at is not null as was_deleted,
        ${eachHistoric((field) => `old.${field} as old_${field}, new.${field} as new_${field}`)},
        ${sql.raw(DESK_OLD_AND_NEW)}
    ), changes as (
      -- A ticket is created once: its own id serves as that of the change.
      select tenant_id, ticket_id as history_id, ticket_id, 'created' as action, null as field, null as old_value, null as new_value
      from stored where is_new
      union all
      select tenant_id, uuidv7(), ticket_id, 'restored', null, null, null from stored where was_deleted
      union all
      select tenant_id, uuidv7(), ticket_id, 'updated', field, old_value, new_value
      from stored cross join lateral (values
        ${eachHistoric((field) => `('${field}', ${asText(`old_${field}`, field)}, ${asText(`new_${field}`, field)})`)},
        ${sql.raw(DESK_COMPARED)}
      ) as compared (field, old_value, new_value)
      where not is_new and old_value is distinct from new_value
    ), written as (
      -- After the rows are locked and changed: now() is when the transaction began, which says nothing about the order
      -- in which two of them changed the same ticket.
      select clock_timestamp() as at from (select count(*) from stored) as all_of_them
    ), recorded as (
      insert into ticket_history (tenant_id, history_id, ticket_id, action, field, old_value, new_value, run_id, recorded_at)
      select tenant_id, history_id, ticket_id, action, field, old_value, new_value, ${runId}::uuid, at from changes, written
      returning ticket_id, action
    ), counted as (
      select count(*) filter (where action = 'created') as created,
             count(distinct ticket_id) filter (where action = 'updated') as updated,
             count(*) filter (where action = 'restored') as restored,
             count(distinct ticket_id) as changed
      from recorded
    ), outcome as (
      select created, updated, restored, (select count(*) from delivered) - changed as unchanged from counted
    )${consequence ? sql`, consequence as (${consequence.of(sql`(select to_jsonb(outcome) from outcome)`)})` : sql``}
    select created, updated, restored, unchanged from outcome`

/** Timestamps are kept as ISO 8601 in UTC, so that history reads the same whatever the session's time zone. */
function asText(column: string, field: string): string {
  if (field === 'requires_action') return `${column}::text`
  return field === 'created_at' ? `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')` : column
}

/** Marks live tickets as deleted, with history; returns how many. Ids that are not there or deleted already count nothing. */
export async function markDeleted(tx: Tx, externalIds: readonly string[], runId: string | null): Promise<number> {
  if (externalIds.length === 0) return 0
  const { rows } = await sql<{ count: number }>`
    with gone as (
      update tickets set deleted_at = now()
      where deleted_at is null and external_id = any(${[...externalIds]})
      returning tenant_id, ticket_id
    ), recorded as (
      insert into ticket_history (tenant_id, ticket_id, action, run_id, recorded_at)
      select tenant_id, ticket_id, 'deleted', ${runId}::uuid, clock_timestamp() from gone returning 1
    )
    select count(*) as count from recorded`.execute(tx)
  return rows[0]?.count ?? 0
}

/** By which time stored tickets are compared with what is told of them, in milliseconds since 1970; -Infinity for none. */
export async function listComparedTimes(tx: Tx, externalIds: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await sql<{ external_id: string; at: number }>`
    select external_id, (extract(epoch from coalesce(compared_at, updated_at)) * 1000)::float8 as at from tickets
    where external_id = any(${[...externalIds]})`.execute(tx)
  return new Map(rows.map(({ external_id, at }) => [external_id, at]))
}

const BESIDE_TEXTS = `ticket_id, tenant_id, external_id, origin, source, customer_id, status, urgency, sentiment,
   requires_action, language, keywords, rule_version, corrected_at is not null as is_corrected,
   created_at, updated_at, ingested_at, deleted_at, ${DESK_VIEW_COLUMNS}, ${IS_CUT} as message_is_cut`

/**
 * Everything of {@link Ticket}. A message that was stored when longer ones were is shown as far as it would be stored now;
 * to look at its length costs nothing.
 */
export const TICKET_COLUMNS = sql.raw(
  `${BESIDE_TEXTS}, subject,
   case when octet_length(message) > ${MESSAGE_BYTES_MAX} then left(message, ${MESSAGE_BYTES_MAX}) else message end as message`,
)

/** What is longer in bytes than that many characters can be need not be counted, for which it would be read as a whole. */
const isLonger = (column: 'subject' | 'message') => {
  const characters = PREVIEW_CHARACTERS[column]
  return `case when octet_length(${column}) > ${4 * characters} then true else char_length(${column}) > ${characters} end`
}

/** How long a ticket of {@link LISTED_COLUMNS} is in an answer, what has a bound besides texts included. */
export const LISTED_BYTES = sql.raw(
  `coalesce(octet_length(subject) + octet_length(message) + octet_length(external_id) + octet_length(customer_id)
   + octet_length(source) + octet_length(array_to_string(keywords, '')) + octet_length(array_to_string(tags, ''))
   + coalesce(octet_length(group_name), 0) + coalesce(octet_length(assignee), 0), 0) + 1000`,
)

/** Everything of {@link ListedTicket}: of long texts PostgreSQL reads and sends no more than the beginning. */
export const LISTED_COLUMNS = sql.raw(
  `${BESIDE_TEXTS}, left(subject, ${PREVIEW_CHARACTERS.subject}) as subject,
   left(message, ${PREVIEW_CHARACTERS.message}) as message, ${isLonger('subject')} or ${isLonger('message')} as is_preview`,
)

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** By the provider's id, or by ours; the provider's wins where one text could be both. */
export async function findTicket(tx: Tx, id: string): Promise<ExplainedTicket | undefined> {
  const ours = UUID.test(id) ? id : null
  const { rows } = await sql<ExplainedTicket>`
    select ${TICKET_COLUMNS}, matches, corrected_by, corrected_at from tickets
    where external_id = ${id} or ticket_id = ${ours}
    order by external_id = ${id} desc limit 1`.execute(tx)
  return rows[0]
}
