import { sql } from 'kysely'
import type { ClocksApi, NewClockEvent, SubjectEvents } from '../../../core/clocks/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import type { PoliciesApi } from '../policies/index.ts'

/** The kind of subject that clocks run for. */
export const TICKET = 'ticket'

export type Recording = {
  clocks: Pick<ClocksApi, 'record' | 'forget'>
  policies: Pick<PoliciesApi, 'assigning'>
}

/** Tickets of a heap that a worker takes; a caller's may be as many as a batch has. */
const TICKETS_AT_ONCE = 250

/** Tickets of the tenant of which clocks do not know everything yet, those that wait for longest first. */
export async function listWaiting(tx: Tx): Promise<string[]> {
  const { rows } = await sql<{ ticket_id: string }>`
    select ticket_id from (select ticket_id, event_id from ticket_events order by event_id limit 1000) as first
    group by ticket_id order by min(event_id::text) limit ${TICKETS_AT_ONCE}`.execute(tx)
  return rows.map(({ ticket_id }) => ticket_id)
}

/** Those of these tickets, by their ids at their source, of which clocks do not know everything yet. */
export async function listWaitingOf(tx: Tx, externalIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ ticket_id: string }>`
    select ticket_id from tickets
    where external_id = any(${[...externalIds]})
      and exists (select from ticket_events where ticket_events.ticket_id = tickets.ticket_id)
    order by ticket_id`.execute(tx)
  return rows.map(({ ticket_id }) => ticket_id)
}

/** Takes what was just written of tickets to their clocks, at the end of the transaction that wrote it. */
export async function catchUp(
  tx: Tx,
  tenantId: TenantId,
  recording: Recording,
  externalIds: readonly string[],
): Promise<void> {
  const ids = await listWaitingOf(tx, externalIds)
  await recordChanges(tx, tenantId, recording, await assignByRules(tx, recording, ids))
}

type Unassigned = {
  ticket_id: string
  attributes: Record<string, string | string[] | null>
  ruled_priority: string | null
  ruled_tier: string | null
  subject: string
  message: string
}

/**
 * Gives tickets the priority and tier that the policy's assignments say, where nobody told them. What changes by it is one more event of
 * those tickets. Answers those that are done; the others are being written, and wait: who takes several tickets without their tenant's lock
 * takes them in an order of its own.
 */
export async function assignByRules(tx: Tx, { policies }: Recording, ticketIds: readonly string[]): Promise<string[]> {
  const untold = await sql<{ ticket_id: string }>`
    select ticket_id from tickets
    where ticket_id = any(${[...ticketIds]}) and (told_priority is null or told_tier is null)`.execute(tx)
  if (untold.rows.length === 0) return [...ticketIds]
  await sql`select lock_ticket_counters(current_setting('signalbox.tenant_id'))`.execute(tx)
  const { rows } = await sql<Unassigned>`
    select ticket_id, ruled_priority, ruled_tier, left(subject, 1000) as subject, left(message, 20000) as message,
      jsonb_build_object('priority', told_priority, 'tier', told_tier, 'source', source, 'customer', customer_id, 'tag', tags,
        'language', language, 'urgency', urgency) as attributes
    from tickets
    where ticket_id = any(${untold.rows.map(({ ticket_id }) => ticket_id)})
    order by ticket_id for update skip locked`.execute(tx)
  const locked = new Set(rows.map(({ ticket_id }) => ticket_id))
  const busy = new Set(untold.rows.flatMap(({ ticket_id }) => (locked.has(ticket_id) ? [] : ticket_id)))
  const done = ticketIds.filter((id) => !busy.has(id))
  const assign = await policies.assigning(tx)
  const changed = rows.flatMap(({ ticket_id, attributes, ruled_priority, ruled_tier, subject, message }) => {
    const { priority, tier } = assign(attributes, { subject, message })
    return priority === ruled_priority && tier === ruled_tier ? [] : [{ ticket_id, priority, tier }]
  })
  if (changed.length === 0) return done
  await sql`
    update tickets set ruled_priority = ruled.priority, ruled_tier = ruled.tier
    from json_to_recordset(${JSON.stringify(changed)}::json) as ruled(ticket_id uuid, priority text, tier text)
    where tickets.ticket_id = ruled.ticket_id`.execute(tx)
  return done
}

type Taken = {
  event_id: string
  ticket_id: string
  at: Date
  event: Record<string, unknown> & { kind: string; untold?: ('priority' | 'tier')[]; attributes?: object }
  priority: string | null
  tier: string | null
}

/**
 * Takes what happened to these tickets to their clocks, in the caller's transaction and behind everything else that it writes. Who does
 * so at the same time waits, and finds the rest.
 */
export async function recordChanges(
  tx: Tx,
  tenantId: TenantId,
  { clocks }: Recording,
  ticketIds: readonly string[],
): Promise<void> {
  if (ticketIds.length === 0) return
  const { rows } = await sql<Taken>`
    with taken as (
      delete from ticket_events where ticket_id = any(${[...ticketIds]}) returning event_id, ticket_id, at, event
    )
    select taken.*, priority, tier from taken left join tickets using (ticket_id) order by event_id`.execute(tx)
  const bySubject = Map.groupBy(rows, ({ ticket_id }) => ticket_id)
  const restored = [...bySubject].flatMap(([id, taken]) => (taken.some(isRestoration) ? id : []))
  if (restored.length > 0) await clocks.forget(tx, tenantId, TICKET, restored)
  const subjects = [...bySubject].map(([subjectId, taken]): SubjectEvents => {
    const anew = taken.slice(taken.findLastIndex(isRestoration) + 1)
    return { subjectId, events: withoutRepeats(anew.map(asClockEvent)) }
  })
  await clocks.record(tx, tenantId, TICKET, subjects)
}

/** What rules gave a ticket that just came is part of its opening, and no move. */
function withoutRepeats(events: readonly NewClockEvent[]): NewClockEvent[] {
  let known = ''
  return events.filter((event) => {
    if (event.kind !== 'opened' && event.kind !== 'moved') return true
    const attributes = JSON.stringify(event.attributes)
    const isRepeat = event.kind === 'moved' && attributes === known
    known = attributes
    return !isRepeat
  })
}

const isRestoration = ({ event }: Taken) => event.kind === 'restored'

/** What a ticket began with includes what rules say of it now, where nobody told. */
function asClockEvent({ event_id, at, event, priority, tier }: Taken): NewClockEvent {
  const { untold = [], ...told } = event
  const known = { priority, tier }
  const ruled = Object.fromEntries(untold.flatMap((name) => (known[name] === null ? [] : [[name, known[name]]])))
  const attributes = told.attributes === undefined ? {} : { attributes: { ...told.attributes, ...ruled } }
  return { ...told, ...attributes, eventId: event_id, atMs: at.getTime() } as NewClockEvent
}
