const DAY_MS = 86_400_000

/** One for each zone that was asked for: making one takes a hundred times as long as asking it. */
const clocks = new Map<string, Intl.DateTimeFormat>()
const CLOCKS_KEPT = 50

function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone)
  if (known) return known
  const clock = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: zone, hourCycle: 'h23', era: 'short' },
    ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
  })
  if (clocks.size >= CLOCKS_KEPT) clocks.clear()
  clocks.set(zone, clock)
  return clock
}

/** By how much the zone's clocks are ahead of UTC at a moment, in milliseconds. */
function offsetAt(zone: string, moment: number): number {
  const parts: Record<string, number> = {}
  for (const { type, value } of clockOf(zone).formatToParts(moment)) parts[type] = Number(value)
  const { year = 1, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(moment / 1_000) * 1_000
}

/**
 * The moment at which clocks of a zone show a time, in milliseconds since 1970; `shown` is that time as if it were UTC.
 * What they show twice, in autumn, is taken for the first; what they leave out, in spring, for as much later as they jump.
 * Of the years 1000 to 9999.
 */
export function momentShown(shown: number, zone: string): number {
  // The offset changes at most once within two days.
  const before = offsetAt(zone, shown - DAY_MS)
  const after = offsetAt(zone, shown + DAY_MS)
  if (before === after) return shown - before
  const holds = (offset: number) => offsetAt(zone, shown - offset) === offset
  if (holds(before)) return holds(after) ? Math.min(shown - before, shown - after) : shown - before
  return holds(after) ? shown - after : shown - before
}
