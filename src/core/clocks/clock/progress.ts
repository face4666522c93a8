import { findDue, workingTimeBetween } from '../engine/working-time.ts'
import { elapsedAtThreshold, type Terms } from './terms.ts'

/** How time counts for a clock: as elapsed, as paused, or not at all. */
export type Mode = 'running' | 'paused' | 'off'

/** What was measured of one clock, up to `lastMs`. */
export type Progress = {
  readonly lastMs: number
  readonly elapsedMs: number
  readonly pausedMs: number
  /** When the target was used up; it stays so. */
  readonly breachedMs: number | null
  /** When each threshold was reached, by its key. */
  readonly reached: Readonly<Record<string, number>>
}

export const beginProgress = (atMs: number): Progress => ({
  ...{ lastMs: atMs, elapsedMs: 0, pausedMs: 0, breachedMs: null, reached: {} },
})

/**
 * Measures up to `toMs` under terms that held all the while. What is used up before `toMs` was reached then; what is used up at
 * `toMs` itself is decided by what happens at that instant: see `settleAt`.
 */
export function advance(progress: Progress, mode: Mode, terms: Terms | null, toMs: number): Progress {
  const { lastMs } = progress
  if (toMs <= lastMs || mode === 'off' || terms === null) return { ...progress, lastMs: Math.max(toMs, lastMs) }
  const openMs = workingTimeBetween(terms.calendar, lastMs, toMs)
  if (mode === 'paused') return { ...progress, lastMs: toMs, pausedMs: progress.pausedMs + openMs }
  const elapsedMs = progress.elapsedMs + openMs
  const usedUpAt = (atElapsedMs: number) => {
    if (atElapsedMs > elapsedMs || atElapsedMs < progress.elapsedMs) return null
    const atMs = findDue(terms.calendar, lastMs, atElapsedMs - progress.elapsedMs)
    return atMs !== undefined && atMs < toMs ? atMs : null
  }
  return note({ ...progress, lastMs: toMs, elapsedMs }, terms, usedUpAt)
}

/** Notes what is used up at this instant, after everything that happened at it. */
export const settleAt = (progress: Progress, terms: Terms): Progress =>
  note(progress, terms, (atElapsedMs) => (progress.elapsedMs >= atElapsedMs ? progress.lastMs : null))

function note(progress: Progress, terms: Terms, usedUpAt: (atElapsedMs: number) => number | null): Progress {
  const breachedMs = progress.breachedMs ?? usedUpAt(terms.targetMs)
  const reached = { ...progress.reached }
  for (const threshold of terms.thresholds) {
    const atMs = reached[threshold.key] ?? usedUpAt(elapsedAtThreshold(threshold, terms.targetMs))
    if (atMs !== null) reached[threshold.key] = atMs
  }
  return { ...progress, breachedMs, reached }
}

/**
 * When the target is used up if time runs from `lastMs` on: in the past when it was. Null when the calendar is not open for long
 * enough.
 */
export function dueOf({ lastMs, elapsedMs, breachedMs }: Progress, terms: Terms): number | null {
  const leftMs = terms.targetMs - elapsedMs
  if (leftMs <= 0) return breachedMs ?? lastMs
  return findDue(terms.calendar, lastMs, leftMs) ?? null
}

/** When so much will have elapsed if time runs from `lastMs` on. */
export function whenElapsed({ lastMs, elapsedMs }: Progress, terms: Terms, atElapsedMs: number): number | null {
  return findDue(terms.calendar, lastMs, Math.max(atElapsedMs - elapsedMs, 0)) ?? null
}
