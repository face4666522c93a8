import { z } from 'zod'
import { ProviderError } from './port.ts'

/**
 * How the tickets of a Freshdesk account are walked.
 *
 * Freshdesk has no cursor, only numbered pages of tickets changed since a time, which move while they are read: a ticket
 * that changes leaves its place for the end, all behind it move up by one, and the next page misses one. So pages are
 * not counted: after each page the walk goes on with the time of its last ticket, less a second because it is not said
 * whether `updated_since` includes that second.
 *
 * Only when a whole page lies in that second (a bulk change) are pages counted, up to the last that Freshdesk serves.
 * Then the way is walked back as well: what moved up past a page while it was read stands before it now, and moves only
 * towards the pages still to come.
 */

/** Changed tickets first: one that is deleted during the walk must be told as deleted after it was told as changed. */
const STREAMS = ['tickets', 'deleted', 'spam'] as const

/** @see https://developers.freshdesk.com/api/#list_all_tickets “A maximum of 300 pages (30000 tickets) will be returned.” */
const PAGES_MAX = 300

/**
 * How far the next walk reaches back before this one began. Lists come from replicas that lag by an unknown time, their
 * clock may differ from that of the answer's Date header, and search is said to lag by “a few minutes”. Told twice, a
 * change is stored once.
 */
const OVERLAP_SECONDS = 300

/**
 * A walk starts before our own now. One that starts later than by this was led there by a ticket or a clock that lies ahead,
 * and nobody knows what changed meanwhile: the next one starts anew.
 */
const AHEAD_MAX_MS = 600_000

/** Without `updated_since` only tickets created in the last 30 days are listed. */
const EARLIEST = '1970-01-01T00:00:00.000Z'

const instant = z.iso.datetime()

const Position = z.strictObject({
  stream: z.enum(STREAMS),
  since: instant,
  page: z.int().min(1).max(PAGES_MAX),
  /** On the way back: where the walk goes on afterwards, a time or the end of the stream. Null on the way forth. */
  back: z.union([instant, z.literal('end')]).nullable(),
  /** From where this walk started; every stream starts there. */
  origin: instant,
  /** When this walk began, by Freshdesk's clock or by ours, whichever is behind. What changed later is told again by the next. */
  begun: instant.nullable(),
  newest: instant.nullable(),
})
export type Position = z.output<typeof Position>

/** A page as it matters here: when its tickets changed, in its order, in UTC with milliseconds so that texts compare. */
export type PageSeen = { changedAt: readonly string[]; hasNext: boolean; answeredAt: string }

const walkFrom = (origin: string): Position => ({
  stream: 'tickets',
  since: origin,
  page: 1,
  back: null,
  origin,
  begun: null,
  newest: null,
})

/** @throws ProviderError `refused` when the cursor is none of `writePosition`. */
export function readPosition(cursor: string | null, now: Date): Position {
  if (cursor === null) return walkFrom(EARLIEST)
  try {
    const position = Position.parse(JSON.parse(cursor))
    return Date.parse(position.origin) > now.getTime() + AHEAD_MAX_MS ? walkFrom(EARLIEST) : position
  } catch (cause) {
    throw new ProviderError('refused', 'the stored position in this Freshdesk account cannot be read', { cause })
  }
}

export const writePosition = (position: Position): string => JSON.stringify(position)

/**
 * Where the walk goes on after a page; `isWalkOver` when that is where the next walk starts.
 *
 * @throws ProviderError `refused` when as many tickets changed in one second as Freshdesk lists, or more.
 */
export function advance(position: Position, seen: PageSeen): { position: Position; isWalkOver: boolean } {
  const begun = position.begun ?? seen.answeredAt
  const newest = [position.newest ?? '', ...seen.changedAt].sort().at(-1) || null
  const here = { ...position, begun, newest }
  if (here.back !== null) return here.page > 1 ? goOn({ ...here, page: here.page - 1 }) : goTo(here, here.back)
  if (!seen.hasNext) return leave(here, 'end')
  const next = secondBefore(lastSettled(seen.changedAt, begun))
  if (next !== null && next > here.since) return leave(here, next)
  if (here.page < PAGES_MAX) return goOn({ ...here, page: here.page + 1 })
  throw new ProviderError(
    'refused',
    `${PAGES_MAX * 100} tickets or more were changed in the second after ${here.since}, and Freshdesk lists no more of them`,
  )
}

/**
 * The last ticket that tells how far the page reaches. One that changed after the walk began may stand in a place that
 * it left while the page was put together; going on from its time would leave out all between. The next walk tells it.
 */
function lastSettled(changedAt: readonly string[], begun: string | null): string | undefined {
  return changedAt.filter((at) => begun === null || at <= begun).at(-1) ?? changedAt.at(-1)
}

const goOn = (position: Position) => ({ position, isWalkOver: false })

/** Pages beyond the first were counted, so that the way has to be walked back. */
const leave = (here: Position, target: string) =>
  here.page > 1 ? goOn({ ...here, page: here.page - 1, back: target }) : goTo(here, target)

function goTo(here: Position, target: string): { position: Position; isWalkOver: boolean } {
  if (target !== 'end') return goOn({ ...here, since: target, page: 1, back: null })
  const stream = STREAMS[STREAMS.indexOf(here.stream) + 1]
  if (stream !== undefined) return goOn({ ...here, stream, since: here.origin, page: 1, back: null })
  return { position: walkFrom(nextOrigin(here)), isWalkOver: true }
}

/** Never later than what was seen: the clock of the Date header may run ahead of the one that stamps the tickets. */
function nextOrigin({ origin, begun, newest }: Position): string {
  if (newest === null) return origin
  const reached = begun !== null && begun < newest ? begun : newest
  const overlapping = new Date(Date.parse(reached) - OVERLAP_SECONDS * 1_000).toISOString()
  return overlapping > origin ? overlapping : origin
}

function secondBefore(instant: string | undefined): string | null {
  if (instant === undefined) return null
  return new Date(Math.floor(Date.parse(instant) / 1_000 - 1) * 1_000).toISOString()
}
