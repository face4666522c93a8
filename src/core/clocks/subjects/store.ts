import { type RawBuilder, sql } from 'kysely'
import type { Tx } from '../../../platform/database/index.ts'
import type { ClockEvent } from '../clock/event.ts'
import type { ClockTarget } from '../clock/terms.ts'
import type { Alert, KnownAlert } from './alert-changes.ts'

export type SubjectRow = { subject_id: string; now: Date }

type EventRow = {
  subject_id: string
  event_id: string
  at: Date
  received_at: Date
  place: number | null
  event: Record<string, unknown>
}

type AlertRow = {
  subject_id: string
  target: ClockTarget
  round: number
  threshold: string
  alert: Alert
  signal_id: string | null
  is_unresolved: boolean
}

const TENANT = sql`current_setting('signalbox.tenant_id')`
const idsOf = (subjectIds: readonly string[]) => sql`${subjectIds}::uuid[]`

/**
 * Before versions are read, by whoever measures: until the end of the transaction a walk through all subjects does not begin, and
 * one that begins later sees what was written with them.
 */
export const holdVersions = sql`select pg_advisory_xact_lock_shared(71644, hashtext(current_setting('signalbox.tenant_id')))`

/** Adds the subjects that are not there yet, in the order of their ids: two who add the same wait for each other, never in a circle. */
export const addSubjects = (kind: string, subjectIds: readonly string[]) => sql`
  insert into clock_subjects (tenant_id, kind, subject_id)
  select ${TENANT}, ${kind}, id from unnest(${idsOf(subjectIds)}) as id order by id
  on conflict do nothing`

/** Nobody else writes of these subjects until the end of the transaction. `now` is the database's, once all are locked. */
export const lockSubjects = (kind: string, subjectIds: readonly string[]): RawBuilder<SubjectRow> => sql<SubjectRow>`
  with locked as materialized (
    select subject_id from clock_subjects
    where kind = ${kind} and subject_id = any(${idsOf(subjectIds)})
    order by subject_id for update
  ), present as materialized (
    select clock_timestamp() as now, count(*) from locked
  )
  select locked.*, present.now from locked, present`

/** The database's time when all of them were locked. */
export const nowOf = (rows: readonly { now: Date }[]): number => rows[0]?.now.getTime() ?? 0

export const selectEvents = (kind: string, subjectIds: readonly string[]): RawBuilder<EventRow> => sql<EventRow>`
  select subject_id, event_id, at, received_at, place, event from clock_events
  where kind = ${kind} and subject_id = any(${idsOf(subjectIds)})`

export const selectAlerts = (kind: string, subjectIds: readonly string[]): RawBuilder<AlertRow> => sql<AlertRow>`
  select subject_id, target, round, threshold, alert, signal_id, resolved_at is null and signal_id is not null as is_unresolved
  from clock_alerts
  where kind = ${kind} and subject_id = any(${idsOf(subjectIds)})`

export const selectNow = sql<{ now: Date }>`select clock_timestamp() as now`

export function eventsBySubject(rows: readonly EventRow[]): Map<string, ClockEvent[]> {
  const bySubject = new Map<string, ClockEvent[]>()
  for (const row of rows) {
    const known = bySubject.get(row.subject_id)
    if (known) known.push(eventOf(row))
    else bySubject.set(row.subject_id, [eventOf(row)])
  }
  return bySubject
}

function eventOf({ event_id, at, received_at, place, event }: EventRow): ClockEvent {
  const when = { eventId: event_id, atMs: at.getTime(), receivedMs: received_at.getTime() }
  // It was one when it was written, and nobody may change it.
  return { ...event, ...when, ...(place === null ? {} : { order: place }) } as ClockEvent
}

export function alertsBySubject(rows: readonly AlertRow[]): Map<string, KnownAlert[]> {
  const bySubject = Map.groupBy(rows, ({ subject_id }) => subject_id)
  return new Map(
    [...bySubject].map(([subjectId, alerts]) => [
      subjectId,
      alerts.map(({ target, round, threshold, alert, signal_id, is_unresolved }) => ({
        ...{ target, round, threshold, alert, signalId: signal_id, isUnresolved: is_unresolved },
      })),
    ]),
  )
}

/** An event of a subject as it is written. */
export type AddedEvent = { subjectId: string; event: ClockEvent }

export function insertEvents(kind: string, added: readonly AddedEvent[]): RawBuilder<unknown> {
  const rows = added.map(({ subjectId, event: { eventId, atMs, receivedMs, order, ...event } }) => ({
    ...{ subject_id: subjectId, event_id: eventId, event, place: order ?? null },
    ...{ at: new Date(atMs), received_at: new Date(receivedMs) },
  }))
  return sql`
    insert into clock_events (tenant_id, kind, subject_id, event_id, at, received_at, place, event)
    select ${TENANT}, ${kind}, r.subject_id, r.event_id, r.at, r.received_at, r.place, r.event
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as r(subject_id uuid, event_id text, at timestamptz, received_at timestamptz, place integer, event jsonb)`
}

/** What was refused and what was taken of each subject, for its row. */
export const countEvents = (
  kind: string,
  counts: readonly { subjectId: string; taken: number; refused: number }[],
): RawBuilder<unknown> => sql`
  update clock_subjects s set events = s.events + r.taken, events_refused = s.events_refused + r.refused
  from jsonb_to_recordset(${JSON.stringify(counts)}::jsonb) as r("subjectId" uuid, taken integer, refused integer)
  where s.kind = ${kind} and s.subject_id = any(${idsOf(counts.map(({ subjectId }) => subjectId))}) and s.subject_id = r."subjectId"`

/** Subjects with all that is known of them. */
export async function forget(tx: Tx, kind: string, subjectIds: readonly string[]): Promise<void> {
  await sql`delete from clock_subjects where kind = ${kind} and subject_id = any(${idsOf(subjectIds)})`.execute(tx)
}
