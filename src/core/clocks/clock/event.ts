import type { Attributes } from './terms.ts'

/** Something that happened to a subject. Events are kept as they came and never change. */
export type ClockEvent = {
  eventId: string
  /** When it happened, as its source says. */
  atMs: number
  /** When it was heard of. */
  receivedMs: number
  /** Its place among those of the same instant, where the source has one. */
  order?: number
} & (
  | { kind: 'opened'; status: string; attributes: Attributes }
  | { kind: 'status'; status: string }
  /** `us`: somebody answered the customer; `them`: the customer wrote. */
  | { kind: 'replied'; by: 'us' | 'them' }
  /** Priority, tier or whatever else rules choose by is another one now. */
  | { kind: 'moved'; attributes: Attributes }
  /** Another subject was merged into this one: its clocks go on as they are. */
  | { kind: 'absorbed'; from: string }
  /** This one was merged into another, which has clocks of its own. */
  | { kind: 'merged'; into: string }
  | { kind: 'cancelled'; reason: string }
)

/** How far a source may be from our own time before its word is not taken. */
export type SkewRule = {
  /** An event from later than this after it was heard of counts from when it was heard of: nobody knows the future. */
  futureMs: number
  /** An event from earlier than this before it was heard of counts from then. */
  pastMs: number
}

export const SKEW: SkewRule = { futureMs: 5 * 60_000, pastMs: 366 * 86_400_000 }

export type SkewFlag = 'future' | 'too_old' | 'before_opening'

/** An event with the instant from which it counts, and why that is not the one it names. */
export type PlacedEvent = { event: ClockEvent; atMs: number; flag: SkewFlag | null }

const KIND_ORDER = ['opened', 'moved', 'status', 'replied', 'absorbed', 'merged', 'cancelled'] as const

/**
 * The events of one subject in the order in which they count, each once, whatever order they arrive in; empty without an `opened`.
 * What is dated before the opening counts from it.
 */
export function placeEvents(events: readonly ClockEvent[], skew: SkewRule = SKEW): PlacedEvent[] {
  const placed = inOrder(onceEach(events).map((event) => placeInTime(event, skew)))
  const opening = placed.find(({ event }) => event.kind === 'opened')
  if (!opening) return []
  const fromOpening = placed.map((one): PlacedEvent => {
    return one.atMs < opening.atMs ? { ...one, atMs: opening.atMs, flag: 'before_opening' } : one
  })
  return [opening, ...inOrder(fromOpening.filter((one) => one.event !== opening.event))]
}

function placeInTime(event: ClockEvent, { futureMs, pastMs }: SkewRule): PlacedEvent {
  const { atMs, receivedMs } = event
  if (atMs > receivedMs + futureMs) return { event, atMs: receivedMs, flag: 'future' }
  if (atMs < receivedMs - pastMs) return { event, atMs: receivedMs - pastMs, flag: 'too_old' }
  return { event, atMs, flag: null }
}

function inOrder(placed: readonly PlacedEvent[]): PlacedEvent[] {
  const rank = ({ event }: PlacedEvent) => KIND_ORDER.indexOf(event.kind)
  return placed.toSorted(
    (one, other) =>
      one.atMs - other.atMs ||
      (one.event.order ?? 0) - (other.event.order ?? 0) ||
      rank(one) - rank(other) ||
      (one.event.eventId < other.event.eventId ? -1 : 1),
  )
}

/** Of one event that was heard of twice, what was heard first. */
function onceEach(events: readonly ClockEvent[]): ClockEvent[] {
  const byId = new Map<string, ClockEvent>()
  for (const event of events) {
    const known = byId.get(event.eventId)
    if (!known || isBefore(event, known)) byId.set(event.eventId, event)
  }
  return [...byId.values()]
}

const isBefore = (one: ClockEvent, other: ClockEvent) =>
  one.receivedMs < other.receivedMs ||
  (one.receivedMs === other.receivedMs && JSON.stringify(one) < JSON.stringify(other))
