import { sql } from 'kysely'
import type { SystemTx, Tx } from '../../../platform/database/index.ts'
import type { CalendarIds } from './document/compile-policy.ts'
import type { Policy } from './document/policy.ts'
import type { PolicyForm } from './document/read-policy.ts'

type Written = { form: PolicyForm; written: string; content_hash: string; policy: Policy }
type Nothing = { [Field in keyof Written]: null }

/** A version of a tenant's policy; without one, from here on the operator's was followed again. */
export type VersionRow = (Written | Nothing) & {
  version: number
  calendar_ids: CalendarIds
  note: string | null
  made_by: string
  in_force_from: Date
}
export type VersionSummary = Omit<VersionRow, 'policy' | 'written' | 'calendar_ids' | 'content_hash' | 'form'> & {
  form: PolicyForm | null
  content_hash: string | null
}

/** A version of what holds for all who have none of their own. */
export type DefaultRow = Written & {
  version: number
  source: 'built_in' | 'file'
  path: string | null
  loaded_by: string
  in_force_from: Date
}

const TENANT = sql`current_setting('signalbox.tenant_id')`
const ROW = sql`version, form, written, content_hash, policy, calendar_ids, note, made_by, in_force_from`
const DEFAULT_ROW = sql`version, source, path, form, written, content_hash, policy, loaded_by, in_force_from`

/** After all that came before, in whole milliseconds, also when the clock was put back: the newest version holds. */
const inForceFrom = (table: 'sla_policies' | 'sla.default_policies') => sql`
  (select greatest(date_trunc('milliseconds', clock_timestamp()), max(in_force_from) + interval '1 millisecond') from ${sql.table(table)})`

/** Until the end of the transaction nobody else changes this tenant's policy. */
export async function lockPolicy(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(71648, hashtext(${TENANT}))`.execute(tx)
}

/** How much there is of a tenant's policy, and which versions are the newest: whoever knows these knows all. */
export type Extent = { own: number; count: number; bytes: number; defaults: number }

export async function measureVersions(tx: Tx): Promise<Extent> {
  const { rows } = await sql<Extent>`
    select coalesce(max(version), 0) as own, count(*)::integer as count,
      coalesce(sum(pg_column_size(written) + octet_length(policy::text)), 0)::integer as bytes,
      (select coalesce(max(version), 0) from sla.default_policies) as defaults
    from sla_policies`.execute(tx)
  return rows[0] ?? { own: 0, count: 0, bytes: 0, defaults: 0 }
}

/** The newest of each, by their numbers alone: asked by everyone who measures. */
export async function newestVersions(tx: Tx): Promise<Pick<Extent, 'own' | 'defaults'>> {
  const { rows } = await sql<Pick<Extent, 'own' | 'defaults'>>`
    select coalesce((select max(version) from sla_policies), 0) as own,
      coalesce((select max(version) from sla.default_policies), 0) as defaults`.execute(tx)
  return rows[0] ?? { own: 0, defaults: 0 }
}

export async function findNewest(tx: Tx): Promise<VersionRow | undefined> {
  const { rows } = await sql<VersionRow>`select ${ROW} from sla_policies order by version desc limit 1`.execute(tx)
  return rows[0]
}

export async function findVersion(tx: Tx, version: number): Promise<VersionRow | undefined> {
  const { rows } = await sql<VersionRow>`select ${ROW} from sla_policies where version = ${version}`.execute(tx)
  return rows[0]
}

/** What to compute with; without what people wrote. */
export async function listComputed(
  tx: Tx,
): Promise<Pick<VersionRow, 'version' | 'policy' | 'calendar_ids' | 'in_force_from'>[]> {
  const { rows } = await sql<Pick<VersionRow, 'version' | 'policy' | 'calendar_ids' | 'in_force_from'>>`
    select version, policy, calendar_ids, in_force_from from sla_policies order by version`.execute(tx)
  return rows
}

/** Newest first; `before` is the last version of the page before. */
export async function listVersions(
  tx: Tx,
  page: { before?: number | undefined; limit: number },
): Promise<VersionSummary[]> {
  const { rows } = await sql<VersionSummary>`
    select version, form, content_hash, note, made_by, in_force_from from sla_policies
    where ${page.before === undefined ? sql`true` : sql`version < ${page.before}`}
    order by version desc limit ${page.limit}`.execute(tx)
  return rows
}

/** The next version, in force from now on. Under the lock. */
export async function insertVersion(
  tx: Tx,
  next: (Written | Nothing) & { version: number; calendarIds: CalendarIds; note: string | null; madeBy: string },
): Promise<void> {
  await sql`
    insert into sla_policies (tenant_id, version, form, written, content_hash, policy, calendar_ids, note, made_by, in_force_from)
    values (${TENANT}, ${next.version}, ${next.form}, ${next.written}, ${next.content_hash},
      ${next.policy === null ? null : JSON.stringify(next.policy)}, ${JSON.stringify(next.calendarIds)}, ${next.note}, ${next.madeBy},
      ${inForceFrom('sla_policies')})`.execute(tx)
}

export async function findNewestDefault(tx: Tx | SystemTx): Promise<DefaultRow | undefined> {
  const { rows } = await sql<DefaultRow>`
    select ${DEFAULT_ROW} from sla.default_policies order by version desc limit 1`.execute(tx)
  return rows[0]
}

/** Those that are newer than what is known already. */
export async function listDefaults(
  tx: Tx,
  after: number,
): Promise<Pick<DefaultRow, 'version' | 'policy' | 'in_force_from'>[]> {
  const { rows } = await sql<Pick<DefaultRow, 'version' | 'policy' | 'in_force_from'>>`
    select version, policy, in_force_from from sla.default_policies where version > ${after} order by version`.execute(
    tx,
  )
  return rows
}

export type ProposedDefault = Omit<DefaultRow, 'version' | 'in_force_from'>

/** The next default, unless what is in force says the same; answers whether it was made. */
export async function insertDefault(tx: SystemTx, next: ProposedDefault): Promise<boolean> {
  await sql`select pg_advisory_xact_lock(71648, 0)`.execute(tx)
  const newest = await findNewestDefault(tx)
  if (newest?.content_hash === next.content_hash && newest.source === next.source) return false
  // The shipped policy held before it was a row: nobody's clocks are others by it.
  const isAsBefore = newest === undefined && next.source === 'built_in'
  await sql`
    insert into sla.default_policies (version, source, path, form, written, content_hash, policy, loaded_by, told_at, in_force_from)
    values (${(newest?.version ?? 0) + 1}, ${next.source}, ${next.path}, ${next.form}, ${next.written}, ${next.content_hash},
      ${JSON.stringify(next.policy)}, ${next.loaded_by},
      ${isAsBefore ? sql`clock_timestamp()` : sql`null`}, ${inForceFrom('sla.default_policies')})`.execute(tx)
  return true
}

/** Deletes versions that were replaced before `before`. Nothing that still runs began then. */
export async function forgetOldVersions(tx: SystemTx, before: Date): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from sla_policies v using sla_policies next
    where next.tenant_id = v.tenant_id and next.version = v.version + 1 and next.in_force_from < ${before}`.execute(tx)
  await sql`
    delete from sla.default_policies v using sla.default_policies next
    where next.version = v.version + 1 and next.in_force_from < ${before}`.execute(tx)
  return Number(numAffectedRows ?? 0)
}
