import type { Attempt, AttemptLimit } from './attempt-limit.ts'
import { tenancyFault } from './faults.ts'

/**
 * Tries a password under the limit. `attempt` answers null when it is wrong; then, and for an unknown address, the fault
 * is the same.
 *
 * @throws tenancy.too_many_attempts, tenancy.sign_in_refused
 */
export async function tryPassword<T>(limit: AttemptLimit, who: Attempt, attempt: () => Promise<T | null>): Promise<T> {
  const waitSeconds = limit.take(who)
  if (waitSeconds !== null) {
    throw tenancyFault('tenancy.too_many_attempts', {
      public: `Too many wrong passwords. Wait ${waitSeconds} seconds, then try again.`,
      internal: 'over the limit of failed sign-ins',
      headers: { 'retry-after': String(waitSeconds) },
    })
  }
  const result = await attempt().catch((error: unknown) => {
    limit.forgive(who)
    throw error
  })
  if (result === null) {
    throw tenancyFault('tenancy.sign_in_refused', {
      public: 'The e-mail address or the password is wrong. Check both and try again.',
      internal: 'wrong e-mail address or password',
    })
  }
  limit.forgive(who)
  return result
}
