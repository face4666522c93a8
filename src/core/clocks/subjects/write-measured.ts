import { type RawBuilder, sql } from 'kysely'
import type { Clock } from '../clock/clock.ts'
import { atRiskFrom, type Measured } from './measure.ts'

/** Whoever sleeps until something is due looks by himself after so long; sooner only when he is told. */
export const LOOK_ANYWAY_EVERY_MS = 15_000
export const CLOCKS_CHANNEL = 'signalbox_clocks'

/** The statements that write what was measured of locked subjects: their clocks, what holds of them, and who is to be woken. */
export function writeMeasured(kind: string, termsKey: string, measured: readonly Measured[]): RawBuilder<unknown>[] {
  if (measured.length === 0) return []
  const soon = measured.some(({ standing, nowMs }) => (standing.wakeMs ?? Infinity) <= nowMs + 2 * LOOK_ANYWAY_EVERY_MS)
  return [
    writeClocks(kind, measured),
    removeClocks(kind, measured),
    writeStandings(kind, termsKey, measured),
    ...(soon ? [sql`select pg_notify(${CLOCKS_CHANNEL}, '')`] : []),
  ]
}

const COLUMNS = [
  ...['is_last', 'state', 'is_paused', 'started_at', 'ended_at', 'target_ms', 'elapsed_ms', 'paused_ms', 'overdue_ms'],
  ...['due_at', 'due_if_resumed_at', 'breached_at', 'at_risk_from', 'policy_key', 'calendar_key'],
]
const list = (prefix: string) => sql.raw(COLUMNS.map((column) => `${prefix}${column}`).join(', '))
const assignments = sql.raw(COLUMNS.map((column) => `${column} = excluded.${column}`).join(', '))

function writeClocks(kind: string, measured: readonly Measured[]): RawBuilder<unknown> {
  const rows = measured.flatMap(({ subjectId, clocks }) =>
    clocks.flatMap(({ rounds }) => rounds.map((clock) => rowOf(subjectId, clock, clock === rounds.at(-1)))),
  )
  // Of rounds that are over nothing changes any more, and nothing is written.
  return sql`
    insert into clocks (tenant_id, kind, subject_id, target, round, ${list('')})
    select current_setting('signalbox.tenant_id'), ${kind}, r.subject_id, r.target, r.round, ${list('r.')}
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
      subject_id uuid, target text, round integer, is_last boolean, state text, is_paused boolean, started_at timestamptz,
      ended_at timestamptz, target_ms bigint, elapsed_ms bigint, paused_ms bigint, overdue_ms bigint, due_at timestamptz,
      due_if_resumed_at timestamptz, breached_at timestamptz, at_risk_from timestamptz, policy_key text, calendar_key text)
    on conflict (tenant_id, kind, subject_id, target, round) do update set ${assignments}
    where (${list('clocks.')}) is distinct from (${list('excluded.')})`
}

function rowOf(subjectId: string, clock: Clock, isLast: boolean) {
  return {
    ...{ subject_id: subjectId, target: clock.target, round: clock.round, is_last: isLast },
    ...{ state: clock.state, is_paused: clock.isPaused },
    ...{ started_at: new Date(clock.startMs), ended_at: dateOf(clock.endedMs) },
    ...{ target_ms: Math.round(clock.targetMs), elapsed_ms: Math.round(clock.elapsedMs) },
    ...{ paused_ms: Math.round(clock.pausedMs), overdue_ms: Math.round(clock.overdueMs) },
    ...{ due_at: dateOf(clock.dueMs), due_if_resumed_at: dateOf(clock.dueIfResumedMs) },
    ...{ breached_at: dateOf(clock.breachedMs), at_risk_from: dateOf(atRiskFrom(clock)) },
    ...{ policy_key: clock.terms?.policyKey ?? null, calendar_key: clock.terms?.calendarKey ?? null },
  }
}

/** An event that came late can leave fewer rounds than there were, or none. */
function removeClocks(kind: string, measured: readonly Measured[]): RawBuilder<unknown> {
  const counts = measured.flatMap(({ subjectId, clocks }) =>
    clocks.map(({ target, rounds }) => ({ subjectId, target, last: rounds.at(-1)?.round ?? 0, count: rounds.length })),
  )
  return sql`
    delete from clocks c
    using jsonb_to_recordset(${JSON.stringify(counts)}::jsonb) as r("subjectId" uuid, target text, last integer, count integer)
    where c.kind = ${kind} and ${isOneOf('c', measured)} and c.subject_id = r."subjectId" and c.target = r.target
      and (c.round > r.last or c.round <= r.last - r.count)`
}

function writeStandings(kind: string, termsKey: string, measured: readonly Measured[]): RawBuilder<unknown> {
  const rows = measured.map(({ subjectId, nowMs, standing }) => ({
    ...{ subject_id: subjectId, measured_at: new Date(nowMs), wake_at: dateOf(standing.wakeMs) },
    ...{ next_due_at: dateOf(standing.nextDueMs), at_risk_from: dateOf(standing.atRiskFromMs) },
    ...{ breached_from: dateOf(standing.breachedFromMs), is_paused: standing.isPaused },
    ...{ has_clocks: standing.hasClocks, is_settled: standing.isSettled, outcome: standing.outcome },
  }))
  return sql`
    update clock_subjects s set terms_key = ${termsKey}, measured_at = r.measured_at, wake_at = r.wake_at,
      next_due_at = r.next_due_at, at_risk_from = r.at_risk_from, breached_from = r.breached_from, is_paused = r.is_paused,
      has_clocks = r.has_clocks,      settled_at = case when r.is_settled then coalesce(s.settled_at, r.measured_at) end, outcome = r.outcome
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
      subject_id uuid, measured_at timestamptz, wake_at timestamptz, next_due_at timestamptz, at_risk_from timestamptz,
      breached_from timestamptz, is_paused boolean, has_clocks boolean, is_settled boolean, outcome text)
    where s.kind = ${kind} and ${isOneOf('s', measured)} and s.subject_id = r.subject_id`
}

/** Said beside the join: planned while a table was small, the join alone would go through all that a tenant has. */
const isOneOf = (alias: string, measured: readonly Measured[]) =>
  sql`${sql.ref(`${alias}.subject_id`)} = any(${measured.map(({ subjectId }) => subjectId)}::uuid[])`

const dateOf = (atMs: number | null): Date | null => (atMs === null ? null : new Date(atMs))
