import { stretchesOf } from './zone-offsets.ts'

const MINUTE_MS = 60_000

/** An instant as the clock of a zone shows it, ISO 8601 with the offset: `2026-03-29T09:00:00+02:00`. */
export function localTime(zone: string, atMs: number): string {
  const offsetMs = stretchesOf(zone, atMs, atMs + 1)[0]?.offsetMs ?? 0
  const shown = new Date(atMs + offsetMs).toISOString().slice(0, 19)
  const minutes = Math.abs(offsetMs / MINUTE_MS)
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  return `${shown}${offsetMs < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`
}
