import { sql } from 'kysely'
import type { SystemTx, Tx } from '../../../platform/database/index.ts'
import type { FeedHoliday } from '../calendars/calendar.ts'

export type FeedKind = 'country' | 'url' | 'file'

export type FeedRow = {
  tenant_id: string
  feed_id: string
  calendar_id: string
  kind: FeedKind
  name: string
  settings: { country?: string; region?: string; host?: string }
  sealed_url: Buffer | null
  holidays: FeedHoliday[]
  left_out: number
  read_at: Date
  next_read_at: Date | null
  failures: number
  failure: string | null
  created_by: string
  created_at: Date
}

export type NewFeedRow = Pick<
  FeedRow,
  | 'feed_id'
  | 'calendar_id'
  | 'kind'
  | 'name'
  | 'settings'
  | 'sealed_url'
  | 'holidays'
  | 'left_out'
  | 'next_read_at'
  | 'created_by'
>

/** At most so many as a calendar may have; by name. */
export async function listFeeds(tx: Tx, calendarId: string): Promise<FeedRow[]> {
  const { rows } = await sql<FeedRow>`
    select * from calendar_feeds where calendar_id = ${calendarId} order by name, feed_id`.execute(tx)
  return rows
}

export async function findFeed(tx: Tx, feedId: string): Promise<FeedRow | undefined> {
  const { rows } = await sql<FeedRow>`select * from calendar_feeds where feed_id = ${feedId}`.execute(tx)
  return rows[0]
}

export async function insertFeed(tx: Tx, feed: NewFeedRow): Promise<void> {
  await sql`
    insert into calendar_feeds (tenant_id, feed_id, calendar_id, kind, name, settings, sealed_url, holidays, left_out, next_read_at, created_by)
    values (current_setting('signalbox.tenant_id'), ${feed.feed_id}, ${feed.calendar_id}, ${feed.kind}, ${feed.name},
      ${JSON.stringify(feed.settings)}, ${feed.sealed_url}, ${JSON.stringify(feed.holidays)}, ${feed.left_out},
      ${feed.next_read_at}, ${feed.created_by})`.execute(tx)
}

/** What it says now. False when it is gone. */
export async function saveReading(
  tx: Tx,
  read: Pick<FeedRow, 'feed_id' | 'holidays' | 'left_out' | 'next_read_at'>,
): Promise<boolean> {
  const { rows } = await sql`
    update calendar_feeds set holidays = ${JSON.stringify(read.holidays)}, left_out = ${read.left_out}, read_at = now(),
      next_read_at = ${read.next_read_at}, failures = 0, failure = null
    where feed_id = ${read.feed_id} returning 1`.execute(tx)
  return rows.length === 1
}

/** It could not be read; what it said before stays. How often that was in a row; undefined when it is gone. */
export async function saveFailure(
  tx: Tx,
  failed: { feed_id: string; failure: string; next_read_at: Date },
): Promise<number | undefined> {
  const { rows } = await sql<{ failures: number }>`
    update calendar_feeds set failures = failures + 1, failure = ${failed.failure}, next_read_at = ${failed.next_read_at}
    where feed_id = ${failed.feed_id} returning failures`.execute(tx)
  return rows[0]?.failures
}

export async function deleteFeed(tx: Tx, feedId: string): Promise<boolean> {
  const { rows } = await sql`delete from calendar_feeds where feed_id = ${feedId} returning 1`.execute(tx)
  return rows.length === 1
}

/** Takes feeds that are due, those that wait longest first: nobody else takes them for `leaseSeconds`. */
export async function takeDueFeeds(
  tx: SystemTx,
  { limit, leaseSeconds }: { limit: number; leaseSeconds: number },
): Promise<{ tenant_id: string; feed_id: string }[]> {
  const { rows } = await sql<{ tenant_id: string; feed_id: string }>`
    with due as (
      select tenant_id, feed_id from calendar_feeds where next_read_at <= now()
      order by next_read_at limit ${limit} for update skip locked
    )
    update calendar_feeds f set next_read_at = now() + make_interval(secs => ${leaseSeconds})
    from due where f.tenant_id = due.tenant_id and f.feed_id = due.feed_id
    returning f.tenant_id, f.feed_id`.execute(tx)
  return rows
}
