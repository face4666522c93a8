/** Local time by `Intl.DateTimeFormat` alone: what the product computes with a library made for zones is checked against this. */

const MINUTE_MS = 60_000

export type WallTime = { date: string; minuteOfDay: number }

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known) return known
  const options = { timeZone: zone, hourCycle: 'h23', calendar: 'gregory', numberingSystem: 'latn' } as const
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const
  const format = new Intl.DateTimeFormat('en-US', { ...options, ...parts })
  formats.set(zone, format)
  return format
}

/** The local date and time of an instant: what a clock on the wall shows. */
export function wallTime(zone: string, atMs: number): WallTime {
  // MM/DD/YYYY, HH:MM
  const text = formatOf(zone).format(atMs)
  const date = `${text.slice(6, 10)}-${text.slice(0, 2)}-${text.slice(3, 5)}`
  return { date, minuteOfDay: Number(text.slice(12, 14)) * 60 + Number(text.slice(15, 17)) }
}

/** What the clock on the wall shows at each of the minutes that follow `fromMs`, which is a whole minute of UTC. */
export function wallTimes(zone: string, fromMs: number, minutes: number): WallTime[] {
  return Array.from({ length: minutes }, (_, minute) => wallTime(zone, fromMs + minute * MINUTE_MS))
}

/** The offset of a zone in minutes, for finding where it changes. */
function offsetMinutes(zone: string, atMs: number): number {
  const { date, minuteOfDay } = wallTime(zone, atMs)
  return (Date.parse(`${date}T00:00:00Z`) - atMs) / MINUTE_MS + minuteOfDay
}

const changes = new Map<string, readonly number[]>()

/** The whole minutes of a UTC year at which the offset of a zone changes. */
export function changesIn(zone: string, year: number): readonly number[] {
  const key = `${zone} ${year}`
  const known = changes.get(key)
  if (known) return known
  const found: number[] = []
  let before = offsetMinutes(zone, Date.UTC(year, 0, 1))
  for (let dayMs = Date.UTC(year, 0, 1); dayMs < Date.UTC(year + 1, 0, 1); dayMs += 1_440 * MINUTE_MS) {
    let [low, high] = [dayMs, dayMs + 1_440 * MINUTE_MS]
    const after = offsetMinutes(zone, high)
    if (after === before) continue
    while (high - low > MINUTE_MS) {
      const middle = low + Math.floor((high - low) / (2 * MINUTE_MS)) * MINUTE_MS
      if (offsetMinutes(zone, middle) === before) low = middle
      else high = middle
    }
    found.push(high)
    before = after
  }
  changes.set(key, found)
  return found
}
