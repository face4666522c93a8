import { type RawBuilder, sql } from 'kysely'
import type { KnownAlert } from '../subjects/alert-changes.ts'
import type { Telling } from './compose-signal.ts'

/** Tenants looked for in the order of what is due first; when there is more, all that have something. */
const DUE_LOOKED_AT = 1_000

/** The tenants that have something due, and how long it takes until something else is; across tenants. */
export const whatIsDue: RawBuilder<{ tenants: string[]; next_ms: number | null; is_backlog: boolean }> = sql`
  with first as materialized (
    select tenant_id from clock_subjects where wake_at <= statement_timestamp() order by wake_at limit ${DUE_LOOKED_AT}
  )
  select (select coalesce(array_agg(distinct tenant_id), '{}') from first) as tenants,
    (select extract(epoch from min(wake_at) - clock_timestamp())::float8 * 1000 from clock_subjects
      where wake_at > statement_timestamp()) as next_ms,
    (select count(*) from first) = ${DUE_LOOKED_AT} as is_backlog`

/** All tenants that have something due, one step in an index for each that has anything ahead; for when one has so much that others are not seen behind it. */
export const allTenantsWithDue: RawBuilder<{ tenant_id: string }> = sql`
  with recursive tenant as (
    (select tenant_id from clock_subjects where wake_at is not null order by tenant_id limit 1)
    union all
    select (select s.tenant_id from clock_subjects s where s.wake_at is not null and s.tenant_id > tenant.tenant_id
      order by s.tenant_id limit 1)
    from tenant where tenant.tenant_id is not null
  )
  select tenant_id from tenant
  where tenant_id is not null and exists (
    select from clock_subjects s where s.tenant_id = tenant.tenant_id and s.wake_at <= statement_timestamp())`

export type ClaimedSubject = { kind: string; subject_id: string; now: Date }

/** Before any subject is locked: who writes tickets and raises signals has this lock first, too. */
export const lockSignals = sql`select lock_signals(current_setting('signalbox.tenant_id'))`

/** Takes what is due of the tenant until the end of the transaction; what somebody else has just then is left to him. */
export const claimDue = (limit: number): RawBuilder<ClaimedSubject> => sql<ClaimedSubject>`
  with claimed as materialized (
    select kind, subject_id from clock_subjects where wake_at <= statement_timestamp()
    order by wake_at limit ${limit} for update skip locked
  ), present as materialized (
    select clock_timestamp() as now, count(*) from claimed
  )
  select claimed.*, present.now from claimed, present order by kind, subject_id`

/** An alert with the id of the signal that tells of it; null for what nobody hears of. */
export type Noted = { telling: Telling; signalId: string | null }
export type NotedRow = { subject_id: string; target: string; round: number; threshold: string }

/** Notes what is told. Whoever finds it noted already tells nobody: only what this answers is new. */
export function noteAlerts(noted: readonly Noted[]): RawBuilder<NotedRow> {
  const rows = noted.map(({ signalId, telling: { kind, subjectId, clock, threshold, alert, reachedMs, nowMs } }) => ({
    ...{ kind, subject_id: subjectId, target: clock.target, round: clock.round, threshold, alert, signal_id: signalId },
    ...{ reached_at: new Date(reachedMs), raised_at: new Date(nowMs) },
  }))
  return sql<NotedRow>`
    insert into clock_alerts (tenant_id, kind, subject_id, target, round, threshold, alert, reached_at, raised_at, signal_id)
    select current_setting('signalbox.tenant_id'), r.* from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
      kind text, subject_id uuid, target text, round integer, threshold text, alert text, reached_at timestamptz,
      raised_at timestamptz, signal_id uuid)
    on conflict do nothing
    returning subject_id, target, round, threshold`
}

export type Over = KnownAlert & { subjectId: string }

/** Notes that the cause of alerts went away, and answers the signals of which none is left. */
export const endAlerts = (kind: string, over: readonly Over[]): RawBuilder<{ signal_id: string }> => sql<{
  signal_id: string
}>`
  with ended as (
    update clock_alerts a set resolved_at = clock_timestamp()
    from jsonb_to_recordset(${JSON.stringify(over)}::jsonb) as r("subjectId" uuid, target text, round integer, threshold text)
    where a.kind = ${kind} and a.subject_id = any(${over.map(({ subjectId }) => subjectId)}::uuid[])
      and a.subject_id = r."subjectId" and a.target = r.target and a.round = r.round
      and a.threshold = r.threshold and a.resolved_at is null
    returning a.subject_id, a.target, a.round, a.threshold, a.signal_id
  )
  select distinct signal_id from ended
  where signal_id is not null and not exists (
    select from clock_alerts other
    where other.signal_id = ended.signal_id and other.resolved_at is null
      and not exists (select from ended e where e.subject_id = other.subject_id and e.target = other.target
        and e.round = other.round and e.threshold = other.threshold and other.kind = ${kind}))`

/** What subjects are removed of which somebody was told: their alerts end. */
export const endAlertsOf = (kind: string, subjectIds: readonly string[]): RawBuilder<{ signal_id: string }> => sql<{
  signal_id: string
}>`
  with ended as (
    delete from clock_alerts where kind = ${kind} and subject_id = any(${subjectIds}::uuid[]) returning subject_id, signal_id, resolved_at
  )
  select distinct signal_id from ended
  where signal_id is not null and resolved_at is null and not exists (
    select from clock_alerts other where other.signal_id = ended.signal_id and other.resolved_at is null
      and not (other.kind = ${kind} and other.subject_id = any(${subjectIds}::uuid[])))`
