import { sql } from 'kysely'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { type Tx, together } from '../../../platform/database/index.ts'
import { type Measured, measure } from './measure.ts'
import { alertsBySubject, eventsBySubject, lockSubjects, nowOf, selectAlerts, selectEvents } from './store.ts'
import type { SubjectKind, TermsInForce } from './subject-kind.ts'
import { writeMeasured } from './write-measured.ts'

export type OfKind = { tenantId: TenantId; kind: SubjectKind }
export type MeasuredAgain = { terms: TermsInForce; measured: Measured[] }

/** Measures locked subjects once more, by what is known of them; the caller writes what came of it. */
export async function measureLocked(
  tx: Tx,
  { tenantId, kind }: OfKind,
  locked: { subjectIds: readonly string[]; nowMs: number },
): Promise<MeasuredAgain> {
  const { subjectIds, nowMs } = locked
  const [events, alerts] = await together(tx, [
    selectEvents(kind.name, subjectIds),
    selectAlerts(kind.name, subjectIds),
  ])
  const terms = await kind.terms(tx, tenantId)
  const [logs, known] = [eventsBySubject(events), alertsBySubject(alerts)]
  const measured = subjectIds.map((subjectId) =>
    measure({ kind, terms }, { subjectId, log: logs.get(subjectId) ?? [], known: known.get(subjectId) ?? [] }, nowMs),
  )
  return { terms, measured }
}

/**
 * Measures the next subjects after `after` that were measured by other versions than hold now, and are not settled unless all are wanted.
 * Answers the last one that was; undefined when there is none.
 */
export async function measureNext(
  tx: Tx,
  of: OfKind,
  { after, limit, isAll }: { after: string | null; limit: number; isAll: boolean },
): Promise<{ count: number; last: string | undefined }> {
  const { key } = await of.kind.terms(tx, of.tenantId)
  const { rows } = await sql<{ subject_id: string }>`
    select subject_id from clock_subjects
    where kind = ${of.kind.name} and terms_key is distinct from ${key}
      and ${after === null ? sql`true` : sql`subject_id > ${after}`} and ${isAll ? sql`true` : sql`settled_at is null`}
    order by subject_id limit ${limit}`.execute(tx)
  if (rows.length === 0) return { count: 0, last: undefined }
  const [locked] = await together(tx, [
    lockSubjects(
      of.kind.name,
      rows.map(({ subject_id }) => subject_id),
    ),
  ])
  const subjectIds = locked.map(({ subject_id }) => subject_id)
  const { terms, measured } = await measureLocked(tx, of, { subjectIds, nowMs: nowOf(locked) })
  await together(tx, writeMeasured(of.kind.name, terms.key, measured))
  return { count: rows.length, last: rows.at(-1)?.subject_id }
}
