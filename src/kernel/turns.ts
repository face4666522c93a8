import { setImmediate as nextTurn } from 'node:timers/promises'

/** How long work in steps keeps everything else of a process waiting: requests, and answers of the database. */
const TURN_MS = 2

/** Between two steps of longer work: lets everybody else have their turn when this one has lasted long enough. */
export function takingTurns(): () => Promise<void> {
  let ends = performance.now() + TURN_MS
  return async () => {
    if (performance.now() < ends) return
    await nextTurn()
    ends = performance.now() + TURN_MS
  }
}
