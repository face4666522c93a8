/** How often and how patiently something is tried again. */
export type RetryPolicy = {
  /** Attempts in all, the first included; 1 = never again. */
  attemptsMax: number
  /** The first back-off is drawn from 0 to this. */
  baseSeconds: number
  /** No back-off is longer than this. */
  capSeconds: number
}

/**
 * Seconds to wait before the attempt after `attempt` (1 = the first one failed): exponential with full jitter, so that
 * many who failed together do not come back together.
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 *
 * @param random 0 ≤ random < 1, passed in so that the rule can be tested.
 */
export function backoffSeconds(policy: RetryPolicy, attempt: number, random: number): number {
  // 2^30 s is past any cap; beyond it the power would become Infinity and Infinity × 0 is NaN.
  const ceiling = Math.min(policy.capSeconds, policy.baseSeconds * 2 ** Math.min(attempt - 1, 30))
  return random * ceiling
}
