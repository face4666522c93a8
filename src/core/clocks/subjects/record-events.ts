import type { TenantId } from '../../../kernel/tenant-id.ts'
import { type Tx, together } from '../../../platform/database/index.ts'
import type { ClockEvent } from '../clock/event.ts'
import type { KnownAlert } from './alert-changes.ts'
import { measure } from './measure.ts'
import {
  addSubjects,
  alertsBySubject,
  countEvents,
  eventsBySubject,
  holdVersions,
  insertEvents,
  lockSubjects,
  nowOf,
  selectAlerts,
  selectEvents,
} from './store.ts'
import type { SubjectKind, TermsInForce } from './subject-kind.ts'
import { writeMeasured } from './write-measured.ts'

export const SUBJECTS_MAX = 1_000
/** Events that are kept of one subject. A hundred more when they end or change what runs: a clock that cannot be ended is worse than a long list. */
export const EVENTS_MAX = 1_000
export const ENDINGS_MAX = 1_100
const EVENT_BYTES_MAX = 32_768
/** Subjects whose events are in memory at the same time. */
const AT_ONCE = 250

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
/** An event as its source tells it; when it was heard of is the database's business. `eventId` has at most 200 characters. */
export type NewClockEvent = DistributiveOmit<ClockEvent, 'receivedMs'>
export type SubjectEvents = { subjectId: string; events: readonly NewClockEvent[] }

/** What became of the events of one subject. */
export type Recorded = {
  taken: number
  /** Were known by their id. What they said the first time holds. */
  known: number
  /** Too many: see EVENTS_MAX. */
  refused: number
}

/**
 * Keeps what happened to subjects, each event once, and measures their clocks again, in the caller's transaction and at the database's
 * time. Subjects need not be known before; what was recorded of one is measured from its opening on, whatever came first.
 *
 * Locks the subjects in the order of their ids until the end of the transaction. Whoever writes signals, or tickets, in the same
 * transaction does so before.
 *
 * @throws RangeError with more than 1,000 subjects or an event of more than 8 KiB; clocks.out_of_range
 */
export async function recordEvents(
  tx: Tx,
  { tenantId, kind }: { tenantId: TenantId; kind: SubjectKind },
  subjects: readonly SubjectEvents[],
): Promise<ReadonlyMap<string, Recorded>> {
  if (subjects.length > SUBJECTS_MAX) throw new RangeError(`${subjects.length} subjects at once`)
  const bySubject = new Map<string, NewClockEvent[]>()
  for (const { subjectId, events } of subjects) {
    const id = subjectId.toLowerCase()
    bySubject.set(id, [...(bySubject.get(id) ?? []), ...events])
  }
  const ids = [...bySubject.keys()].sort()
  const recorded = new Map<string, Recorded>()
  let inForce: TermsInForce | undefined
  for (let first = 0; first < ids.length; first += AT_ONCE) {
    const some = ids.slice(first, first + AT_ONCE)
    const [, , rows, events, alerts] = await together(tx, [
      holdVersions,
      addSubjects(kind.name, some),
      lockSubjects(kind.name, some),
      selectEvents(kind.name, some),
      selectAlerts(kind.name, some),
    ])
    // After the first lock: see `holdVersions`.
    inForce ??= await kind.terms(tx, tenantId)
    const [logs, known, nowMs] = [eventsBySubject(events), alertsBySubject(alerts), nowOf(rows)]
    const takings = rows.map(({ subject_id: subjectId }): Taking => {
      const log = logs.get(subjectId) ?? []
      return { subjectId, log, ...takeEvents(kind, log, bySubject.get(subjectId) ?? [], nowMs) }
    })
    await writeTakings(tx, { kind, terms: inForce, takings, known, nowMs })
    for (const { subjectId, counts } of takings) recorded.set(subjectId, counts)
  }
  return recorded
}

/** What is new of a subject's events, beside what was known. */
type Taking = { subjectId: string; log: readonly ClockEvent[]; taken: readonly ClockEvent[]; counts: Recorded }
type Written = {
  kind: SubjectKind
  terms: TermsInForce
  takings: readonly Taking[]
  known: ReadonlyMap<string, readonly KnownAlert[]>
  nowMs: number
}

async function writeTakings(tx: Tx, { kind, terms, takings, known, nowMs }: Written): Promise<void> {
  const measured = takings.map(({ subjectId, log, taken }) =>
    measure({ kind, terms }, { subjectId, log: [...log, ...taken], known: known.get(subjectId) ?? [] }, nowMs),
  )
  const added = takings.flatMap(({ subjectId, taken }) => taken.map((event) => ({ subjectId, event })))
  const counts = takings.flatMap(({ subjectId, counts: { taken, refused } }) =>
    taken + refused > 0 ? [{ subjectId, taken, refused }] : [],
  )
  await together(tx, [
    ...(added.length > 0 ? [insertEvents(kind.name, added)] : []),
    ...(counts.length > 0 ? [countEvents(kind.name, counts)] : []),
    ...writeMeasured(kind.name, terms.key, measured),
  ])
}

/** What is new of a subject's events, as far as there is room. */
function takeEvents(
  kind: SubjectKind,
  log: readonly ClockEvent[],
  events: readonly NewClockEvent[],
  nowMs: number,
): Pick<Taking, 'taken' | 'counts'> {
  const ids = new Set(log.map(({ eventId }) => eventId))
  const taken: ClockEvent[] = []
  const counts = { taken: 0, known: 0, refused: 0 }
  for (const event of events) {
    if (Buffer.byteLength(JSON.stringify(event)) > EVENT_BYTES_MAX)
      throw new RangeError(`an event of ${kind.name} is too large`)
    if (ids.has(event.eventId)) counts.known += 1
    else if (ids.size >= (isEnding(kind, event) ? ENDINGS_MAX : EVENTS_MAX)) counts.refused += 1
    else {
      ids.add(event.eventId)
      taken.push({ ...event, receivedMs: nowMs })
      counts.taken += 1
    }
  }
  return { taken, counts }
}

function isEnding({ done }: SubjectKind, event: NewClockEvent): boolean {
  if (event.kind === 'status') return done.has(event.status)
  return event.kind === 'merged' || event.kind === 'cancelled' || event.kind === 'opened'
}
