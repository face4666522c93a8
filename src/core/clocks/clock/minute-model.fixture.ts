import { workingTimeBetween } from '../engine/working-time.ts'
import { DONE, MINUTE } from './clock.fixture.ts'
import type { Clock } from './clock.ts'
import type { PlacedEvent } from './event.ts'
import type { Attributes, ClockTarget, TermsAt } from './terms.ts'

/**
 * The rules of clocks once more, minute by minute and from the whole log each time: what is true at a minute is asked of all events up to it.
 * For logs, versions and targets in whole minutes.
 */
export type Modelled = Pick<
  Clock,
  'state' | 'round' | 'startMs' | 'endedMs' | 'elapsedMs' | 'pausedMs' | 'breachedMs' | 'isPaused'
>

export function modelClock(
  target: ClockTarget,
  events: readonly PlacedEvent[],
  termsAt: TermsAt,
  nowMs: number,
): Modelled | null {
  const [opening] = events
  if (!opening || opening.atMs > nowMs) return null
  let measured = { round: 0, elapsedMs: 0, pausedMs: 0, breachedMs: null as number | null }
  let hadTerms = false
  for (let atMs = opening.atMs; atMs <= nowMs; atMs += MINUTE) {
    const here = at(target, events, termsAt, atMs)
    const before = at(target, events, termsAt, atMs - 1)
    if (here.round !== measured.round) measured = { round: here.round, elapsedMs: 0, pausedMs: 0, breachedMs: null }
    hadTerms ||= here.terms !== null
    if (here.terms === null || !here.isActive) continue
    const wasMoved = before.terms !== null && before.terms.targetMs !== here.terms.targetMs
    const isUsedUp = measured.elapsedMs >= here.terms.targetMs && (!here.isPaused || wasMoved)
    if (isUsedUp) measured.breachedMs ??= atMs
    if (atMs === nowMs) break
    const openMs = workingTimeBetween(here.terms.calendar, atMs, atMs + MINUTE)
    if (here.isPaused) measured.pausedMs += openMs
    else measured.elapsedMs += openMs
  }
  const now = at(target, events, termsAt, nowMs)
  if (!hadTerms || now.round === 0) return null
  const isLate = measured.breachedMs !== null
  const state = () => {
    if (now.endedMs !== null && now.isMet) return isLate ? 'met_late' : 'met'
    if (now.endedMs !== null || now.terms === null) return 'cancelled'
    if (isLate) return 'breached'
    return now.isPaused ? 'paused' : 'running'
  }
  return {
    ...measured,
    ...{
      state: state(),
      round: now.round,
      startMs: now.startMs,
      isPaused: now.isActive && now.terms !== null && now.isPaused,
    },
    endedMs: now.endedMs ?? (now.terms === null ? withoutTermsSince(events, termsAt, nowMs) : null),
  }
}

function withoutTermsSince(events: readonly PlacedEvent[], termsAt: TermsAt, nowMs: number): number {
  let atMs = nowMs
  while (at('resolution', events, termsAt, atMs - MINUTE).terms === null) atMs -= MINUTE
  return atMs
}

/** What is true at one moment, from all events up to it. */
function at(target: ClockTarget, events: readonly PlacedEvent[], termsAt: TermsAt, atMs: number) {
  const { attributes, status, span } = known(target, events, events.filter((one) => one.atMs <= atMs).length)
  const terms = termsAt({ target, atMs, attributes })
  const isActive = span !== null && span.endedMs === null
  return {
    ...{ terms, isActive, isPaused: terms?.pausing.has(status) ?? false },
    ...{
      round: span?.round ?? 0,
      startMs: span?.startMs ?? 0,
      endedMs: span?.endedMs ?? null,
      isMet: span?.isMet ?? false,
    },
  }
}

type Known = { attributes: Attributes; status: string; span: Span | null }
const memory = new WeakMap<readonly PlacedEvent[], Map<string, Known>>()

