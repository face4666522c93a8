import { networkOf } from '../../platform/http/index.ts'
import type { Allowances } from '../../platform/resilience/index.ts'
import { tenancyFault } from './faults.ts'

/** A mailbox gets so many of a kind, whoever asks for them. */
const PER_ADDRESS = { burst: 3, everySeconds: 3_600 }
const PER_NETWORK = { burst: 10, everySeconds: 60 }
const PER_TENANT = { burst: 100, everySeconds: 60 }

const tooMany = (waitSeconds: number) =>
  tenancyFault('tenancy.too_many_mails', {
    public: `Too many mails were asked for. Wait ${waitSeconds} seconds, then try again.`,
    internal: 'over the limit of mails to people',
    headers: { 'retry-after': String(waitSeconds) },
  })

/**
 * Whether a mail may go to an address that somebody who is not known asks for. False when the address had enough of them, which
 * whoever asks is not told: with it they would learn what others have asked for.
 *
 * @throws tenancy.too_many_mails for the place that asks
 */
export async function mayMailFrom(allowances: Allowances, about: { address: string; email: string }): Promise<boolean> {
  const waitSeconds = await allowances.take([{ name: `reset mails from ${networkOf(about.address)}`, ...PER_NETWORK }])
  if (waitSeconds !== null) throw tooMany(waitSeconds)
  return (await allowances.take([{ name: `reset mails to ${about.email}`, ...PER_ADDRESS }])) === null
}

/** Counts an invitation before it is mailed. @throws tenancy.too_many_mails */
export async function limitInvitations(
  allowances: Allowances,
  about: { tenantId: string; email: string },
): Promise<void> {
  const waitSeconds = await allowances.take([
    { name: `invitations of ${about.tenantId}`, ...PER_TENANT },
    { name: `invitations to ${about.email}`, ...PER_ADDRESS },
  ])
  if (waitSeconds !== null) throw tooMany(waitSeconds)
}

/** Counts a mail that people ask for to their own address. @throws tenancy.too_many_mails */
export async function limitProofs(allowances: Allowances, personId: string): Promise<void> {
  const waitSeconds = await allowances.take([{ name: `proofs of ${personId}`, ...PER_ADDRESS }])
  if (waitSeconds !== null) throw tooMany(waitSeconds)
}
