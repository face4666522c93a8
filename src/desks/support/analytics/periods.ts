import type { Range } from './cover-range.ts'

const DAY_MS = 86_400_000
const GROWTH_DAYS = 30
/** Before the year 1 times have no ISO form; trends of a range that ends there begin there. */
const EARLIEST = Date.parse('0001-01-01T00:00:00Z')
const EARLIEST_LAST = EARLIEST + 40 * DAY_MS

export type Requested = { from?: string | undefined; to?: string | undefined }

/** The tickets that totals are about; a bound that was not asked for is infinite. */
export const requestedRange = ({ from, to }: Requested): Range => ({
  from: from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(from),
  to: to === undefined ? Number.POSITIVE_INFINITY : Date.parse(to),
})

/** The last instant that trends show: now, or the last millisecond of a range that ended before. */
export const lastInstant = ({ to }: Requested, now: Date): number =>
  Math.max(Math.min(now.getTime(), requestedRange({ to }).to - 1), EARLIEST_LAST)

/**
 * What growth compares: the range that was asked for and the one of equal length before it. Without a range 30 whole days
 * (UTC), today the last of them; with only one end, up to now or the 30 days before it.
 */
export function growthPeriods({ from, to }: Requested, now: Date): { current: Range; before: Range } {
  const end = to === undefined ? now.getTime() : Date.parse(to)
  const tomorrow = (Math.floor(now.getTime() / DAY_MS) + 1) * DAY_MS
  const current =
    from === undefined
      ? { from: (to === undefined ? tomorrow : end) - GROWTH_DAYS * DAY_MS, to: to === undefined ? tomorrow : end }
      : { from: Date.parse(from), to: Math.max(Date.parse(from), end) }
  const start = Math.max(current.from, EARLIEST)
  const before = { from: Math.max(start - (current.to - start), EARLIEST), to: start }
  return { current: { from: start, to: current.to }, before }
}
