import type { Clock } from '../clock/clock.ts'
import { type ClockEvent, type PlacedEvent, placeEvents } from '../clock/event.ts'
import { foldRounds } from '../clock/fold-clock.ts'
import type { ClockTarget } from '../clock/terms.ts'
import { type AlertChanges, alertChanges, BREACH, type KnownAlert } from './alert-changes.ts'
import type { SubjectKind, TermsInForce } from './subject-kind.ts'

/** All rounds of one target, the last one last. */
export type Rounds = { target: ClockTarget; rounds: readonly Clock[] }

/** What was computed of one subject at one moment, and what becomes of its row. */
export type Measured = AlertChanges & {
  subjectId: string
  nowMs: number
  events: readonly PlacedEvent[]
  clocks: readonly Rounds[]
  known: readonly KnownAlert[]
  standing: Standing
}

/** What holds of all its clocks together, as instants from which it holds: true for as long as nothing but time happens. */
export type Standing = {
  wakeMs: number | null
  nextDueMs: number | null
  atRiskFromMs: number | null
  breachedFromMs: number | null
  isPaused: boolean
  hasClocks: boolean
  isSettled: boolean
  outcome: 'met' | 'met_late' | 'cancelled' | null
}

/** Folds all clocks of a subject at `nowMs`. @throws clocks.out_of_range */
export function measure(
  { kind, terms }: { kind: SubjectKind; terms: TermsInForce },
  { subjectId, log, known }: { subjectId: string; log: readonly ClockEvent[]; known: readonly KnownAlert[] },
  nowMs: number,
): Measured {
  const { termsAt, changes } = terms
  const events = placeEvents(log, kind.skew)
  const clocks = kind.targets.map((target) => ({
    target,
    rounds: foldRounds({ target, events, changes, termsAt, done: kind.done }, nowMs),
  }))
  const last = lastOf(clocks)
  const alerts = alertChanges(last, known)
  const wakeMs = alerts.due.length + alerts.over.length > 0 ? nowMs : nextInstant(events, last, known, nowMs)
  const isDone = events.some(
    ({ atMs, event }) => atMs <= nowMs && (event.kind === 'merged' || event.kind === 'cancelled'),
  )
  const standing = { ...standingOf(last, clocks, isDone), wakeMs }
  return { subjectId, nowMs, events, clocks, known, ...alerts, standing }
}

/** The same once those that are due were told of, and what is over was resolved. */
export function afterTelling(measured: Measured): Measured {
  const { known, due, over, events, clocks, nowMs, standing } = measured
  const told = due.map(({ clock: { target, round }, threshold, alert, isPassedOver }): KnownAlert => {
    return { target, round, threshold, alert, signalId: null, isUnresolved: !isPassedOver }
  })
  const knownNow = [
    ...known.map((alert) => (over.includes(alert) ? { ...alert, isUnresolved: false } : alert)),
    ...told,
  ]
  const wakeMs = nextInstant(events, lastOf(clocks), knownNow, nowMs)
  return { ...measured, known: knownNow, due: [], over: [], standing: { ...standing, wakeMs } }
}

const lastOf = (clocks: readonly Rounds[]) => clocks.flatMap(({ rounds }) => rounds.at(-1) ?? [])

/** When somebody has to look at it again: the next threshold or deadline, or an event from ahead. */
function nextInstant(
  events: readonly PlacedEvent[],
  last: readonly Clock[],
  known: readonly KnownAlert[],
  nowMs: number,
): number | null {
  const ahead = events.find(({ atMs }) => atMs > nowMs)?.atMs ?? null
  return earliest([ahead, ...last.flatMap((clock) => instantsAhead(clock, known))])
}

const OPEN = new Set<Clock['state']>(['running', 'paused', 'breached'])
export const isOpen = ({ state }: Clock): boolean => OPEN.has(state)

/** From when on it is at risk: the first warning that was reached, or will be. */
export function atRiskFrom({ state, thresholds }: Clock): number | null {
  if (state !== 'running') return null
  return earliest(
    thresholds.map(({ level, reachedMs, nextMs }) => (level === undefined ? (reachedMs ?? nextMs) : null)),
  )
}

function standingOf(last: readonly Clock[], clocks: readonly Rounds[], isDone: boolean): Omit<Standing, 'wakeMs'> {
  const open = last.filter(isOpen)
  // What no rule has a target for may get one from the next policy, unless its subject is gone.
  const isWithoutRule = ({ state, terms }: Clock) => state === 'cancelled' && terms === null
  const isSettled = last.length > 0 && open.length === 0 && (isDone || !last.every(isWithoutRule))
  return {
    nextDueMs: earliest(open.map(({ dueMs }) => dueMs)),
    atRiskFromMs: earliest(open.map(atRiskFrom)),
    breachedFromMs: earliest(
      open.map(({ breachedMs, dueMs, state }) => breachedMs ?? (state === 'running' ? dueMs : null)),
    ),
    isPaused: open.length > 0 && open.every(({ isPaused }) => isPaused),
    hasClocks: last.length > 0,
    isSettled,
    outcome: isSettled ? outcomeOf(clocks.flatMap(({ rounds }) => rounds)) : null,
  }
}

function outcomeOf(rounds: readonly Clock[]): Standing['outcome'] {
  const states = new Set(rounds.map(({ state }) => state))
  if (states.has('met_late')) return 'met_late'
  return states.has('met') ? 'met' : 'cancelled'
}

function instantsAhead(clock: Clock, known: readonly KnownAlert[]): (number | null)[] {
  if (!isOpen(clock) || clock.isPaused) return []
  const isKnown = (threshold: string) =>
    known.some((one) => one.target === clock.target && one.round === clock.round && one.threshold === threshold)
  const ahead = clock.thresholds.filter(({ key }) => !isKnown(key)).map(({ nextMs }) => nextMs)
  return [...ahead, clock.breachedMs === null && !isKnown(BREACH) ? clock.dueMs : null]
}

function earliest(instants: readonly (number | null)[]): number | null {
  const known = instants.filter((atMs) => atMs !== null)
  return known.length === 0 ? null : Math.min(...known)
}
