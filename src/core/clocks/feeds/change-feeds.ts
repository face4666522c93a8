import { randomUUID } from 'node:crypto'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import type { Sealer } from '../../../platform/sealing/index.ts'
import { recordAudit } from '../../audit/index.ts'
import { resolveSignal } from '../../signals/index.ts'
import { makeVersion, requireOwnCalendar } from '../calendars/change-calendar.ts'
import { lockCalendars } from '../calendars/store.ts'
import { clockFault, feedNotFound, feedUnreadable } from '../faults.ts'
import { countDays, FEED_DAYS_MAX, FEEDS_A_CALENDAR_MAX, mergeHolidays } from './feed.ts'
import { nextReadAt } from './next-read.ts'
import type { FeedReading } from './read-feed.ts'
import { deleteFeed, type FeedKind, type FeedRow, findFeed, insertFeed, listFeeds, saveReading } from './store.ts'

type OfCalendar = { tenantId: TenantId; calendarId: string; changedBy: string }
type Said = Exclude<FeedReading, { failure: string }>

export const failedFeedKey = (feedId: string) => `calendar.feed_failed:${feedId}`

/** Bound to its row: copied to another feed or tenant, it does not open. */
const contextOf = (tenantId: string, feedId: string) => `calendar-feed:${tenantId}:${feedId}`

export const openFeedUrl = (sealer: Sealer, feed: Pick<FeedRow, 'tenant_id' | 'feed_id' | 'sealed_url'>): string =>
  sealer.open(feed.sealed_url ?? Buffer.alloc(0), contextOf(feed.tenant_id, feed.feed_id))

/**
 * Adds a feed that was read, and makes a version with what it says. A file of a name that the calendar has takes that one's place.
 *
 * @throws clocks.calendar_not_found, clocks.built_in_calendar, clocks.too_many_feeds, clocks.feed_name_taken, clocks.feed_unreadable, clocks.too_many_versions
 */
export async function addFeed(
  tx: Tx,
  sealer: Sealer,
  who: OfCalendar,
  feed: {
    kind: FeedKind
    name: string
    settings: FeedRow['settings']
    url?: string | undefined
    said: Said
    now: Date
  },
): Promise<FeedRow> {
  const { kind, name, settings, url, said, now } = feed
  await lockCalendars(tx)
  await requireOwnCalendar(tx, who.calendarId)
  const others = await listFeeds(tx, who.calendarId)
  const namesake = others.find((other) => other.name === name)
  if (namesake && (kind !== 'file' || namesake.kind !== 'file')) throw nameTaken(name)
  if (!namesake && others.length >= FEEDS_A_CALENDAR_MAX) throw tooMany()
  const feedId = namesake?.feed_id ?? randomUUID()
  const read = { feed_id: feedId, holidays: said.holidays, left_out: said.leftOut, next_read_at: nextReadAt(kind, now) }
  if (namesake) await saveReading(tx, read)
  else {
    const sealed_url = url === undefined ? null : sealer.seal(url, contextOf(who.tenantId, feedId))
    await insertFeed(tx, {
      ...read,
      kind,
      name,
      settings,
      sealed_url,
      calendar_id: who.calendarId,
      created_by: who.changedBy,
    })
  }
  await makeVersionOfFeeds(tx, who)
  await audit(tx, who, 'calendar.add_feed', { feed_id: feedId, kind, name })
  return requireFeed(tx, who.calendarId, feedId)
}

/** Stores what a feed says now, and makes a version if that is something else: answers whether it did. Nothing when the feed is gone. */
export async function takeReading(tx: Tx, who: OfCalendar, feed: FeedRow, said: Said, now: Date): Promise<boolean> {
  await lockCalendars(tx)
  const next = nextReadAt(feed.kind, now)
  const isThere = await saveReading(tx, {
    ...{ feed_id: feed.feed_id, holidays: said.holidays, left_out: said.leftOut, next_read_at: next },
  })
  if (!isThere) return false
  await resolveSignal(tx, failedFeedKey(feed.feed_id))
  if (!(await makeVersionOfFeeds(tx, who))) return false
  await audit(tx, who, 'calendar.read_feed', { feed_id: feed.feed_id, name: feed.name })
  return true
}

/** Its holidays go with it, in a new version. @throws clocks.feed_not_found */
export async function removeFeed(tx: Tx, who: OfCalendar, feedId: string): Promise<void> {
  await lockCalendars(tx)
  const { name } = await requireFeed(tx, who.calendarId, feedId)
  await deleteFeed(tx, feedId)
  await resolveSignal(tx, failedFeedKey(feedId))
  await makeVersionOfFeeds(tx, who)
  await audit(tx, who, 'calendar.remove_feed', { feed_id: feedId, name })
}

/** @throws clocks.feed_not_found */
export async function requireFeed(tx: Tx, calendarId: string, feedId: string): Promise<FeedRow> {
  const feed = await findFeed(tx, feedId)
  if (feed?.calendar_id !== calendarId) throw feedNotFound()
  return feed
}

/** Under the lock. */
async function makeVersionOfFeeds(tx: Tx, { calendarId, changedBy }: OfCalendar): Promise<boolean> {
  const before = await requireOwnCalendar(tx, calendarId)
  const feedHolidays = mergeHolidays((await listFeeds(tx, calendarId)).map(({ holidays }) => holidays))
  if (countDays(feedHolidays) > FEED_DAYS_MAX) {
    throw feedUnreadable(`the feeds of this calendar have more than ${FEED_DAYS_MAX} days together`)
  }
  return makeVersion(tx, before, { document: before.document, feedHolidays, madeBy: changedBy })
}

const audit = (tx: Tx, who: OfCalendar, action: string, details: Record<string, string>) =>
  recordAudit(tx, {
    ...{ tenantId: who.tenantId, actor: who.changedBy, action, subject: `calendar:${who.calendarId}`, details },
  })

const nameTaken = (name: string) =>
  clockFault('clocks.feed_name_taken', {
    public: `This calendar has a feed called “${name}” already. Choose another name, or remove that one first.`,
    internal: 'feed name taken',
  })

const tooMany = () =>
  clockFault('clocks.too_many_feeds', {
    public: `A calendar has at most ${FEEDS_A_CALENDAR_MAX} feeds. Remove one that is not needed any more.`,
    internal: 'one feed too many for a calendar',
  })
