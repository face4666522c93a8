import type { NotifyMode } from '../../mock-provider/index.ts'
import { type Random, randomStream } from '../../mock-provider/random.ts'
import type { Shutdown } from '../harness/own-postgres.ts'
import { POISONS, type Poison } from './abuse.ts'

/**
 * What is done to the system, and when. A pure function of seed and duration: what is changed, corrected or resolved is
 * named by a number that whoever plays the schedule takes modulo what there is.
 */
export type Action =
  | { do: 'kill' | 'start' | 'freeze' | 'thaw'; process: number }
  | { do: 'stop database'; how: Shutdown }
  | { do: 'start database' | 'freeze database' | 'thaw database' }
  | { do: 'fault'; fault: ScheduledFault }
  | { do: 'notify'; mode: NotifyMode }
  | { do: 'insert tickets'; count: number; tenant: number; isUrgent: boolean }
  | { do: 'change tickets'; count: number; pick: number; isUrgent: boolean }
  | { do: 'delete ticket' | 'restore ticket' | 'acknowledge signal' | 'resolve signal'; pick: number; tenant: number }
  | { do: 'start run' | 'cancel run'; tenant: number }
  | { do: 'correct ticket'; pick: number; urgency: 'high' | 'medium' | 'low' }
  | { do: Abuse; process: number; count: number; lengthMs: number }
  | { do: 'poison import'; process: number; poison: Poison }

/** What hostile clients do to a process, for so long. */
export const ABUSES = ['flood', 'stall readers', 'hold half-open sockets', 'hold slow bodies'] as const
export type Abuse = (typeof ABUSES)[number]

export type ScheduledFault = {
  route: '/external/support-tickets' | '/external/deleted-tickets' | '/notify'
  kind: 'status' | 'reset' | 'half_body' | 'hang' | 'slow'
  status?: number
  retry_after?: number
  delay_ms?: number
  times: number
}

export type Scheduled = { atMs: number; action: Action }

export const PROCESSES = 3
export const TENANTS = ['tenant_a', 'tenant_b', 'tenant_c'] as const
/** Its people mean no good; it has no tickets. */
export const HOSTILE = 'tenant_x'
export const LEASE_SECONDS = 5

const PICK_MAX = 999_999
/** Tickets that change at one moment. */
const BURST_MAX = 10
/** How far apart two draws are: half a second on average. */
const [SOONEST_MS, LATEST_MS] = [100, 900]
/** Before the end everything that was taken away is back for so long. */
const QUIET_AT_THE_END_MS = 1_000
/** A process that came back is left alone until it serves. */
const REST_MS = 4_000

type Outage = { resource: string; lengthMs: [number, number]; begin: Action; end: Action }
type Drawn = { weight: number; draw: (random: Random) => Action | Outage }

const pick = (random: Random) => random.integer(0, PICK_MAX)
const count = (random: Random) => random.integer(1, BURST_MAX)
const process = (random: Random) => random.integer(0, PROCESSES - 1)
const tenant = (random: Random) => random.integer(0, TENANTS.length - 1)
const some = (random: Random) => ({ pick: pick(random), tenant: tenant(random) })

function outageOfProcess(random: Random, begin: 'kill' | 'freeze', end: 'start' | 'thaw', longestMs: number): Outage {
  const process = random.integer(0, PROCESSES - 1)
  return {
    resource: `process ${process}`,
    lengthMs: [500, longestMs],
    begin: { do: begin, process },
    end: { do: end, process },
  }
}

const ofDatabase = (begin: Action, end: Action, lengthMs: [number, number]): Outage => ({
  ...{ resource: 'database', lengthMs, begin, end },
})

const FAULTS: ((random: Random) => Omit<ScheduledFault, 'route' | 'times'>)[] = [
  () => ({ kind: 'status', status: 500 }),
  () => ({ kind: 'reset' }),
  () => ({ kind: 'half_body' }),
  () => ({ kind: 'hang' }),
  (random) => ({ kind: 'slow', delay_ms: random.integer(100, 7_000) }),
  (random) => ({ kind: 'status', status: 429, retry_after: random.integer(1, 4) }),
]
const ROUTES = ['/external/support-tickets', '/external/deleted-tickets', '/notify'] as const

