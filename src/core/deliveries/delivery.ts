import type { TenantId } from '../../kernel/tenant-id.ts'
import { nextAttempt } from '../../platform/resilience/index.ts'
import type { Channel, Message, Policy, SendOutcome } from '../channels/index.ts'

/**
 *   waiting ──claim──▶ sending ──▶ delivered
 *      ▲                 │  │
 *      ├── failed, lost ─┘  └────▶ dead: refused for good, or too old
 *      └──────── redrive ◀── delivered, dead
 */
export const DELIVERY_STATES = ['waiting', 'sending', 'delivered', 'dead'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

/** A delivery that this process may attempt now, with all that it takes. */
export type Claim = {
  tenantId: TenantId
  deliveryId: string
  fencing: number
  /** This attempt's number; the first is 1. */
  attempt: number
  /** By the database's clock, when it was claimed. */
  ageSeconds: number
  channel: Channel
  message: Message
}

/** What a delivery becomes after an attempt. */
export type Verdict =
  | { state: 'delivered' }
  | { state: 'waiting'; dueInSeconds: number; failure: string }
  | { state: 'dead'; failure: string }

/**
 * From this attempt on the back-off may outlast the time for which a circuit stays open. Until then what has failed most
 * often is what a circuit is probed with; one that fails whatever happens would be chosen for ever and nothing else go out.
 */
const STANDS_BACK_FROM_ATTEMPT = 10
const STANDS_BACK_AT_MOST_SECONDS = 3_600

export function judge(
  policy: Policy,
  { attempt, ageSeconds }: Pick<Claim, 'attempt' | 'ageSeconds'>,
  outcome: SendOutcome,
  random: number,
): Verdict {
  if (outcome.kind === 'delivered') return { state: 'delivered' }
  const standsBack = Math.max(0, attempt - STANDS_BACK_FROM_ATTEMPT)
  const patience = {
    ...policy,
    capSeconds: Math.max(policy.capSeconds, Math.min(STANDS_BACK_AT_MOST_SECONDS, 2 ** Math.min(standsBack, 20))),
  }
  const failure = {
    retryable: outcome.kind !== 'refused',
    ...('retryAfterSeconds' in outcome ? { retryAfterSeconds: outcome.retryAfterSeconds } : {}),
  }
  // Only differences count: the clocks of processes differ from the database's.
  const now = new Date()
  const createdAt = new Date(now.getTime() - ageSeconds * 1_000)
  const next = nextAttempt(patience, { attempt, failure, createdAt, now, random })
  if (next.kind === 'retry') {
    return { state: 'waiting', dueInSeconds: (next.at.getTime() - now.getTime()) / 1_000, failure: outcome.reason }
  }
  return {
    state: 'dead',
    failure: next.reason === 'too_old' ? `Given up after ${describeAge(policy)}: ${outcome.reason}` : outcome.reason,
  }
}

const describeAge = ({ maxAgeSeconds }: Policy) => `${Math.round(maxAgeSeconds / 3_600)} hours`
