import { sql } from 'kysely'
import type { Database, SystemTx, Tx } from '../../database/index.ts'
import type { QueueEntry } from '../queue.ts'
import type { SqsSettings } from './settings.ts'

/** Relays listen here: something waits to leave, or there is room for it. */
export const OUTBOX_CHANNEL = 'signalbox_outbox'

/** Longer than a relay tries to send; one that is gone by then leaves its messages to another. */
const SENDING_SECONDS = 60
const DUE_AT_ONCE = 1_000
export const RELEASED_AT_ONCE = 100

/** Held while messages are chosen, so that two relays do not fill the same room; for one round trip, so that waiting is cheap. */
const ONE_RELAY_CHOOSES = sql`select pg_advisory_xact_lock(hashtext('signalbox.outbox'))`

const inSeconds = (seconds: number) => sql`clock_timestamp() + ${seconds} * interval '1 second'`

/** Adds messages in the caller's transaction; relays hear of them when it commits. */
export async function addMessages(
  tx: Tx | SystemTx,
  queue: string,
  entries: readonly QueueEntry<object>[],
): Promise<void> {
  const rows = entries.map(({ data, group, priority, startAfterSeconds = 0 }) => ({
    ...{ data, group_id: group, priority, after_seconds: startAfterSeconds },
  }))
  await sql`
    with added as (
      insert into outbox.messages (queue, data, group_id, priority, state, look_at)
      select ${queue}, data, group_id, priority, case when after_seconds > 0 then 'later' else 'waiting' end,
        now() + after_seconds * interval '1 second'
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        as given (data jsonb, group_id text, priority integer, after_seconds float8)
    )
    select pg_notify(${OUTBOX_CHANNEL}, '')`.execute(tx)
}

export type Released = {
  message_id: string
  data: Record<string, unknown>
  group_id: string
  sends: number
  priority: number
  /** Since when it might have left. */
  waited_seconds: number
}

const WAKE = sql`
    update outbox.messages set state = 'waiting' where message_id in (
      select message_id from outbox.messages where state <> 'waiting' and look_at <= clock_timestamp()
      order by look_at limit ${sql.lit(DUE_AT_ONCE)} for update skip locked)`

const release = ({ underWayMax, underWayPerGroup }: Room) => sql<Released>`
    with recursive groups as (
      -- From one group to the next along the index, however many messages each has.
      (select group_id from outbox.messages where state = 'waiting' order by group_id limit 1)
      union all
      select (select next.group_id from outbox.messages as next
              where next.state = 'waiting' and next.group_id > groups.group_id order by next.group_id limit 1)
      from groups where group_id is not null
    ), room as (
      select group_id, ${underWayPerGroup} - (
        select count(*) from outbox.messages as under_way
        where under_way.group_id = groups.group_id and under_way.state in ('sending', 'sent', 'taken')) as places
      from groups where group_id is not null
    ), chosen as materialized (
      select message_id from room cross join lateral (
        select message_id, priority from outbox.messages as waiting
        where waiting.group_id = room.group_id and waiting.state = 'waiting'
        order by priority desc, message_id limit greatest(places, 0)
      ) as first_of_group
      order by priority desc, message_id
      limit greatest(0, least(${sql.lit(RELEASED_AT_ONCE)}, ${underWayMax} - (
        select count(*) from outbox.messages where state in ('sending', 'sent', 'taken'))))
    )
    update outbox.messages as message set state = 'sending', sends = sends + 1, look_at = ${inSeconds(SENDING_SECONDS)}
    from chosen where message.message_id = chosen.message_id
    returning new.message_id, new.data, new.group_id, new.sends, new.priority,
      extract(epoch from clock_timestamp() - old.look_at)::float8 as waited_seconds`

const NEXT = sql<{ seconds: number | null }>`
    select extract(epoch from min(look_at) - clock_timestamp())::float8 as seconds
    from outbox.messages where state <> 'waiting'`

type Room = Pick<SqsSettings, 'underWayMax' | 'underWayPerGroup'>

/**
 * Takes what may leave now, the most urgent first: of each group as many as it has room for, and together no more than
 * have room. `nextSeconds`: until something else falls due.
 */
export async function releaseMessages(
  database: Database,
  room: Room,
): Promise<{ released: Released[]; nextSeconds: number | null }> {
  const statements = [ONE_RELAY_CHOOSES, WAKE, release(room), NEXT] as const
  const reason = 'messages of all tenants leave in one order'
  const [, , released, [next]] = await database.acrossTenantsAtOnce(reason, statements)
  const inOrder = released.toSorted((a, b) => b.priority - a.priority || (a.message_id < b.message_id ? -1 : 1))
  return { released: inOrder, nextSeconds: next?.seconds ?? null }
}

const inTimeToResend = (resendSeconds: number) =>
  sql`clock_timestamp() + ${resendSeconds} * power(2, least(sends - 1, 5)) * interval '1 second'`

/** SQS has them. One that nobody takes is sent again after a while, which doubles each time, up to 32-fold. */
export const markSent = (ids: readonly string[], resendSeconds: number) => sql`
  update outbox.messages set state = 'sent', look_at = ${inTimeToResend(resendSeconds)}
  where message_id = any(${ids}::uuid[]) and state = 'sending'`

/** SQS has them not, or has not said so. */
export const markUnsent = (ids: readonly string[], pauseSeconds: number) => sql`
  update outbox.messages set state = 'later', look_at = ${inSeconds(pauseSeconds)}
  where message_id = any(${ids}::uuid[]) and state = 'sending'`

/** What a worker has, with the number of its taking. */
export type Taken = { id: string; takes: number }

/** Takes a message for so many seconds; no row when it is over, or another worker has it. */
export const takeMessage = (id: string, visibilitySeconds: number) => sql<{ data: object; takes: number }>`
  update outbox.messages set state = 'taken', takes = takes + 1, look_at = ${inSeconds(visibilitySeconds)}
  where message_id = ${id} and (state <> 'taken' or look_at <= clock_timestamp())
  returning data, takes`

export const extendMessages = (taken: readonly Taken[], visibilitySeconds: number) => sql`
  update outbox.messages as message set look_at = ${inSeconds(visibilitySeconds)}
  from jsonb_to_recordset(${JSON.stringify(taken)}::jsonb) as mine (id uuid, takes integer)
  where message.message_id = mine.id and message.takes = mine.takes and message.state = 'taken'`

/** Over: the room that it took is somebody else's. */
export const finishMessage = ({ id, takes }: Taken) => sql`
  with finished as (delete from outbox.messages where message_id = ${id} and takes = ${takes})
  select pg_notify(${OUTBOX_CHANNEL}, '') where exists (select from outbox.messages where state = 'waiting')`

/** Given back: SQS shows it to another worker. */
export const returnMessage = ({ id, takes }: Taken, resendSeconds: number) => sql`
  update outbox.messages set state = 'sent', look_at = ${inTimeToResend(resendSeconds)}
  where message_id = ${id} and takes = ${takes} and state = 'taken'`
