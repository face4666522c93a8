import type { ClockTarget } from '../clock/terms.ts'

export const TARGET_NAMES: Readonly<Record<ClockTarget, string>> = {
  first_response: 'First response',
  next_response: 'Next response',
  resolution: 'Resolution',
}

const MINUTE_MS = 60_000
const UNITS = [
  { name: 'day', minutes: 1_440 },
  { name: 'hour', minutes: 60 },
  { name: 'minute', minutes: 1 },
]

/** Time in the two largest units that it has, e.g. `3 hours 5 minutes`; whole minutes, rounded down. */
export function durationInWords(ms: number): string {
  let left = Math.floor(ms / MINUTE_MS)
  const parts: string[] = []
  for (const { name, minutes } of UNITS) {
    const count = Math.floor(left / minutes)
    left -= count * minutes
    if (count > 0) parts.push(`${count} ${name}${count === 1 ? '' : 's'}`)
    else if (parts.length > 0) break
    if (parts.length === 2) break
  }
  return parts.length === 0 ? 'less than a minute' : parts.join(' ')
}

/** Of open time: `12 minutes left`, `3 hours 5 minutes late`. */
export const leftInWords = (leftMs: number): string =>
  leftMs > 0 ? `${durationInWords(leftMs)} left` : `${durationInWords(-leftMs)} late`

const formats = new Map<string, Intl.DateTimeFormat>()
const FORMATS_KEPT = 50

/** An instant as clocks of a zone show it, e.g. `Fri, 27 Nov 2026, 17:30 CET`. */
export function instantInZone(atMs: number, zone: string): string {
  const known = formats.get(zone)
  const format =
    known ??
    new Intl.DateTimeFormat('en-GB', {
      ...{ timeZone: zone, hourCycle: 'h23', timeZoneName: 'short', weekday: 'short' },
      ...{ year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' },
    })
  if (!known) {
    if (formats.size >= FORMATS_KEPT) formats.clear()
    formats.set(zone, format)
  }
  return format.format(atMs)
}
