import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  admit,
  type CallOutcome,
  type Circuit,
  describe as describeCircuit,
  type Permit,
  record,
  unusedCircuit,
} from './circuit.ts'

const PROBE_SECONDS = 20

type Step = { kind: 'ask' } | { kind: 'pass'; seconds: number } | { kind: 'end'; which: number; outcome: CallOutcome }

const failed: CallOutcome = { failed: 'HTTP 503' }
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>({ kind: 'ask' }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.constantFrom(1, 10, 20, 30) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      which: fc.nat(),
      outcome: fc.constantFrom<CallOutcome>('succeeded', 'succeeded', failed, failed, failed, 'unknown'),
    }),
  },
)

/** A call under way, and what the model knows of it by itself: not by generations and ids. */
type Call = { permit: Permit; period: number; expiresAt: number }

/** Drives the rules and watches them from outside. Returns what changed, in order. */
function drive(steps: readonly Step[]): string[] {
  let circuit: Circuit = unusedCircuit('party')
  let now = Date.parse('2026-01-01T00:00:00Z')
  let ids = 0
  /** How often the circuit has closed; calls let through in a period have a say in that one. */
  let period = 0
  let sincePeriodBegan: boolean[] = []
  let openedAt = Number.NEGATIVE_INFINITY
  const underWay: Call[] = []
  let lastProbe: Call | undefined
  const changes: string[] = []

  const ask = () => {
    const before = circuit
    const newId = () => `probe ${++ids}`
    const answer = admit(circuit, { now: new Date(now), probeSeconds: PROBE_SECONDS, newId })
    circuit = answer.circuit
    const { admission } = answer
    if (before.state !== 'closed' && now < openedAt + 30_000) expect(admission.kind).toBe('wait')
    if (admission.kind === 'wait') {
      expect(admission.until.getTime()).toBeGreaterThan(now)
      expect(circuit).toBe(before)
      return
    }
    expect(admission.kind).toBe(before.state === 'closed' ? 'calls' : 'probe')
    if (admission.kind === 'probe') {
      expect(underWay.filter((call) => call.permit.kind === 'probe' && call.expiresAt > now)).toEqual([])
    }
    const call = { permit: admission, period, expiresAt: now + PROBE_SECONDS * 1_000 }
    underWay.push(call)
    if (admission.kind === 'probe') lastProbe = call
  }

  const end = (which: number, outcome: CallOutcome) => {
    const [call] = underWay.splice(which % underWay.length, 1)
    if (!call) return
    const before = circuit
    const { circuit: after, transition } = record(circuit, call.permit, outcome, new Date(now))
    circuit = after
    if (transition) {
      expect(transition).toEqual({ from: before.state, to: after.state })
      expect(after.generation).toBeGreaterThan(before.generation)
      changes.push(`${transition.from} → ${transition.to}`)
    }
    if (before.state === 'closed' && call.permit.kind === 'calls' && call.period === period && outcome !== 'unknown') {
      sincePeriodBegan.push(outcome === 'succeeded')
    }
    if (before.state === 'closed') {
      const failures = sincePeriodBegan.slice(-10).filter((hasSucceeded) => !hasSucceeded).length
      expect(after.state).toBe(failures >= 5 ? 'open' : 'closed')
      expect(after.outcomes).toEqual(sincePeriodBegan.slice(-10))
    }
    // Nobody but the last probe ends what is open or half open.
    if (before.state !== 'closed' && call !== lastProbe) expect(after.state).toBe(before.state)
    if (after.state === 'open' && before.state !== 'open') openedAt = now
    if (after.state === 'closed' && before.state !== 'closed') {
      expect(after.outcomes).toEqual([])
      period += 1
      sincePeriodBegan = []
    }
  }

  for (const one of steps) {
    if (one.kind === 'ask') ask()
    else if (one.kind === 'pass') now += one.seconds * 1_000
    else if (underWay.length > 0) end(one.which, one.outcome)
    const status = describeCircuit(circuit, new Date(now))
    expect(status.state === 'closed').toBe(circuit.state === 'closed')
    if (status.state === 'open') expect(status.next_probe_at?.getTime()).toBe(openedAt + 30_000)
  }
  return changes
}

describe('the rules of a circuit', () => {
  it('open after 5 failures of the last 10 calls and never before, let one probe live, and close with a clean window', () => {
    const seen = new Map<string, number>()
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
        for (const change of drive(steps)) seen.set(change, (seen.get(change) ?? 0) + 1)
      }),
      { numRuns: 500 },
    )
    // The sequences went everywhere; else they would prove nothing.
    expect([...seen.keys()].sort()).toEqual(['closed → open', 'half_open → closed', 'half_open → open'])
  })

  it('tell of a failure no more than fits into a status', () => {
    const { circuit } = record(
      unusedCircuit('party'),
      { kind: 'calls', generation: 0 },
      { failed: `a\0b${'x'.repeat(10_000)}` },
      new Date(),
    )
    expect(circuit.last_failure).toHaveLength(200)
    expect(circuit.last_failure).not.toContain('\0')
  })
})
