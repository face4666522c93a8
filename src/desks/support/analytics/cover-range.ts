/** Milliseconds since the epoch; a bound that is not there is infinite. */
export type Range = { from: number; to: number }

/** What counters are kept by, all in UTC. */
export type Grain = 'quarter_hour' | 'day' | 'month' | 'year'

/** A part of a range; `tickets`: shorter than any counter, to be looked up among the tickets. */
export type Piece = { grain: Grain | 'tickets' } & Range

const QUARTER_HOUR_MS = 900_000
const DAY_MS = 86_400_000

const floorTo = (width: number) => (time: number) => Math.floor(time / width) * width
/** The last boundary at or before `time`, and the first one after that. */
const boundaries: Record<Grain, { floor: (time: number) => number; after: (boundary: number) => number }> = {
  quarter_hour: { floor: floorTo(QUARTER_HOUR_MS), after: (boundary) => boundary + QUARTER_HOUR_MS },
  day: { floor: floorTo(DAY_MS), after: (boundary) => boundary + DAY_MS },
  month: {
    floor: (time) => startOfMonth(time, (month) => month),
    after: (boundary) => startOfMonth(boundary, (month) => month + 1),
  },
  year: {
    floor: (time) => startOfMonth(time, () => 0),
    after: (boundary) => startOfMonth(boundary, () => 12),
  },
}

/** Of a month that is counted from the January of the year of `time`. */
function startOfMonth(time: number, which: (month: number) => number): number {
  const date = new Date(time)
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  date.setUTCHours(0, 0, 0, 0)
  return date.setUTCMonth(which(date.getUTCMonth()), 1)
}

/**
 * Pieces that make up a range exactly and do not overlap: whole counters of the coarsest grain in the middle, of finer
 * ones towards the ends, and the tickets themselves at the very ends. `grains` from coarse to fine.
 */
export function coverRange(range: Range, grains: readonly Grain[]): Piece[] {
  const { from, to } = range
  if (!(from < to)) return []
  const [grain, ...finer] = grains
  if (grain === undefined) return [{ grain: 'tickets', from, to }]
  const { floor, after } = boundaries[grain]
  const firstWhole = Number.isFinite(from) && floor(from) < from ? after(floor(from)) : from
  const lastWhole = Number.isFinite(to) ? floor(to) : to
  if (firstWhole >= lastWhole) return coverRange(range, finer)
  return [
    ...coverRange({ from, to: firstWhole }, finer),
    { grain, from: firstWhole, to: lastWhole },
    ...coverRange({ from: lastWhole, to }, finer),
  ]
}
