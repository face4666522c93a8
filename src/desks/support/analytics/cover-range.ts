/** Milliseconds since the epoch; a bound that is not there is infinite. */
export type Range = { from: number; to: number }

/** What counters are kept by, all in UTC. */
export type Grain = 'quarter_hour' | 'day' | 'month' | 'year'

/** A part of a range, added or taken away; `tickets`: shorter than any counter, to be looked up among the tickets. */
export type Piece = { grain: Grain | 'tickets'; sign: 1 | -1 } & Range

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
 * Pieces that make up a range exactly: whole counters of the coarsest grain in the middle, of finer ones towards the ends,
 * and at the very ends tickets: those of the end, or a counter without those beyond it, whichever takes fewer. After `now`
 * there are next to none. `grains` from coarse to fine.
 */
export function coverRange(range: Range, grains: readonly Grain[], now: number): Piece[] {
  const { from, to } = range
  if (!(from < to)) return []
  const [grain, ...finer] = grains
  if (grain === undefined) return [{ grain: 'tickets', sign: 1, from, to }]
  const { floor, after } = boundaries[grain]
  const firstWhole = Number.isFinite(from) && floor(from) < from ? after(floor(from)) : from
  const lastWhole = Number.isFinite(to) ? floor(to) : to
  // Inside of one counter.
  if (firstWhole > lastWhole) return coverRange(range, finer, now)
  const whole: Piece[] = firstWhole < lastWhole ? [{ grain, sign: 1, from: firstWhole, to: lastWhole }] : []
  const cover = (end: Range, beyond: Range): Piece[] => {
    if (finer.length > 0 || !(end.from < end.to)) return coverRange(end, finer, now)
    const isShorter = beyond.to - beyond.from < end.to - end.from || beyond.from >= now
    if (!isShorter) return [{ grain: 'tickets', sign: 1, ...end }]
    const counter = { from: Math.min(end.from, beyond.from), to: Math.max(end.to, beyond.to) }
    return [
      { grain, sign: 1, ...counter },
      { grain: 'tickets', sign: -1, ...beyond },
    ]
  }
  return [
    ...cover({ from, to: firstWhole }, { from: floor(from), to: from }),
    ...whole,
    ...cover({ from: lastWhole, to }, { from: to, to: after(lastWhole) }),
  ]
}
