import { networkOf } from '../../platform/http/index.ts'
import type { Allowance, Allowances } from '../../platform/resilience/index.ts'
import type { Identity } from './identity.ts'
import type { Known } from './known-device.ts'

/** Where a password is tried, and on whose account. */
export type Attempt = {
  address: string
  email: string
  /** The browser's cookie, if it has one of ours. */
  device?: string | undefined
}

/** An attempt that may be made, or the seconds to wait when there were too many. */
export type Taken =
  | { waitSeconds: number }
  /** Takes it back: the password was right, or it was never looked at. */
  | { waitSeconds: null; forgive(): Promise<void> }

/** Bounds how often passwords may be tried, over all processes. */
export type AttemptLimit = {
  /** Counts an attempt before it is made, so that many at once are counted too. */
  take(attempt: Attempt): Promise<Taken>
}

/**
 * One account at one place, and all that one place tries. What is tried on one account from everywhere else is bounded too, for
 * else a thousand places try a thousand times as much; but whoever uses that up keeps nobody out who was there before. Nobody is
 * locked out: after a burst the next attempt is never further away than `everySeconds`.
 */
export function allowancesOf({ address, email, device }: Attempt, known: Known): Allowance[] {
  const network = networkOf(address)
  // Not even those who try from the same address as the owner of the account are in the way.
  if (known === 'device') return [{ name: `password of ${email} in ${device}`, burst: 10, everySeconds: 20 }]
  return [
    { name: `password of ${email} from ${network}`, burst: 10, everySeconds: 20 },
    { name: `passwords from ${network}`, burst: 50, everySeconds: 2 },
    ...(known === 'address' ? [] : [{ name: `password of ${email} from anywhere`, burst: 50, everySeconds: 10 }]),
  ]
}

/** Of codes, of which there are a million: all that is tried elsewhere in a day finds one with a chance of 1 in 2000. */
export function codeAllowancesOf(
  personId: string,
  { address, device }: Omit<Attempt, 'email'>,
  known: Known,
): Allowance[] {
  if (known === 'device') return [{ name: `codes of ${personId} in ${device}`, burst: 10, everySeconds: 300 }]
  return [
    { name: `codes of ${personId} from ${networkOf(address)}`, burst: 10, everySeconds: 300 },
    ...(known === 'address' ? [] : [{ name: `codes of ${personId} from anywhere`, burst: 20, everySeconds: 600 }]),
  ]
}

export function attemptLimit({
  allowances,
  identity,
}: {
  allowances: Allowances
  identity: Pick<Identity, 'isKnown'>
}): AttemptLimit {
  return {
    take: async (attempt) => {
      // Whoever has no cookie and was refused a moment ago is refused without a look into the database.
      const refused = attempt.device === undefined ? allowances.knownWait(allowancesOf(attempt, 'address')) : null
      if (refused !== null) return { waitSeconds: refused }
      const charged = allowancesOf(attempt, await identity.isKnown(attempt))
      const waitSeconds = await allowances.take(charged)
      return waitSeconds === null ? { waitSeconds, forgive: () => allowances.giveBack(charged) } : { waitSeconds }
    },
  }
}
