/**
 * The rules of a circuit breaker: who may call a party whose last calls failed.
 *
 * A circuit is closed while calls go through. When 5 of the last 10 failed it opens, and nobody calls for 30 s. Then it is
 * half open: exactly one call leaves, over all processes, to try. If that succeeds the circuit closes with a clean
 * window; if it fails the circuit opens again.
 *
 * Every change of state begins a new generation, and a call carries the generation in which it was let through. What
 * it reports later has a say only in that one: ten calls that left together and fail one by one open the circuit once,
 * and a straggler from before neither closes nor opens what is half open now.
 */

/** Source of the three: the specification, "at least 5 failures in the last 10 requests", "approximately 30 seconds". */
export const WINDOW_SIZE = 10
export const FAILURES_TO_OPEN = 5
export const OPEN_SECONDS = 30

const FAILURE_TEXT_MAX = 200

export type CircuitState = 'closed' | 'open' | 'half_open'
export type Transition = { from: CircuitState; to: CircuitState }

export type Circuit = {
  name: string
  state: CircuitState
  generation: number
  /** Whether each of the last calls succeeded, oldest first. Kept until the circuit closes: it says why it is open. */
  outcomes: readonly boolean[]
  opened_at: Date | null
  /** The call that is out to try. */
  probe: string | null
  probe_expires_at: Date | null
  paused_until: Date | null
  successes: number
  failures: number
  times_opened: number
  last_failure: string | null
  last_failure_at: Date | null
  /** Null for a circuit that nobody has used yet. */
  changed_at: Date | null
}

/** The right to make one call, and what its outcome is recorded with. Plain data: it may be stored with the work. */
export type Permit = { kind: 'calls'; generation: number } | { kind: 'probe'; generation: number; probe: string }

export type Admission = Permit | { kind: 'wait'; until: Date }

/**
 * `failed` says why in a few words, e.g. `HTTP 503`; it is shown to people of any tenant. `unknown`: the call was given
 * up on our side, or the other side only asked for a pause; it says nothing of its health, and gives a probe back.
 */
export type CallOutcome = 'succeeded' | { failed: string } | 'unknown'

export type CircuitStatus = {
  name: string
  state: CircuitState
  /** Failures among the last calls. */
  failure_count: number
  window_size: number
  failures_to_open: number
  calls_in_window: number
  /** Successes since the circuit exists. */
  success_count: number
  failures_total: number
  times_opened: number
  opened_at: Date | null
  /** When the next call may leave to try; null while closed, and when it may leave now. */
  next_probe_at: Date | null
  paused_until: Date | null
  last_failure: string | null
  last_failure_at: Date | null
  changed_at: Date | null
}

/** A circuit that nobody has used yet. */
export const unusedCircuit = (name: string): Circuit => ({
  name,
  state: 'closed',
  generation: 0,
  outcomes: [],
  opened_at: null,
  probe: null,
  probe_expires_at: null,
  paused_until: null,
  successes: 0,
  failures: 0,
  times_opened: 0,
  last_failure: null,
  last_failure_at: null,
  changed_at: null,
})

/**
 * Whether the next call may leave. A probe that has not reported after `probeSeconds` counts as lost, and another one may
 * leave; give it the time-out of the call and a margin.
 */
export function admit(
  circuit: Circuit,
  options: { now: Date; probeSeconds: number; newId: () => string; openSeconds?: number },
): { circuit: Circuit; admission: Admission } {
  const { now, probeSeconds, newId, openSeconds = OPEN_SECONDS } = options
  const until = blockedUntil(circuit, openSeconds)
  if (isAhead(until, now)) return { circuit, admission: { kind: 'wait', until } }
  const { generation } = circuit
  if (circuit.state === 'closed') return { circuit, admission: { kind: 'calls', generation } }

  const trying = circuit.state === 'open' ? become('half_open', circuit, now) : circuit
  const probe = newId()
  return {
    circuit: { ...trying, probe, probe_expires_at: later(now, probeSeconds) },
    admission: { kind: 'probe', generation: trying.generation, probe },
  }
}

