import type { ChannelKind } from './channel.ts'

export type Policy = {
  /** A call that takes longer has failed. */
  timeoutSeconds: number
  /** Calls under way at once on one circuit, over all processes. */
  callsInFlight: number
  /** Exponential back-off with equal jitter: at least half of each step is waited. */
  baseSeconds: number
  capSeconds: number
  /** What could not be delivered by then is dead. There is no greatest number of attempts. */
  maxAgeSeconds: number
}

/** The longest that the other side can ask us to stay away. */
export const RETRY_AFTER_CAP_SECONDS = 3_600

const DAY_SECONDS = 86_400

export const POLICIES = {
  // Fails on purpose, twice for every ticket: its back-off ends before its circuit lets the next call through, and enough
  // calls are under way for a ticket's third to be among them before the circuit opens again.
  notify: { timeoutSeconds: 5, callsInFlight: 64, baseSeconds: 1, capSeconds: 20, maxAgeSeconds: 3 * DAY_SECONDS },
  // Standard Webhooks: retries over days, 15 to 30 s for an answer.
  webhook: { timeoutSeconds: 15, callsInFlight: 8, baseSeconds: 5, capSeconds: 14_400, maxAgeSeconds: 3 * DAY_SECONDS },
  slack: { timeoutSeconds: 10, callsInFlight: 2, baseSeconds: 5, capSeconds: 900, maxAgeSeconds: DAY_SECONDS },
  email: { timeoutSeconds: 30, callsInFlight: 4, baseSeconds: 30, capSeconds: 3_600, maxAgeSeconds: 3 * DAY_SECONDS },
} as const satisfies Record<ChannelKind, Policy>
