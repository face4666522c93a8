import { sql } from 'kysely'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { type Tx, together } from '../../../platform/database/index.ts'
import type { Clock } from '../clock/clock.ts'
import { placeEvents } from '../clock/event.ts'
import { foldClock } from '../clock/fold-clock.ts'
import type { ClockTarget } from '../clock/terms.ts'
import { eventsBySubject, selectEvents, selectNow } from './store.ts'
import type { SubjectKind, TermsInForce } from './subject-kind.ts'

/** A clock as it is, and as it would be by other terms at the same moment; null where there would be none. */
export type SupposedClock = { subjectId: string; target: ClockTarget; held: Clock | null; supposed: Clock | null }

/** How many subjects are not settled, of how many of them the clocks were computed, and at what moment. */
export type SupposedExtent = { nowMs: number; open: number; examined: number }

/** Subjects whose events are in memory at the same time. */
const AT_ONCE = 100

/**
 * Computes the clocks of subjects that are not settled by the terms that hold and by others, and gives each clock to `visit`. Nothing is
 * written. Of more than `limit` subjects those whose deadlines are nearest; the others are counted.
 *
 * @throws clocks.out_of_range
 */
export async function supposeTerms(
  tx: Tx,
  { tenantId, kind }: { tenantId: TenantId; kind: SubjectKind },
  { supposed, limit }: { supposed: (nowMs: number) => Promise<TermsInForce>; limit: number },
  visit: (clock: SupposedClock) => void,
): Promise<SupposedExtent> {
  const [[present], [count], nearest] = await together(tx, [
    selectNow,
    sql<{ open: number }>`
      select count(*)::integer as open from clock_subjects where kind = ${kind.name} and settled_at is null`,
    sql<{ subject_id: string }>`
      select subject_id from clock_subjects where kind = ${kind.name} and settled_at is null
      order by next_due_at, subject_id limit ${limit}`,
  ])
  const nowMs = present?.now.getTime() ?? 0
  const [inForce, others] = [await kind.terms(tx, tenantId), await supposed(nowMs)]
  for (let first = 0; first < nearest.length; first += AT_ONCE) {
    const ids = nearest.slice(first, first + AT_ONCE).map(({ subject_id }) => subject_id)
    const [rows] = await together(tx, [selectEvents(kind.name, ids)])
    for (const [subjectId, log] of eventsBySubject(rows)) {
      const events = placeEvents(log, kind.skew)
      for (const target of kind.targets) {
        const by = ({ termsAt, changes }: TermsInForce) =>
          foldClock({ target, events, changes, termsAt, done: kind.done }, nowMs)
        visit({ subjectId, target, held: by(inForce), supposed: by(others) })
      }
    }
  }
  return { nowMs, open: count?.open ?? 0, examined: nearest.length }
}
