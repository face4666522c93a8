import type { Clock } from '../clock/clock.ts'
import type { ClockTarget, Threshold } from '../clock/terms.ts'

export const ALERTS = ['warning', 'breached', 'escalated'] as const
export type Alert = (typeof ALERTS)[number]

/** The threshold that every clock has: nothing is left. No key of a policy may be this. */
export const BREACH = 'breach'

/** An alert of which somebody was told, or which was passed over. */
export type KnownAlert = {
  target: ClockTarget
  round: number
  threshold: string
  alert: Alert
  /** Null: nobody was told. */
  signalId: string | null
  /** Somebody was told and it is still so. */
  isUnresolved: boolean
}

export type DueAlert = {
  clock: Clock
  threshold: string
  alert: Alert
  reachedMs: number
  level?: number | undefined
  tells?: Threshold['tells']
  /** Something worse is to be told already: it is noted, and nobody hears of it. */
  isPassedOver: boolean
}

export type AlertChanges = {
  /** To be told now. */
  due: readonly DueAlert[]
  /** Their cause went away. */
  over: readonly KnownAlert[]
}

/** What is to be told of a subject's clocks (the last round of each target), and what is no more so. Each threshold of a round is told once. */
export function alertChanges(clocks: readonly Clock[], known: readonly KnownAlert[]): AlertChanges {
  const isKnown = ({ clock, threshold }: DueAlert) =>
    known.some((one) => isOf(clock, one) && one.threshold === threshold)
  const over = known.filter((alert) => {
    const clock = clocks.find((one) => isOf(one, alert))
    return alert.isUnresolved && (!clock || isOver(alert.alert, clock))
  })
  return { due: clocks.flatMap(reachedBy).filter((alert) => !isKnown(alert)), over }
}

const isOf = ({ target, round }: Clock, alert: KnownAlert) => alert.target === target && alert.round === round

/** Of what is paused in time nobody is told, and of what has ended neither. */
function reachedBy(clock: Clock): DueAlert[] {
  const { state, breachedMs, thresholds } = clock
  if (state !== 'running' && state !== 'breached') return []
  const isBreached = state === 'breached'
  const reached = thresholds.flatMap(({ key, level, tells, reachedMs }): DueAlert[] => {
    if (reachedMs === null) return []
    const alert = level === undefined ? 'warning' : 'escalated'
    return [{ clock, threshold: key, alert, reachedMs, level, tells, isPassedOver: isBreached && alert === 'warning' }]
  })
  const breach = { clock, threshold: BREACH, alert: 'breached' as const, isPassedOver: false }
  return breachedMs === null ? reached : [...reached, { ...breach, reachedMs: breachedMs }]
}

function isOver(alert: Alert, { state }: Clock): boolean {
  if (state === 'running') return false
  return state !== 'breached' || alert === 'warning'
}
