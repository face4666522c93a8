import { Temporal } from 'temporal-polyfill'

/** A stretch of time during which a zone keeps one offset: local time = instant + `offsetMs`. */
export type Stretch = { fromMs: number; toMs: number; offsetMs: number }

/** What is known of a zone: stretches in order, the last of which ends where nobody has looked yet. */
type Known = { stretches: Stretch[]; last: Temporal.ZonedDateTime | null }

/** Before the first year that can be asked for, by more than any zone is from UTC. */
const BEGINNING_MS = Date.UTC(1969, 11, 1)

// As many entries as there are zones: what is stored is checked and spelt in one way before it gets here.
const knownZones = new Map<string, Known>()

/**
 * The stretches of `zone` (an IANA name) that touch [fromMs, toMs), in order and without holes. Transitions are looked up
 * once per process and zone, as far as somebody asks. Throws a RangeError for a zone that does not exist.
 */
export function stretchesOf(zone: string, fromMs: number, toMs: number): Stretch[] {
  const known = knownZones.get(zone) ?? begin(zone)
  while (known.last !== null && (known.stretches.at(-1)?.toMs ?? 0) < toMs) lookFurther(known, known.last)
  return known.stretches.filter((stretch) => stretch.toMs > fromMs && stretch.fromMs < toMs)
}

function begin(zone: string): Known {
  const first = Temporal.Instant.fromEpochMilliseconds(BEGINNING_MS).toZonedDateTimeISO(zone)
  const known: Known = { stretches: [], last: first }
  lookFurther(known, first)
  knownZones.set(zone, known)
  return known
}

function lookFurther(known: Known, from: Temporal.ZonedDateTime): void {
  const next = from.getTimeZoneTransition('next')
  const toMs = next?.epochMilliseconds ?? Number.POSITIVE_INFINITY
  known.stretches.push({ fromMs: from.epochMilliseconds, toMs, offsetMs: from.offsetNanoseconds / 1_000_000 })
  known.last = next
}