const DRAWN: readonly Drawn[] = [
  { weight: 4, draw: (random) => outageOfProcess(random, 'kill', 'start', 6_000) },
  // Longer than a lease, too.
  { weight: 3, draw: (random) => outageOfProcess(random, 'freeze', 'thaw', LEASE_SECONDS * 2_500) },
  {
    weight: 2,
    draw: (random) =>
      ofDatabase(
        { do: 'stop database', how: random.pick(['fast', 'immediate']) },
        { do: 'start database' },
        [200, 5_000],
      ),
  },
  { weight: 1, draw: () => ofDatabase({ do: 'freeze database' }, { do: 'thaw database' }, [500, 8_000]) },
  {
    weight: 7,
    draw: (random) => ({
      do: 'fault',
      fault: { route: random.pick(ROUTES), ...random.pick(FAULTS)(random), times: random.integer(1, 5) },
    }),
  },
  {
    weight: 4,
    draw: (random) => ({
      do: 'notify',
      mode: random.pick(['ok', 'ok', 'ok', 'ok', 'failing', 'hanging', 'slow', 'shipped', 'random']),
    }),
  },
  {
    weight: 10,
    draw: (random) => ({
      do: 'insert tickets',
      count: count(random),
      tenant: tenant(random),
      isUrgent: random.chance(0.6),
    }),
  },
  {
    weight: 10,
    draw: (random) => ({
      do: 'change tickets',
      count: count(random),
      pick: pick(random),
      isUrgent: random.chance(0.5),
    }),
  },
  { weight: 5, draw: (random) => ({ do: 'delete ticket', ...some(random) }) },
  { weight: 4, draw: (random) => ({ do: 'restore ticket', ...some(random) }) },
  { weight: 12, draw: (random) => ({ do: 'start run', tenant: tenant(random) }) },
  { weight: 3, draw: (random) => ({ do: 'cancel run', tenant: tenant(random) }) },
  {
    weight: 6,
    draw: (random) => ({ do: 'correct ticket', pick: pick(random), urgency: random.pick(['high', 'medium', 'low']) }),
  },
  { weight: 5, draw: (random) => ({ do: 'acknowledge signal', ...some(random) }) },
  { weight: 5, draw: (random) => ({ do: 'resolve signal', ...some(random) }) },
  {
    weight: 3,
    draw: (random) => ({
      do: random.pick(ABUSES),
      process: process(random),
      count: random.integer(20, 150),
      lengthMs: random.integer(500, 5_000),
    }),
  },
  {
    weight: 1,
    draw: (random) => ({ do: 'poison import', process: process(random), poison: random.pick(POISONS) }),
  },
]
const WHOLE_WEIGHT = DRAWN.reduce((sum, { weight }) => sum + weight, 0)

/** The same for the same seed and duration, in the order of time. What is taken away comes back before the end. */
export function makeSchedule(seed: number, durationMs: number): Scheduled[] {
  const random = randomStream(seed, 'chaos')
  const busyUntil = new Map<string, number>()
  // The first runs, so that there is something from the beginning.
  const scheduled: Scheduled[] = TENANTS.map((_, index) => ({ atMs: 0, action: { do: 'start run', tenant: index } }))
  for (let atMs = 0; ; ) {
    atMs += random.integer(SOONEST_MS, LATEST_MS)
    if (atMs > durationMs) break
    const drawn = drawOne(random)
    if (!('resource' in drawn)) {
      scheduled.push({ atMs, action: drawn })
      continue
    }
    const endMs = atMs + random.integer(...drawn.lengthMs)
    if (atMs < (busyUntil.get(drawn.resource) ?? 0) || endMs > durationMs - QUIET_AT_THE_END_MS) continue
    busyUntil.set(drawn.resource, endMs + REST_MS)
    scheduled.push({ atMs, action: drawn.begin }, { atMs: endMs, action: drawn.end })
  }
  return scheduled.sort((a, b) => a.atMs - b.atMs)
}

function drawOne(random: Random): Action | Outage {
  let left = random.fraction() * WHOLE_WEIGHT
  for (const { weight, draw } of DRAWN) {
    left -= weight
    if (left < 0) return draw(random)
  }
  throw new Error('the weights do not add up')
}
