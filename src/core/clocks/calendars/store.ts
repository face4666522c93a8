import { sql } from 'kysely'
import type { SystemTx, Tx } from '../../../platform/database/index.ts'
import type { CalendarDocument } from '../engine/calendar-document.ts'
import type { FeedHoliday } from './calendar.ts'

/** A version, and the calendar it is of. */
export type CalendarRow = {
  tenant_id: string
  calendar_id: string
  name: string
  version: number
  document: CalendarDocument
  feed_holidays: FeedHoliday[]
  made_by: string
  in_force_from: Date
  created_by: string
  created_at: Date
}

/** Without what makes it long. */
export type CalendarSummaryRow = Omit<CalendarRow, 'document' | 'feed_holidays'> & { zone: string }

export type VersionRow = Pick<CalendarRow, 'version' | 'made_by' | 'in_force_from'>

const ROW = sql`
  select c.tenant_id, c.calendar_id, c.name, v.version, v.document, v.feed_holidays, v.made_by, v.in_force_from, c.created_by, c.created_at
  from calendars c join calendar_versions v using (tenant_id, calendar_id)`

/** Until the end of the transaction nobody else adds, renames or changes a calendar of this tenant: what is checked stays true. */
export async function lockCalendars(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(71643, hashtext(current_setting('signalbox.tenant_id')))`.execute(tx)
}

/** How many calendars there are, and whether another one has the name. Under the lock. */
export async function lookAround(
  tx: Tx,
  wanted: { name: string; calendarId?: string },
): Promise<{ count: number; hasName: boolean }> {
  const { rows } = await sql<{ count: number; has_name: boolean }>`
    select count(*)::integer as count,
      coalesce(bool_or(name = ${wanted.name} and calendar_id is distinct from ${wanted.calendarId ?? null}::uuid), false) as has_name
    from calendars where removed_at is null`.execute(tx)
  return { count: rows[0]?.count ?? 0, hasName: rows[0]?.has_name ?? false }
}

export async function insertCalendar(
  tx: Tx,
  calendar: { calendarId: string; name: string; createdBy: string; document: CalendarDocument },
): Promise<void> {
  const { calendarId, name, createdBy, document } = calendar
  await sql`
    with calendar as (
      insert into calendars (tenant_id, calendar_id, name, created_by)
      values (current_setting('signalbox.tenant_id'), ${calendarId}, ${name}, ${createdBy})
    )
    insert into calendar_versions (tenant_id, calendar_id, version, document, made_by)
    values (current_setting('signalbox.tenant_id'), ${calendarId}, 1, ${JSON.stringify(document)}, ${createdBy})`.execute(
    tx,
  )
}

/** The version in force, or an earlier one. Removed calendars are not found. */
export async function findCalendar(tx: Tx, calendarId: string, version?: number): Promise<CalendarRow | undefined> {
  const { rows } = await sql<CalendarRow>`
    ${ROW} where c.calendar_id = ${calendarId} and c.removed_at is null
      and v.version = ${version === undefined ? sql`c.version` : sql`${version}`}`.execute(tx)
  return rows[0]
}

/** A version of a calendar that may have been removed since: for what was measured with it. */
export async function findVersion(
  tx: Tx,
  calendarId: string,
  version: number,
): Promise<Pick<CalendarRow, 'document' | 'feed_holidays'> | undefined> {
  const { rows } = await sql<Pick<CalendarRow, 'document' | 'feed_holidays'>>`
    select document, feed_holidays from calendar_versions
    where calendar_id = ${calendarId} and version = ${version}`.execute(tx)
  return rows[0]
}

/** By name; `after` is the last name of the page before. */
export async function listCalendars(
  tx: Tx,
  page: { after?: string | undefined; limit: number },
): Promise<CalendarSummaryRow[]> {
  const { rows } = await sql<CalendarSummaryRow>`
    select c.tenant_id, c.calendar_id, c.name, c.version, v.document ->> 'zone' as zone, v.made_by, v.in_force_from, c.created_by, c.created_at
    from calendars c join calendar_versions v using (tenant_id, calendar_id, version)
    where c.removed_at is null and ${page.after === undefined ? sql`true` : sql`c.name > ${page.after}`}
    order by c.name limit ${page.limit}`.execute(tx)
  return rows
}

/** Newest first; `before` is the last version of the page before. */
export async function listVersions(
  tx: Tx,
  calendarId: string,
  page: { before?: number | undefined; limit: number },
): Promise<VersionRow[]> {
  const { rows } = await sql<VersionRow>`
    select version, made_by, in_force_from from calendar_versions
    where calendar_id = ${calendarId} and ${page.before === undefined ? sql`true` : sql`version < ${page.before}`}
    order by version desc limit ${page.limit}`.execute(tx)
  return rows
}

export async function renameCalendar(tx: Tx, calendarId: string, name: string): Promise<void> {
  await sql`update calendars set name = ${name} where calendar_id = ${calendarId}`.execute(tx)
}

/** The next version, in force from now on. Under the lock. */
export async function insertVersion(
  tx: Tx,
  next: Pick<CalendarRow, 'calendar_id' | 'version' | 'document' | 'feed_holidays' | 'made_by'>,
): Promise<void> {
  await sql`
    with calendar as (
      update calendars set version = ${next.version} where calendar_id = ${next.calendar_id}
    )
    insert into calendar_versions (tenant_id, calendar_id, version, document, feed_holidays, made_by)
    values (current_setting('signalbox.tenant_id'), ${next.calendar_id}, ${next.version}, ${JSON.stringify(next.document)},
      ${JSON.stringify(next.feed_holidays)}, ${next.made_by})`.execute(tx)
}

/** It is not found any more; its feeds are forgotten, its versions stay. False when there is none. */
export async function markRemoved(tx: Tx, calendarId: string): Promise<boolean> {
  const { rows } = await sql`
    with feeds as (delete from calendar_feeds where calendar_id = ${calendarId})
    update calendars set removed_at = now() where calendar_id = ${calendarId} and removed_at is null returning 1`.execute(
    tx,
  )
  return rows.length === 1
}

/** Deletes versions that were replaced, and calendars that were removed, before `before`. Nothing that still runs began then. */
export async function forgetOldVersions(tx: SystemTx, before: Date): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from calendar_versions v using calendar_versions next
    where next.tenant_id = v.tenant_id and next.calendar_id = v.calendar_id and next.version = v.version + 1
      and next.in_force_from < ${before}`.execute(tx)
  await sql`delete from calendars where removed_at < ${before}`.execute(tx)
  return Number(numAffectedRows ?? 0)
}
