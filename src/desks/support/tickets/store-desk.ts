import { DESK_FIELDS, type DeskColumn, toldBit } from './desk-fields.ts'

const COLUMNS = DESK_FIELDS.map(([, column]) => column)

const TYPES: Partial<Record<DeskColumn, string>> = { tags: 'text[]' }
const typeOf = (column: DeskColumn) => TYPES[column] ?? (column.endsWith('_at') ? 'timestamptz' : 'text')

/** The columns of a delivered page that hold what `deskColumns` makes. */
export const DESK_RECORD = [...COLUMNS.map((column) => `${column} ${typeOf(column)}`), 'told integer'].join(', ')

export const DESK_INSERTED = [...COLUMNS, 'told'].join(', ')

/** When what changed has changed, where nobody says more than the version's own time; one ahead of our clock is not believed. */
const stampOf = (row: string) => `case when ${row}.compared_at is null then ${row}.updated_at else now() end`

const isToldIn = (row: string, column: DeskColumn) => `${row}.told & ${toldBit(column)} <> 0`

const FIRST: Partial<Record<DeskColumn, string>> = {
  tags: `coalesce(delivered.tags, '{}')`,
  status_changed_at: whenNotTold(
    'status_changed_at',
    `case when delivered.status = 'open' then delivered.created_at else ${stampOf('delivered')} end`,
  ),
  resolved_at: whenNotTold('resolved_at', `case when delivered.status = 'closed' then ${stampOf('delivered')} end`),
  closed_at: whenNotTold(
    'closed_at',
    `case when delivered.status = 'closed' and coalesce(delivered.told_status, 'closed') = 'closed' then ${stampOf('delivered')} end`,
  ),
}

function whenNotTold(column: DeskColumn, value: string): string {
  return `case when ${isToldIn('delivered', column)} then delivered.${column} else ${value} end`
}

/** What a ticket begins with: as told, and else as its status and its times say. */
export const DESK_FIRST = [...COLUMNS.map((column) => FIRST[column] ?? `delivered.${column}`), 'told'].join(', ')

/** The status that says more stays where the provider's is the same; null is what is taken for the provider's. */
const NEXT_STATUS = `case when ${isToldIn('excluded', 'told_status')} then excluded.told_status
  when excluded.status = tickets.status then tickets.told_status end`
/** As the table makes it of both. */
const NEXT_SHOWN = `coalesce(${NEXT_STATUS}, case excluded.status when 'pending' then 'pending_customer' else excluded.status end)`

/** Changes of status stamp the times that were not told; reopening takes them away. */
const NEXT: Partial<Record<DeskColumn, string>> = {
  told_status: NEXT_STATUS,
  status_changed_at: `case when ${isToldIn('excluded', 'status_changed_at')} then excluded.status_changed_at
    when ${NEXT_SHOWN} <> tickets.sla_status then ${stampOf('excluded')} else tickets.status_changed_at end`,
  resolved_at: `case when ${isToldIn('excluded', 'resolved_at')} then excluded.resolved_at
    when excluded.status <> 'closed' then null
    when tickets.status = 'closed' then tickets.resolved_at else ${stampOf('excluded')} end`,
  closed_at: `case when ${isToldIn('excluded', 'closed_at')} then excluded.closed_at
    when ${NEXT_SHOWN} <> 'closed' then null
    when tickets.sla_status = 'closed' then tickets.closed_at else ${stampOf('excluded')} end`,
}
const nextOf = (column: DeskColumn) =>
  NEXT[column] ?? `case when ${isToldIn('excluded', column)} then excluded.${column} else tickets.${column} end`

/** How a stored ticket changes where the delivered version stands. */
export const deskChanges = (stands: string): string =>
  [
    ...COLUMNS.map((column) => `${column} = case when ${stands} then ${nextOf(column)} else tickets.${column} end`),
    `told = case when ${stands} then excluded.told else tickets.told end`,
  ].join(',\n        ')

/** That a delivered version says something else than what is stored. */
export const DESK_IS_OTHER = `(excluded.told <> 0 and (${COLUMNS.map(
  (column) => `(${isToldIn('excluded', column)} and excluded.${column} is distinct from tickets.${column})`,
).join(' or ')}))`

/** Those whose change is history, by the names under which a ticket shows them; of times only what people look for. */
const HISTORIC = DESK_FIELDS.filter(
  ([, column]) => !['status_changed_at', 'answered_at', 'customer_wrote_at'].includes(column),
)

const shown = (column: DeskColumn) => (column === 'told_status' ? 'sla_status' : column)

export const DESK_OLD_AND_NEW = [
  ...HISTORIC.map(([, column]) => `old.${shown(column)} as old_${column}, new.${shown(column)} as new_${column}`),
  'new.told as told',
].join(', ')

function asText(column: DeskColumn, value: string): string {
  if (column === 'tags') return `array_to_string(${value}, ', ')`
  return typeOf(column) === 'timestamptz'
    ? `to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
    : value
}

/** Rows of (field, before, after); what was not told only follows from the status, whose change is history already. */
export const DESK_COMPARED = HISTORIC.map(([field, column]) => {
  const before = asText(column, `old_${column}`)
  const after = asText(column, `new_${column}`)
  return `('${field}', ${before}, case when told & ${toldBit(column)} <> 0 then ${after} else ${before} end)`
}).join(', ')
