import type { Clock, ClocksApi, ClockTarget, SubjectView, SupposedClock } from '../../../core/clocks/index.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import type { PoliciesInForce } from './policies-in-force.ts'
import type { ReadyPolicy } from './publish-policy.ts'

/** What clocks of the desk are declared as. */
export const MEASURED = 'ticket'
/** Tickets that are computed twice within a request: a second or two of work. */
export const EXAMINED_MAX = 5_000

/** `gained`: there was no such clock; `lost`: there is none any more. */
export const EFFECTS = ['unchanged', 'earlier', 'later', 'gained', 'lost'] as const
export type Effect = (typeof EFFECTS)[number]

/** What a policy would do to one open clock. Instants in milliseconds. */
export type Change = {
  subjectId: string
  target: ClockTarget
  effect: Effect
  /** It is not late, and would be at once. */
  breachesAtOnce: boolean
  dueBeforeMs: number | null
  dueAfterMs: number | null
}

export type Preview = {
  openTickets: number
  /** Those whose deadlines are nearest, when there are more than are examined. */
  examinedTickets: number
  changedTickets: number
  breachingTickets: number
  /** Of clocks. */
  effects: Record<Effect, number>
  breachingClocks: number
  /** The worst first: what would be late at once, then what comes earlier; of each the earliest deadline. */
  first: (Change & { name: string; facts: Readonly<Record<string, unknown>> })[]
}

const OPEN = new Set(['running', 'paused', 'breached'])
const RANK = { earlier: 0, gained: 1, later: 2, lost: 3, unchanged: 4 } as const satisfies Record<Effect, number>

/** What would become of one clock; null when it is not open either way. */
export function changeOf({ subjectId, target, held, supposed }: SupposedClock): Change | null {
  const [before, after] = [ifOpen(held), ifOpen(supposed)]
  if (!before && !after) return null
  const [dueBeforeMs, dueAfterMs] = [deadlineOf(before), deadlineOf(after)]
  const breachesAtOnce = after !== null && after.breachedMs !== null && (held?.breachedMs ?? null) === null
  const common = { subjectId, target, breachesAtOnce, dueBeforeMs, dueAfterMs }
  if (!before || !after) return { ...common, effect: before ? 'lost' : 'gained' }
  return { ...common, effect: effectOf(dueBeforeMs, dueAfterMs) }
}

const ifOpen = (clock: Clock | null) => (clock !== null && OPEN.has(clock.state) ? clock : null)
/** Of what is paused: when it would be due if it went on now. */
const deadlineOf = (clock: Clock | null) => clock?.dueMs ?? clock?.dueIfResumedMs ?? null

function effectOf(before: number | null, after: number | null): Effect {
  if (before === after) return 'unchanged'
  // A calendar that is not open for long enough gives no deadline: it never comes.
  return (after ?? Number.POSITIVE_INFINITY) < (before ?? Number.POSITIVE_INFINITY) ? 'earlier' : 'later'
}

type Previewing = Pick<ClocksApi, 'suppose' | 'describe'> & Pick<PoliciesInForce, 'supposing'>

/** What would become of the open tickets if this policy was published now: counts over all that are examined, and the first `limit`. */
export async function previewPolicy(
  { suppose, describe, supposing }: Previewing,
  tx: Tx,
  tenantId: TenantId,
  { ready, limit }: { ready: ReadyPolicy; limit: number },
): Promise<Preview> {
  const changes: Change[] = []
  const effects: Preview['effects'] = { unchanged: 0, earlier: 0, later: 0, gained: 0, lost: 0 }
  const supposed = (fromMs: number) =>
    supposing(tx, tenantId, { policy: ready.policy, calendarIds: ready.calendarIds, fromMs })
  const { open, examined } = await suppose(tx, tenantId, MEASURED, { supposed, limit: EXAMINED_MAX }, (clock) => {
    const change = changeOf(clock)
    if (!change) return
    effects[change.effect] += 1
    if (change.effect !== 'unchanged' || change.breachesAtOnce) changes.push(change)
  })
  const breaching = changes.filter(({ breachesAtOnce }) => breachesAtOnce)
  const shown = changes.sort(worseFirst).slice(0, limit)
  const ids = [...new Set(shown.map(({ subjectId }) => subjectId))]
  const views = ids.length > 0 ? await describe(tx, tenantId, MEASURED, ids) : new Map<string, SubjectView>()
  const countTickets = (some: readonly Change[]) => new Set(some.map(({ subjectId }) => subjectId)).size
  return {
    ...{ openTickets: open, examinedTickets: examined, effects, breachingClocks: breaching.length },
    ...{ changedTickets: countTickets(changes), breachingTickets: countTickets(breaching) },
    first: shown.map((change) => {
      const { name = change.subjectId, facts = {} } = views.get(change.subjectId) ?? {}
      return { ...change, name, facts }
    }),
  }
}

const worseFirst = (one: Change, other: Change): number =>
  Number(other.breachesAtOnce) - Number(one.breachesAtOnce) ||
  RANK[one.effect] - RANK[other.effect] ||
  (one.dueAfterMs ?? one.dueBeforeMs ?? 0) - (other.dueAfterMs ?? other.dueBeforeMs ?? 0) ||
  (one.subjectId < other.subjectId ? -1 : 1)
