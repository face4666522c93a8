import type { Random } from '../../random.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const DAYS = 30
/** Enough in the last day that a fresh demo has an hourly curve to show. */
const SHARE_OF_LAST_DAY = 0.12

/** How busy an hour of the day is (UTC), 1 = the busiest. */
const HOUR_WEIGHTS = [
  0.1, 0.07, 0.05, 0.05, 0.07, 0.12, 0.25, 0.5, 0.8, 1, 1, 0.95, 0.75, 0.85, 0.95, 0.9, 0.8, 0.65, 0.5, 0.45, 0.4, 0.35,
  0.25, 0.15,
]
/** Sunday to Saturday: people write on Mondays what went wrong at the weekend. */
const WEEKDAY_WEIGHTS = [0.3, 1, 0.9, 0.85, 0.85, 0.8, 0.35]

/**
 * When `count` tickets arrived, oldest first, in milliseconds: over the 30 days up to `newestAt`, in the rhythm of day
 * and week.
 */
export function arrivals(count: number, newestAt: number, random: Random): number[] {
  const recent = Math.round(count * SHARE_OF_LAST_DAY)
  const times = Array.from({ length: count }, (_, index) => {
    const [from, to] = index < recent ? [newestAt - DAY_MS, newestAt] : [newestAt - DAYS * DAY_MS, newestAt - DAY_MS]
    return drawInRhythm(from, to, random)
  })
  return times.sort((left, right) => left - right)
}

function drawInRhythm(from: number, to: number, random: Random): number {
  for (;;) {
    // Rounded down to the second, but never below `from`: the oldest ticket is 30 days old, not more.
    const time = Math.max(from, Math.floor((from + random.fraction() * (to - from)) / 1000) * 1000)
    const date = new Date(time)
    const weight = (HOUR_WEIGHTS[date.getUTCHours()] ?? 1) * (WEEKDAY_WEIGHTS[date.getUTCDay()] ?? 1)
    if (random.chance(weight)) return time
  }
}
