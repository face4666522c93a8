import { Fault } from '../../../kernel/faults.ts'
import type { Logger } from '../../../kernel/logger.ts'
import { tenantId } from '../../../kernel/tenant-id.ts'
import type { Database, Tx } from '../../../platform/database/index.ts'
import type { Schedule } from '../../../platform/module/index.ts'
import type { Sealer } from '../../../platform/sealing/index.ts'
import { raiseSignal } from '../../signals/index.ts'
import type { CalendarChanged } from '../calendars/change-calendar.ts'
import { failedFeedKey, openFeedUrl, takeReading } from './change-feeds.ts'
import { feedWindow } from './feed.ts'
import { retryAt } from './next-read.ts'
import type { FeedReading, FeedSource, ReadFeed } from './read-feed.ts'
import { type FeedRow, findFeed, saveFailure, takeDueFeeds } from './store.ts'

/** Longer than reading one of them takes at its worst, with all that wait before it. */
const LEASE_SECONDS = 900
const AT_ONCE = 10
const EVERY_SECONDS = 60
/** A feed that fails once or twice is nobody's business. */
const TELL_AFTER_FAILURES = 3

export type FeedDependencies = {
  database: Database
  sealer: Sealer
  readFeed: ReadFeed
  logger: Logger
  onChanged: CalendarChanged
}

/** Reads the feeds that are due, of all tenants, one after the other; each is read by one process. */
export function refreshingFeeds(dependencies: FeedDependencies): Schedule {
  const { database } = dependencies
  return {
    name: 'feeds of holidays',
    everySeconds: EVERY_SECONDS,
    work: async (signal) => {
      const due = await database.acrossTenants('feeds of all tenants are due', (tx) =>
        takeDueFeeds(tx, { limit: AT_ONCE, leaseSeconds: LEASE_SECONDS }),
      )
      for (const { tenant_id, feed_id } of due) {
        if (signal.aborted) return undefined
        await refreshFeed(dependencies, { tenant: tenant_id, feedId: feed_id, changedBy: 'system' }, signal).catch(
          (err) => {
            signal.throwIfAborted()
            // Taken for a while: the others have their turn.
            dependencies.logger.error({ err, component: 'clocks', tenant_id }, 'a feed of holidays was not dealt with')
          },
        )
      }
      return due.length === AT_ONCE ? 'again' : undefined
    },
  }
}

/** Reads a feed again and stores what became of it; undefined when it is gone or a file. */
export async function refreshFeed(
  dependencies: FeedDependencies,
  { tenant, feedId, changedBy }: { tenant: string; feedId: string; changedBy: string },
  signal: AbortSignal,
): Promise<FeedReading | undefined> {
  const { database, sealer, readFeed, logger, onChanged } = dependencies
  const id = tenantId(tenant)
  const feed = await database.withTenant(id, (tx) => findFeed(tx, feedId))
  if (!feed || feed.kind === 'file') return undefined
  const now = new Date()
  const source = sourceOf(sealer, feed)
  const reading = 'failure' in source ? source : await readFeed(source, feedWindow(now), signal)
  const fail = (failure: string) => {
    logger.info({ component: 'clocks', tenant_id: tenant, why: failure }, 'a feed of holidays cannot be read')
    return database.withTenant(id, (tx) => noteFailure(tx, feed, failure, now))
  }
  if ('failure' in reading) await fail(reading.failure)
  else {
    const who = { tenantId: id, calendarId: feed.calendar_id, changedBy }
    await database
      .withTenant(id, async (tx) => {
        if (await takeReading(tx, who, feed, reading, now)) await onChanged(tx, id, changedBy)
      })
      .catch(async (error: unknown) => {
        // The calendar has too many versions, or its feeds too many days together.
        if (!(error instanceof Fault)) throw error
        await fail(error.public)
      })
  }
  return reading
}

function sourceOf(sealer: Sealer, feed: FeedRow): FeedSource | { failure: string } {
  if (feed.kind === 'country')
    return { kind: 'country', country: feed.settings.country ?? '', region: feed.settings.region }
  try {
    return { kind: 'url', url: openFeedUrl(sealer, feed) }
  } catch {
    return { failure: 'its stored address can no longer be read: remove the feed and add it again' }
  }
}

async function noteFailure(tx: Tx, feed: FeedRow, failure: string, now: Date): Promise<void> {
  const next = retryAt(feed.failures, now)
  const failures = await saveFailure(tx, { feed_id: feed.feed_id, failure, next_read_at: next })
  if (failures === undefined || failures < TELL_AFTER_FAILURES) return
  await raiseSignal(tx, {
    kind: 'calendar.feed_failed',
    subject: `calendar:${feed.calendar_id}`,
    severity: 'warning',
    title: `The holidays of “${feed.name}” can no longer be read; the calendar keeps those it has`,
    facts: { feed: feed.name, reason: failure },
    dedupeKey: failedFeedKey(feed.feed_id),
  })
}
