import { assertNever } from '../../../kernel/assert-never.ts'
import type { ClockEvent } from './event.ts'
import { areSame, beginRound, end, modeOf, noted, type Situation } from './situation.ts'
import type { Attributes, Terms } from './terms.ts'

type At = { atMs: number; termsOf: (attributes: Attributes) => Terms | null }

/** What an event does to a clock that was measured up to its instant. The first one is the opening. */
export function applyEvent(situation: Situation, event: ClockEvent, at: At): Situation {
  const why = (reason: string) => ({ reason, eventId: event.eventId })
  switch (event.kind) {
    case 'opened':
      return open(situation, event, at)
    case 'status':
      return changeStatus(situation, event.status, at.atMs, why(event.status))
    case 'replied':
      return event.by === 'us' ? answer(situation, at.atMs, why('answered')) : hear(situation, at.atMs, why('wrote'))
    case 'moved':
      return move(situation, event, at)
    case 'absorbed':
      if (situation.phase !== 'open') return situation
      return noted(situation, situation, { ...why(event.from), atMs: at.atMs, change: 'absorbed' })
    case 'merged':
      return cancel(situation, at.atMs, why(`merged into ${event.into}`))
    case 'cancelled':
      return cancel(situation, at.atMs, why(event.reason))
    default:
      return assertNever(event)
  }
}

/** A second opening is none. */
function open(situation: Situation, event: ClockEvent & { kind: 'opened' }, { atMs, termsOf }: At): Situation {
  if (situation.isOpened) return situation
  const opened = { ...situation, isOpened: true, terms: termsOf(event.attributes) }
  const why = { reason: event.status, eventId: event.eventId }
  const begun = situation.target === 'next_response' ? opened : beginRound(opened, atMs, why)
  return begun.done.has(event.status) ? becomeDone(begun, atMs, why) : begun
}

function changeStatus(before: Situation, status: string, atMs: number, why: Why): Situation {
  const after = { ...before, status }
  const [wasDone, isDone] = [before.done.has(before.status), before.done.has(status)]
  if (isDone && !wasDone) return becomeDone(after, atMs, why)
  if (wasDone && !isDone) return reopen(after, atMs, why)
  const [modeBefore, modeAfter] = [modeOf(before), modeOf(after)]
  if (modeBefore === modeAfter) return after
  return noted(before, after, { ...why, atMs, change: modeAfter === 'paused' ? 'paused' : 'resumed' })
}

/** Resolving ends every target, and counts as an answer. */
function becomeDone(situation: Situation, atMs: number, why: Why): Situation {
  const done = { ...situation, hasAnswered: true, isWaiting: false }
  return done.phase === 'open' ? end(done, atMs, why) : done
}

/** The resolution goes on where it stopped; the time between is neither elapsed nor paused. */
function reopen(situation: Situation, atMs: number, why: Why): Situation {
  if (situation.isOver) return situation
  if (situation.isWaiting) return beginRound(situation, atMs, why)
  if (situation.target !== 'resolution' || situation.phase !== 'ended') return situation
  return noted(situation, { ...situation, phase: 'open', endedMs: null }, { ...why, atMs, change: 'reopened' })
}

/** Somebody answered the customer. */
function answer(situation: Situation, atMs: number, why: Why): Situation {
  const answered = { ...situation, hasAnswered: true, isWaiting: false }
  return answered.target !== 'resolution' && answered.phase === 'open' ? end(answered, atMs, why) : answered
}

/** The customer wrote: after our first answer that begins a round, unless one waits already. */
function hear(situation: Situation, atMs: number, why: Why): Situation {
  const { target, hasAnswered, phase, isOver } = situation
  if (target !== 'next_response' || !hasAnswered || phase === 'open' || isOver) return situation
  if (situation.done.has(situation.status)) return { ...situation, isWaiting: true }
  return beginRound(situation, atMs, why)
}

function move(before: Situation, event: ClockEvent & { kind: 'moved' }, { atMs, termsOf }: At): Situation {
  const attributes = { ...before.attributes, ...event.attributes }
  const terms = termsOf(attributes)
  const after = { ...before, terms, attributes }
  if (after.phase !== 'open' || areSame(before.terms, terms)) return after
  const reason = Object.entries(event.attributes)
    .map(([name, value]) => `${name}: ${value ?? 'none'}`)
    .join(', ')
  return noted(before, after, { reason, eventId: event.eventId, atMs, change: 'moved' })
}

/** What was met stays met. */
function cancel(before: Situation, atMs: number, why: Why): Situation {
  const after: Situation = { ...before, isOver: true, isWaiting: false }
  if (before.phase === 'ended' || before.phase === 'cancelled') return after
  const cancelled: Situation = { ...after, phase: 'cancelled', endedMs: atMs }
  return before.phase === 'idle' ? cancelled : noted(before, cancelled, { ...why, atMs, change: 'cancelled' })
}

type Why = { reason: string; eventId: string }
