import { sql } from 'kysely'
import type { Database } from '../../platform/database/index.ts'
import type { CircuitBreaker, Permit } from '../../platform/resilience/index.ts'
import { type ChannelKind, POLICIES } from '../channels/index.ts'
import { claimDeliveries, type Lane } from './claim-store.ts'
import type { Claim } from './delivery.ts'

/** After the time-out of a call: to write how it ended, also when the database was restarted meanwhile. */
const LEASE_MARGIN_SECONDS = 60
const PROBE_MARGIN_SECONDS = 15
/** Somebody else has this circuit now, perhaps a process that hangs: the others need not wait for it. */
const LOCK_TIMEOUT = '250ms'

export const WHY = 'one worker sends the deliveries of all tenants'

/** What may leave on a circuit now, and whether there may be more of it. */
export type Claimed = { claims: readonly Claim[]; permit: Permit | undefined; mayHaveMore: boolean }

type Claiming = { database: Database; breaker: CircuitBreaker; roomFor: (kind: ChannelKind) => number }

/**
 * Claims deliveries of a circuit in the transaction that asks the circuit: as many as its policy and the room here allow, of
 * one that is half open exactly one. The next claim on a circuit begins with the tenants behind the last one served.
 */
export function laneClaimer({ database, breaker, roomFor }: Claiming): (lane: Lane) => Promise<Claimed> {
  const served = new Map<string, string>()
  return async ({ circuit, kind }) => {
    const { timeoutSeconds, callsInFlight } = POLICIES[kind]
    const after = served.get(circuit) ?? ''
    const claimed = await database
      .acrossTenants(WHY, async (tx) => {
        await sql`select set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`.execute(tx)
        const permit = await breaker.admit(tx, circuit, { probeSeconds: timeoutSeconds + PROBE_MARGIN_SECONDS })
        if (permit.kind === 'wait') return undefined
        const isProbe = permit.kind === 'probe'
        const claims = await claimDeliveries(tx, {
          ...{ circuit, after, isProbe },
          // A probe leaves alone, however many calls of before have not come back yet.
          atOnce: isProbe ? Number.MAX_SAFE_INTEGER : callsInFlight,
          most: isProbe ? 1 : roomFor(kind),
          leaseSeconds: timeoutSeconds + LEASE_MARGIN_SECONDS,
        })
        // Rolled back, so that nobody waits for a probe that does not leave.
        if (isProbe && claims.length === 0) throw new NothingToProbeWith()
        return { permit, claims }
      })
      .catch((error) => {
        if (error instanceof NothingToProbeWith || error.code === LOCK_NOT_AVAILABLE) return undefined
        throw error
      })
    const last = claimed?.claims.findLast(({ tries }) => tries === 1)
    if (last) served.set(circuit, last.tenantId)
    else served.delete(circuit)
    const claims = claimed?.claims ?? []
    // Behind the last tenant there may be none, and others before it.
    return { claims, permit: claimed?.permit, mayHaveMore: claims.length > 0 || after !== '' }
  }
}

class NothingToProbeWith extends Error {}

/** SQLSTATE lock_not_available: `lock_timeout` was over. */
const LOCK_NOT_AVAILABLE = '55P03'
