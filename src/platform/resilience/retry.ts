/** How often and how patiently something is tried again. */
export type RetryPolicy = {
  /** Attempts in all, the first included; 1 = never again. */
  attemptsMax: number
  /** The first back-off is at least half of this, and less than this. */
  baseSeconds: number
  /** No back-off is longer than this. */
  capSeconds: number
}

/**
 * Seconds to wait before the attempt after `attempt` (1 = the first one failed): exponential with equal jitter. Half of
 * the step is waited in any case, so that nobody comes back at once; the other half is drawn, so that many who failed
 * together do not come back together.
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 *
 * @param random 0 ≤ random < 1, passed in so that the rule can be tested.
 */
export function backoffSeconds(
  policy: Pick<RetryPolicy, 'baseSeconds' | 'capSeconds'>,
  attempt: number,
  random: number,
): number {
  // 2^30 s is past any cap; beyond it the power would become Infinity and Infinity × 0 is NaN.
  const ceiling = Math.min(policy.capSeconds, policy.baseSeconds * 2 ** Math.min(attempt - 1, 30))
  return (ceiling * (1 + random)) / 2
}

/** How patiently something is tried again whose end is its age, not a number of attempts. */
export type DeliveryPolicy = Pick<RetryPolicy, 'baseSeconds' | 'capSeconds'> & {
  /** From this age on, counted from its making, a failure is the last. */
  maxAgeSeconds: number
  /** The longest wait that the other side can ask for; `capSeconds` when it is left out. */
  retryAfterCapSeconds?: number
}

export type AttemptFailure = {
  /** False: trying again would end the same way. */
  retryable: boolean
  /** How long the other side asked us to stay away. */
  retryAfterSeconds?: number | undefined
}

export type NextAttempt = { kind: 'retry'; at: Date } | { kind: 'give_up'; reason: 'permanent' | 'too_old' }

/** Whether what was made at `firstAt` has reached the age at which a failure is the last. */
export function givesUp(policy: Pick<DeliveryPolicy, 'maxAgeSeconds'>, firstAt: Date, now: Date): boolean {
  return now.getTime() - firstAt.getTime() >= policy.maxAgeSeconds * 1_000
}

/**
 * What becomes of a delivery whose attempt number `attempt` (1 = the first) has failed: equal jitter, but not before the
 * other side wants to be asked again, as long as its wish is not longer than its cap. One that is still young enough gets
 * its wait in full, so the last attempt may come up to one wait after the maximum age.
 *
 * `random`: 0 ≤ random < 1.
 */
export function nextAttempt(
  policy: DeliveryPolicy,
  failed: { attempt: number; failure: AttemptFailure; createdAt: Date; now: Date; random: number },
): NextAttempt {
  const { attempt, failure, createdAt, now, random } = failed
  if (!failure.retryable) return { kind: 'give_up', reason: 'permanent' }
  if (givesUp(policy, createdAt, now)) return { kind: 'give_up', reason: 'too_old' }
  const asked = Math.min(failure.retryAfterSeconds ?? 0, policy.retryAfterCapSeconds ?? policy.capSeconds)
  const seconds = Math.max(asked, backoffSeconds(policy, attempt, random))
  return { kind: 'retry', at: new Date(now.getTime() + seconds * 1_000) }
}