/** What the outcome of a call makes of the circuit. One that has no say any more is only counted. */
export function record(
  circuit: Circuit,
  permit: Permit,
  outcome: CallOutcome,
  now: Date,
): { circuit: Circuit; transition: Transition | null } {
  const next = decide(circuit, permit, outcome, now)
  const transition = next.state === circuit.state ? null : { from: circuit.state, to: next.state }
  return { circuit: { ...next, ...counted(circuit, outcome) }, transition }
}

function decide(circuit: Circuit, permit: Permit, outcome: CallOutcome, now: Date): Circuit {
  const hasSay = permit.generation === circuit.generation && (permit.kind === 'calls' || permit.probe === circuit.probe)
  if (!hasSay) return circuit
  if (outcome === 'unknown') return { ...circuit, probe: null, probe_expires_at: null }
  if (outcome === 'succeeded') {
    if (permit.kind === 'probe') return become('closed', { ...circuit, outcomes: [], opened_at: null }, now)
    return { ...circuit, outcomes: lastOutcomes(circuit, true) }
  }
  const failed = {
    ...circuit,
    outcomes: lastOutcomes(circuit, false),
    last_failure: outcome.failed.replaceAll('\0', '').slice(0, FAILURE_TEXT_MAX),
    last_failure_at: now,
  }
  if (permit.kind === 'calls' && failuresOf(failed) < FAILURES_TO_OPEN) return failed
  return become('open', { ...failed, opened_at: now, times_opened: circuit.times_opened + 1 }, now)
}

/** What a reader is told. A circuit whose 30 s are over is half open, although nobody has asked to call since. */
export function describe(circuit: Circuit, now: Date, openSeconds = OPEN_SECONDS): CircuitStatus {
  const isOver = circuit.state === 'open' && !isAhead(restsUntil(circuit, openSeconds), now)
  const until = circuit.state === 'closed' ? null : blockedUntil(circuit, openSeconds)
  return {
    name: circuit.name,
    state: isOver ? 'half_open' : circuit.state,
    failure_count: failuresOf(circuit),
    window_size: WINDOW_SIZE,
    failures_to_open: FAILURES_TO_OPEN,
    calls_in_window: circuit.outcomes.length,
    success_count: circuit.successes,
    failures_total: circuit.failures,
    times_opened: circuit.times_opened,
    opened_at: circuit.opened_at,
    next_probe_at: isAhead(until, now) ? until : null,
    paused_until: isAhead(circuit.paused_until, now) ? circuit.paused_until : null,
    last_failure: circuit.last_failure,
    last_failure_at: circuit.last_failure_at,
    changed_at: circuit.changed_at,
  }
}

/** Until when nobody may call; null, or a time that has passed, when somebody may. */
function blockedUntil(circuit: Circuit, openSeconds: number): Date | null {
  const rests = restsUntil(circuit, openSeconds)
  const { paused_until } = circuit
  if (!rests || !paused_until) return rests ?? paused_until
  return rests > paused_until ? rests : paused_until
}

/** The same without regard to a pause: the end of the 30 s, or the expiry of the probe that is out. */
const restsUntil = ({ state, opened_at, probe_expires_at }: Circuit, openSeconds: number): Date | null =>
  state === 'open' && opened_at ? later(opened_at, openSeconds) : probe_expires_at

const become = (state: CircuitState, circuit: Circuit, now: Date): Circuit => ({
  ...circuit,
  state,
  generation: circuit.generation + 1,
  probe: null,
  probe_expires_at: null,
  changed_at: now,
})

const counted = ({ successes, failures }: Circuit, outcome: CallOutcome) => ({
  successes: successes + (outcome === 'succeeded' ? 1 : 0),
  failures: failures + (typeof outcome === 'object' ? 1 : 0),
})

const lastOutcomes = (circuit: Circuit, outcome: boolean) => [...circuit.outcomes, outcome].slice(-WINDOW_SIZE)
const failuresOf = ({ outcomes }: Circuit) => outcomes.filter((hasSucceeded) => !hasSucceeded).length
const later = (from: Date, seconds: number) => new Date(from.getTime() + seconds * 1_000)
const isAhead = (at: Date | null, now: Date): at is Date => at !== null && at.getTime() > now.getTime()
