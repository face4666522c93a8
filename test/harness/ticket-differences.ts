import type { Client } from 'pg'
import { administer } from './server.ts'

/** A live ticket as it has to be stored. `updated_at` null: the provider draws it anew for every answer. */
export type ExpectedTicket = {
  tenant_id: string
  external_id: string
  source: string
  customer_id: string
  subject: string
  message: string
  status: string
  created_at: string
  updated_at: string | null
}

/** Compared with what is stored, and the fields that have a history. */
const FIELDS = ['source', 'customer_id', 'subject', 'message', 'status', 'created_at'] as const
const SHOWN_MAX = 20

/** A time as the history spells it. */
const asText = (field: string) =>
  field === 'created_at' ? `to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')` : field
const storedFields = FIELDS.map((field) => `('${field}', ${asText(field)})`).join(', ')
const differing = FIELDS.map(
  (field) => `case when stored.${field} is distinct from expected.${field} then '${field}' end`,
).join(', ')

/** Each yields rows (tenant_id, external_id, problem); none when all is well. $1 expected, $2 may updated_at be newer. */
const CONTENT = `
  with expected as (
    select * from jsonb_to_recordset($1::jsonb) as page(
      tenant_id text, external_id text, source text, customer_id text, subject text, message text, status text,
      created_at timestamptz(3), updated_at timestamptz(3))
  ), stored as (
    select * from tickets where deleted_at is null
  )
  select tenant_id, external_id, case
      when stored.ticket_id is null then 'lost'
      when expected.source is null then 'stored, but not at the provider'
      else 'differs in ' || concat_ws(', ', ${differing}, case when updated then 'updated_at' end) end as problem
  from stored full join expected using (tenant_id, external_id)
  cross join lateral (select case when $2 then stored.updated_at < expected.updated_at
                                  else stored.updated_at <> expected.updated_at end as updated) as compared
  where stored.ticket_id is null or expected.source is null or updated
    or concat_ws(', ', ${differing}) <> ''
  union all
  select tenant_id, external_id, 'stored ' || count(*) || ' times' from tickets group by 1, 2 having count(*) > 1`

const HISTORY = `
  with changes as (
    select tenant_id, ticket_id, action, field, old_value, new_value, run_id, recorded_at,
      row_number() over same_field as place, lag(new_value) over same_field as before,
      lead(recorded_at) over same_field is null as is_last,
      lag(action) over presence as presence_before, lead(action) over presence is null as is_last_presence
    from ticket_history
    window same_field as (partition by tenant_id, ticket_id, field order by recorded_at, history_id),
      presence as (partition by tenant_id, ticket_id, action in ('deleted', 'restored') order by recorded_at, history_id)
  ), problems as (
    select tenant_id, ticket_id, 'created ' || count(changes.action) || ' times' as problem
    from tickets left join changes using (tenant_id, ticket_id)
    where action = 'created' or action is null group by 1, 2 having count(changes.action) <> 1
    union all
    select tenant_id, ticket_id, action || ' before it was created' from changes
    join (select tenant_id, ticket_id, recorded_at as created from changes where action = 'created') as births
      using (tenant_id, ticket_id)
    where recorded_at < created
    union all
    select tenant_id, ticket_id, field || ' updated to what it was' from changes
    where action = 'updated' and old_value is not distinct from new_value
    union all
    select tenant_id, ticket_id, field || ': an update does not go on from the one before' from changes
    where action = 'updated' and place > 1 and before is distinct from old_value
    union all
    select tenant_id, ticket_id, field || ': the last update is not what is stored' from changes
    join tickets using (tenant_id, ticket_id)
    cross join lateral (select value from (values ${storedFields}) as fields (name, value) where name = field) as stored
    where changes.action = 'updated' and is_last and new_value is distinct from stored.value
    union all
    select tenant_id, ticket_id, action || ' ' || coalesce(field, '') || ' recorded twice' from changes
    group by tenant_id, ticket_id, action, field, old_value, new_value, run_id having count(*) > 1
    union all
    select tenant_id, ticket_id, action || ' follows ' || coalesce(presence_before, 'nothing') from changes
    where (action = 'deleted' and presence_before = 'deleted')
      or (action = 'restored' and presence_before is distinct from 'deleted')
    union all
    select tenant_id, ticket_id, 'the last of its history is ' || coalesce(action, 'nothing') || ', which is not what is stored'
    from tickets left join (select * from changes where action in ('deleted', 'restored') and is_last_presence) as last
      using (tenant_id, ticket_id)
    where (deleted_at is not null) <> (action is not distinct from 'deleted')
    union all
    select tenant_id, ticket_id, 'a history without a ticket' from changes
    where not exists (select from tickets where (tickets.tenant_id, tickets.ticket_id) = (changes.tenant_id, changes.ticket_id))
  )
  select tenant_id, coalesce(external_id, ticket_id::text) as external_id, problem
  from problems left join tickets using (tenant_id, ticket_id)`

/**
 * What differs between the live tickets that are stored and those that should be, and what is wrong with the history of
 * all; a sentence for each, none when the database is exactly right. Tickets of a tenant that nothing is expected of differ,
 * unless only some tenants are looked at. With `mayBeNewer` a stored `updated_at` may be newer: the provider's went back.
 */
export function ticketDifferences(
  databaseUrl: string,
  expected: readonly ExpectedTicket[],
  options: { mayBeNewer?: boolean; onlyTenants?: readonly string[] } = {},
): Promise<string[]> {
  const { mayBeNewer = false, onlyTenants } = options
  return administer(databaseUrl, async (client) => {
    const problems = [
      ...(await look(client, CONTENT, [JSON.stringify(expected), mayBeNewer])),
      ...(await look(client, HISTORY, [])),
    ].filter(({ tenant_id }) => onlyTenants?.includes(tenant_id) ?? true)
    const shown = problems.slice(0, SHOWN_MAX).map((row) => `${row.tenant_id} ${row.external_id}: ${row.problem}`)
    return problems.length > SHOWN_MAX ? [...shown, `and ${problems.length - SHOWN_MAX} more`] : shown
  })
}

type Problem = { tenant_id: string; external_id: string; problem: string }

async function look(client: Client, query: string, values: unknown[]): Promise<Problem[]> {
  return (await client.query<Problem>(`${query} order by 1, 2, 3`, values)).rows
}
