import type { Attempt, AttemptLimit } from './attempt-limit.ts'
import { tenancyFault } from './faults.ts'

/** For whoever signs in: the same for an unknown address and for a wrong password. */
const signInRefused = () =>
  tenancyFault('tenancy.sign_in_refused', {
    public: 'The e-mail address or the password is wrong. Check both and try again.',
    internal: 'wrong e-mail address or password',
  })

/** For whoever is signed in and has to show that it is them. */
export const passwordWrong = () =>
  tenancyFault('tenancy.password_wrong', {
    public: 'This is not your current password. Check it and try again.',
    internal: 'wrong current password',
  })

/**
 * Tries a password under the limit. `attempt` answers null when it is wrong, which is then told by `refused`.
 *
 * @throws tenancy.too_many_attempts, tenancy.sign_in_refused
 */
export async function tryPassword<T>(
  limit: AttemptLimit,
  who: Attempt,
  attempt: () => Promise<T | null>,
  refused: () => Error = signInRefused,
): Promise<T> {
  const taken = await limit.take(who)
  if (taken.waitSeconds !== null) {
    throw tenancyFault('tenancy.too_many_attempts', {
      public: `Too many wrong passwords. Wait ${taken.waitSeconds} seconds, then try again.`,
      internal: 'over the limit of failed sign-ins',
      headers: { 'retry-after': String(taken.waitSeconds) },
    })
  }
  const result = await attempt().catch(async (error: unknown) => {
    await taken.forgive()
    throw error
  })
  if (result === null) throw refused()
  await taken.forgive()
  return result
}
