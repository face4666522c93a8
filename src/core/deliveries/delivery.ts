import type { TenantId } from '../../kernel/tenant-id.ts'
import { nextAttempt } from '../../platform/resilience/index.ts'
import {
  type Channel,
  type Message,
  type Policy,
  RETRY_AFTER_CAP_SECONDS,
  type SendOutcome,
} from '../channels/index.ts'

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
  /** Attempts since it was made or redriven, this one included. */
  tries: number
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
 * What has failed this often stands back: it goes last, and its back-off may outlast the time for which a circuit stays
 * open. Until then what has failed most often is what goes first and what a circuit is probed with; one that fails
 * whatever happens would be chosen for ever and nothing else go out.
 */
export const STANDS_BACK_FROM = 10
/** Shorter than a circuit stays open. */
const EARLY_CAP_SECONDS = 25
const LATE_CAP_SECONDS = 3_600

export function judge(
  policy: Policy,
  { tries, ageSeconds }: Pick<Claim, 'tries' | 'ageSeconds'>,
  outcome: SendOutcome,
  random: number,
): Verdict {
  if (outcome.kind === 'delivered') return { state: 'delivered' }
  const capSeconds =
    tries < STANDS_BACK_FROM
      ? Math.min(policy.capSeconds, EARLY_CAP_SECONDS)
      : Math.max(policy.capSeconds, Math.min(LATE_CAP_SECONDS, 2 ** Math.min(tries - STANDS_BACK_FROM, 20)))
  const patience = { ...policy, capSeconds, retryAfterCapSeconds: RETRY_AFTER_CAP_SECONDS }
  const failure = {
    retryable: outcome.kind !== 'refused',
    ...('retryAfterSeconds' in outcome ? { retryAfterSeconds: outcome.retryAfterSeconds } : {}),
  }
  // Only differences count: the clocks of processes differ from the database's.
  const now = new Date()
  const createdAt = new Date(now.getTime() - ageSeconds * 1_000)
  const next = nextAttempt(patience, { attempt: tries, failure, createdAt, now, random })
  if (next.kind === 'retry') {
    return { state: 'waiting', dueInSeconds: (next.at.getTime() - now.getTime()) / 1_000, failure: outcome.reason }
  }
  return {
    state: 'dead',
    failure: next.reason === 'too_old' ? `Given up after ${describeAge(policy)}: ${outcome.reason}` : outcome.reason,
  }
}

const describeAge = ({ maxAgeSeconds }: Policy) => `${Math.round(maxAgeSeconds / 3_600)} hours`
