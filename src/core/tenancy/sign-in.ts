import { tenancyFault } from './faults.ts'
import type { Challenge, Device, SignedIn } from './identity.ts'
import { deviceCookie, newDevice } from './known-device.ts'
import { type TenantOfPerson, tenantsOfPerson } from './store/memberships.ts'
import type { TenancyContext } from './tenancy-context.ts'
import { tryCode } from './try-code.ts'
import { tryPassword } from './try-password.ts'

export type Welcome = SignedIn & { tenants: TenantOfPerson[] }

/**
 * Opens a session for whoever knows the password, and knows the place again next time. Of whoever has a second factor a code is
 * asked for first.
 *
 * @throws tenancy.sign_in_refused, tenancy.too_many_attempts
 */
export async function signIn(
  context: TenancyContext,
  credentials: { email: string; password: string },
  device: Device,
): Promise<Welcome | Challenge> {
  const attempt = () => context.identity.signIn(credentials, device)
  const outcome = await tryPassword(context.limit, { ...device, email: credentials.email }, attempt)
  return 'challenge' in outcome ? outcome : welcome(context, outcome, device)
}

/**
 * Opens the session that waits for a code.
 *
 * @throws tenancy.challenge_over, tenancy.code_wrong, tenancy.too_many_attempts
 */
export async function answerChallenge(
  context: TenancyContext,
  answer: { challenge: string; code: string },
  device: Device,
): Promise<Welcome> {
  const { secondFactor } = context.identity
  const personId = await secondFactor.personOfChallenge(answer.challenge)
  if (personId === null) throw challengeOver()
  const outcome = await tryCode(context, { personId, device, code: answer.code }, async () => {
    const answered = await secondFactor.answerChallenge(answer, device)
    return answered === 'wrong' ? null : answered
  })
  if (outcome === 'over') throw challengeOver()
  return welcome(context, outcome, device)
}

/** Notes the place, so that it is known next time. */
async function welcome(
  { database, identity, isSecure }: TenancyContext,
  signedIn: SignedIn,
  { address, device }: Device,
): Promise<Welcome> {
  const { personId } = signedIn.person
  const known = device ?? newDevice()
  await identity.becomeKnown(personId, { address, device: known })
  const why = 'a person may belong to several tenants'
  const tenants = await database.readAcrossTenants(why, (tx) => tenantsOfPerson(tx, personId))
  return { ...signedIn, setCookie: [...signedIn.setCookie, deviceCookie(known, isSecure)], tenants }
}

const challengeOver = () =>
  tenancyFault('tenancy.challenge_over', {
    public: 'This sign-in is over: it waited too long, or had too many wrong codes. Begin again with your password.',
    internal: 'no challenge like this waits for a code',
  })
