import { tenancyFault } from './faults.ts'
import type { SignedIn } from './identity.ts'
import type { At, Enrolment } from './second-factor.ts'
import type { Welcome } from './sign-in.ts'
import { tenantsOfPerson } from './store/memberships.ts'
import type { TenancyContext } from './tenancy-context.ts'
import { tryCode } from './try-code.ts'
import { passwordWrong, tryPassword } from './try-password.ts'

type Who = At & { personId: string }

/** Asks for the password again, under its limit: whoever has only the session must not change what lets its owner in. */
async function withPassword<T>(
  context: TenancyContext,
  { personId, device }: Who,
  work: () => Promise<T | null>,
): Promise<T> {
  const email = (await context.identity.findByIds([personId])).get(personId)?.email ?? ''
  return tryPassword(context.limit, { ...device, email }, work, passwordWrong)
}

async function withTenants({ database }: TenancyContext, signedIn: SignedIn): Promise<Welcome> {
  const why = 'a person may belong to several tenants'
  return {
    ...signedIn,
    tenants: await database.readAcrossTenants(why, (tx) => tenantsOfPerson(tx, signedIn.person.personId)),
  }
}

/**
 * Makes a secret for an authenticator app. It counts once `confirmSecondFactor` has seen its first code; made again before, it is
 * another one.
 *
 * @throws tenancy.password_wrong, tenancy.too_many_attempts, tenancy.second_factor_on
 */
export async function enrolSecondFactor(context: TenancyContext, password: string, who: Who): Promise<Enrolment> {
  const enrolled = await withPassword(context, who, () => context.identity.secondFactor.enrol(password, who))
  if (enrolled !== 'on') return enrolled
  throw tenancyFault('tenancy.second_factor_on', {
    public: 'Your account asks for codes already. Switch that off first, or make new recovery codes.',
    internal: 'the second factor is on',
  })
}

/** From now on sign-in asks for codes; all other sessions end. @throws tenancy.code_wrong, tenancy.too_many_attempts */
export async function confirmSecondFactor(context: TenancyContext, code: string, who: Who): Promise<Welcome> {
  const confirm = () => context.identity.secondFactor.confirm(code, who)
  const signedIn = await tryCode(context, { ...who, code }, confirm)
  await context.mail.tell(who.personId, 'second_factor_on')
  return withTenants(context, signedIn)
}

/** @throws tenancy.password_wrong, tenancy.too_many_attempts */
export async function disableSecondFactor(context: TenancyContext, password: string, who: Who): Promise<Welcome> {
  const signedIn = await withPassword(context, who, () => context.identity.secondFactor.disable(password, who))
  await context.mail.tell(who.personId, 'second_factor_off')
  return withTenants(context, signedIn)
}

/** @throws tenancy.password_wrong, tenancy.too_many_attempts, tenancy.second_factor_off */
export async function renewRecoveryCodes(context: TenancyContext, password: string, who: Who): Promise<string[]> {
  const codes = await withPassword(context, who, () => context.identity.secondFactor.renewRecoveryCodes(password, who))
  if (codes !== 'off') return codes
  throw tenancyFault('tenancy.second_factor_off', {
    public: 'Your account does not ask for codes. Switch that on first.',
    internal: 'the second factor is off',
  })
}
