/**
 * Whose turn it is. A task gets its turn, an instant, when it is added, and the earliest turn goes first:
 *
 *     turn = the later of now and (the latest turn of those of its tenant that wait and are as urgent + a step), in units
 *     rank = turn − priority × a head start
 *
 * So a tenant's tasks queue up behind one another, a step apart, and the first task of one tenant precedes the thousandth of
 * another, whatever is queued behind. Turns do not move while time does: whoever has waited long enough comes before
 * everybody who is added now, and nothing starves.
 */

/**
 * How far apart the turns of a tenant with a share of 1 are. Of a flood, only as many stand before somebody who comes later as
 * had their turn meanwhile and were not done: with a step of 5 s none, as long as a task of it is done every 5 s.
 */
export const STEP_SECONDS = 5

/** What each step of priority is worth: somebody less urgent goes first only when they have waited that much longer. */
export const HEAD_START_SECONDS = 30

export const PRIORITY_MIN = -10
export const PRIORITY_MAX = 10

/** The engine's priorities are 32-bit: counted in quarters of a second from here, they last until 2043. */
const EPOCH_SECONDS = Date.UTC(2026, 0, 1) / 1_000
const UNITS_PER_SECOND = 4
const INTEGER_MAX = 2 ** 31 - 1

/** The engine's priority of a rank, in seconds since 1970: higher goes first. */
export function priorityOf(rankSeconds: number): number {
  const units = Math.round((EPOCH_SECONDS - rankSeconds) * UNITS_PER_SECOND)
  return Math.max(-INTEGER_MAX, Math.min(INTEGER_MAX, units))
}
