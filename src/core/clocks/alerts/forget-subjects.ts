import { type Tx, together } from '../../../platform/database/index.ts'
import { resolveSignals } from '../../signals/index.ts'
import { forget, lockSubjects } from '../subjects/store.ts'
import { endAlertsOf, lockSignals } from './store.ts'

/** Removes all that is known of subjects, and resolves the signals that told of them alone. */
export async function forgetSubjects(tx: Tx, kind: string, subjectIds: readonly string[]): Promise<void> {
  if (subjectIds.length === 0) return
  const [, , ended] = await together(tx, [lockSignals, lockSubjects(kind, subjectIds), endAlertsOf(kind, subjectIds)])
  await resolveSignals(
    tx,
    ended.map(({ signal_id }) => signal_id),
  )
  await forget(tx, kind, subjectIds)
}
