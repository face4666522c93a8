import type { TenantId } from '../../../kernel/tenant-id.ts'
import { type Tx, together } from '../../../platform/database/index.ts'
import { type Measured, measure } from './measure.ts'
import { SUBJECTS_MAX } from './record-events.ts'
import { alertsBySubject, eventsBySubject, selectAlerts, selectEvents, selectNow } from './store.ts'
import type { SubjectKind } from './subject-kind.ts'

/** The clocks of a subject at the moment of reading, by what happened until then: right to the millisecond, whoever has looked at it since. */
export type SubjectClocks = Pick<Measured, 'subjectId' | 'nowMs' | 'events' | 'clocks' | 'standing'>

/**
 * Reads the clocks of subjects, with their histories and the events behind them, at the database's time. Subjects of which nothing is
 * known are left out.
 *
 * @throws RangeError with more than 1,000 subjects
 */
export async function readClocks(
  tx: Tx,
  { tenantId, kind }: { tenantId: TenantId; kind: SubjectKind },
  subjectIds: readonly string[],
): Promise<Map<string, SubjectClocks>> {
  if (subjectIds.length > SUBJECTS_MAX) throw new RangeError(`${subjectIds.length} subjects at once`)
  const terms = await kind.terms(tx, tenantId)
  const [events, alerts, [present]] = await together(tx, [
    selectEvents(kind.name, subjectIds),
    selectAlerts(kind.name, subjectIds),
    selectNow,
  ])
  const nowMs = present?.now.getTime() ?? 0
  const known = alertsBySubject(alerts)
  return new Map(
    [...eventsBySubject(events)].map(([subjectId, log]) => [
      subjectId,
      measure({ kind, terms }, { subjectId, log, known: known.get(subjectId) ?? [] }, nowMs),
    ]),
  )
}
