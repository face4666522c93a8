import type { FeedKind } from './store.ts'

const HOUR_MS = 3_600_000
const READ_EVERY_HOURS = { country: 7 * 24, url: 24 }
const FIRST_RETRY_HOURS = 0.25
const LAST_RETRY_HOURS = 24

/** When a feed that was just read is read again; a file never by itself. */
export function nextReadAt(kind: FeedKind, now: Date): Date | null {
  return kind === 'file' ? null : new Date(now.getTime() + READ_EVERY_HOURS[kind] * HOUR_MS)
}

/** When it is tried again after it failed so often before: 15 minutes, doubled each time, a day at most. */
export function retryAt(failuresBefore: number, now: Date): Date {
  const hours = Math.min(FIRST_RETRY_HOURS * 2 ** Math.min(failuresBefore, 20), LAST_RETRY_HOURS)
  return new Date(now.getTime() + hours * HOUR_MS)
}