/** Nothing but time changes between two events. */
function known(target: ClockTarget, events: readonly PlacedEvent[], count: number): Known {
  const ofLog = memory.get(events) ?? new Map<string, Known>()
  memory.set(events, ofLog)
  const found = ofLog.get(`${target} ${count}`) ?? learn(target, events.slice(0, count))
  ofLog.set(`${target} ${count}`, found)
  return found
}

function learn(target: ClockTarget, happened: readonly PlacedEvent[]): Known {
  const over = happened.find(({ event }) => event.kind === 'merged' || event.kind === 'cancelled')
  const attributes: Record<string, Attributes[string]> = {}
  let status = ''
  for (const [place, { event }] of happened.entries()) {
    if (event.kind === 'status' || (event.kind === 'opened' && place === 0)) status = event.status
    if (event.kind === 'moved' || (event.kind === 'opened' && place === 0)) Object.assign(attributes, event.attributes)
  }
  const span = spanOf(target, happened, over ? { atMs: over.atMs, place: happened.indexOf(over) } : null)
  return { attributes, status, span }
}

type Span = { round: number; startMs: number; endedMs: number | null; isMet: boolean }
type Over = { atMs: number; place: number } | null

/** Since when the target's time counts, and when it ended. */
function spanOf(target: ClockTarget, happened: readonly PlacedEvent[], over: Over): Span | null {
  const startMs = happened[0]?.atMs
  if (startMs === undefined) return null
  const alive = over === null ? happened : happened.slice(0, over.place)
  const cut = (span: Span): Span =>
    span.endedMs === null && over ? { ...span, endedMs: over.atMs, isMet: false } : span
  const doneFlips = flips(alive)
  if (target === 'resolution') {
    const last = doneFlips.at(-1)
    return cut({ round: 1, startMs, endedMs: last?.isDone ? last.atMs : null, isMet: last?.isDone ?? false })
  }
  const answers = alive.filter((one) => isAnswer(one, doneFlips))
  if (target === 'first_response') {
    return cut({ round: 1, startMs, endedMs: answers[0]?.atMs ?? null, isMet: answers.length > 0 })
  }
  let span: Span = { round: 0, startMs, endedMs: startMs, isMet: true }
  let isWaiting = false
  for (const [place, one] of alive.entries()) {
    const hasAnswer = alive.slice(0, place).some((earlier) => isAnswer(earlier, doneFlips))
    const isDone = doneFlips.findLast((flip) => alive.indexOf(flip.by) <= place)?.isDone ?? false
    const begins = one.event.kind === 'replied' && one.event.by === 'them' && hasAnswer && span.endedMs !== null
    if (isAnswer(one, doneFlips)) {
      isWaiting = false
      if (span.endedMs === null) span = { ...span, endedMs: one.atMs, isMet: true }
    } else if ((begins && !isDone) || (isWaiting && !isDone)) {
      span = { round: span.round + 1, startMs: one.atMs, endedMs: null, isMet: false }
      isWaiting = false
    } else if (begins) isWaiting = true
  }
  return span.round === 0 ? null : cut(span)
}

type Flip = { atMs: number; isDone: boolean; by: PlacedEvent }

/** When the subject became done, and when it was opened again. */
function flips(happened: readonly PlacedEvent[]): Flip[] {
  let isDone = false
  return happened.flatMap((by, place) => {
    const { event, atMs } = by
    if (event.kind !== 'status' && !(event.kind === 'opened' && place === 0)) return []
    if (DONE.has(event.status) === isDone) return []
    isDone = !isDone
    return [{ atMs, isDone, by }]
  })
}

/** We answered, or it was resolved. */
const isAnswer = (one: PlacedEvent, doneFlips: readonly Flip[]) =>
  (one.event.kind === 'replied' && one.event.by === 'us') || doneFlips.some(({ isDone, by }) => isDone && by === one)
