import { sql } from 'kysely'
import { prepared, type Tx } from '../../../platform/database/index.ts'
import { DESK_FIELDS, type DeskFields, deskColumns, toldBit } from './desk-fields.ts'
import { type SlaStatus, STATUS_OF } from './status.ts'
import { DESK_COMPARED, DESK_OLD_AND_NEW, DESK_RECORD } from './store-desk.ts'

/** What is known of a ticket before somebody changes it: never its texts, which may be long. */
export type KnownTicket = {
  ticket_id: string
  external_id: string
  origin: string
  sla_status: SlaStatus
  created_at: Date
  updated_at: Date
  first_response_at: Date | null
  resolved_at: Date | null
  closed_at: Date | null
  deleted_at: Date | null
}

/** A change of a stored ticket; what is left out stays. The status follows from `sla_status`. */
export type TicketChanges = {
  ticket_id: string
  updated_at?: string | undefined
  subject?: string | undefined
  message?: string | undefined
  source?: string | undefined
  customer_id?: string | undefined
  desk: Partial<DeskFields>
}

/**
 * The tickets of these ids at their source, locked until the transaction ends, and with them the tenant's right to write tickets: whoever
 * else wants to write one waits. So what is decided by them holds, also for ids that are not there yet.
 */
export async function lockTickets(tx: Tx, externalIds: readonly string[]): Promise<KnownTicket[]> {
  await sql`select lock_ticket_counters(current_setting('signalbox.tenant_id'))`.execute(tx)
  const { rows } = await sql<KnownTicket>`${prepared('lock_tickets')}
    select ticket_id, external_id, origin, sla_status, created_at, updated_at, first_response_at, resolved_at, closed_at, deleted_at
    from tickets where external_id = any(${[...externalIds]}) order by external_id for update`.execute(tx)
  return rows
}

const TEXTS = ['source', 'customer_id', 'subject', 'message', 'status'] as const
const eachText = (make: (field: string) => string) => TEXTS.map(make).join(', ')
const IS_REWORDED = `(told.subject <> tickets.subject or told.message <> tickets.message)`
const unlessReworded = (column: string, otherwise: string) =>
  `${column} = case when coalesce(${IS_REWORDED}, false) then ${otherwise} else tickets.${column} end`

/**
 * Changes stored tickets in one statement, each once, with their history. Other words than before are judged by the rules within a
 * minute. Answers how many there were.
 */
export async function changeTickets(tx: Tx, changes: readonly TicketChanges[], changedBy: string): Promise<number> {
  if (changes.length === 0) return 0
  const page = changes.map(({ desk, ...change }) => ({
    ...change,
    ...(desk.sla_status === undefined ? {} : { status: STATUS_OF[desk.sla_status] }),
    ...deskColumns(desk),
  }))
  const desk = DESK_FIELDS.map(
    ([, column]) =>
      `${column} = case when told.told & ${toldBit(column)} <> 0 then ${column === 'tags' ? `coalesce(told.tags, '{}')` : `told.${column}`} else tickets.${column} end`,
  ).join(', ')
  const { rows } = await sql<{ count: number }>`${prepared('change_tickets')}
    with told as (
      select * from json_to_recordset(${JSON.stringify(page)}::json) as page(ticket_id uuid, updated_at timestamptz,
        ${sql.raw(eachText((field) => `${field} text`))}, ${sql.raw(DESK_RECORD)})
    ), changed as (
      update tickets set
        ${sql.raw(eachText((field) => `${field} = coalesce(told.${field}, tickets.${field})`))},
        updated_at = coalesce(told.updated_at, tickets.updated_at),
        compared_at = case when told.updated_at is null then tickets.compared_at end,
        ingested_at = now(), deleted_at = case when told.updated_at is null then tickets.deleted_at end,
        ${sql.raw([unlessReworded('rule_version', 'null'), unlessReworded('matches', `'[]'`), unlessReworded('keywords', `'{}'`)].join(', '))},
        ${sql.raw(desk)}, told = tickets.told | told.told
      from told where tickets.ticket_id = told.ticket_id
      returning new.tenant_id, new.ticket_id, old.deleted_at is not null and new.deleted_at is null as is_restored,
        ${sql.raw(eachText((field) => `old.${field} as old_${field}, new.${field} as new_${field}`))}, ${sql.raw(DESK_OLD_AND_NEW)}
    ), recorded as (
      insert into ticket_history (tenant_id, ticket_id, action, field, old_value, new_value, changed_by, recorded_at)
      select tenant_id, ticket_id, action, field, old_value, new_value, ${changedBy}, at
      from (
        select tenant_id, ticket_id, 'updated' as action, field, old_value, new_value from changed cross join lateral (values
          ${sql.raw(eachText((field) => `('${field}', old_${field}, new_${field})`))}, ${sql.raw(DESK_COMPARED)}
        ) as compared (field, old_value, new_value)
        where old_value is distinct from new_value
        union all
        select tenant_id, ticket_id, 'restored', null, null, null from changed where is_restored
      ) as all_changes cross join (select clock_timestamp() as at from (select count(*) from changed) as all_of_them) as written
    )
    select count(*) as count from changed`.execute(tx)
  return rows[0]?.count ?? 0
}
