import type { SystemTx } from '../../platform/database/index.ts'
import { recordAudit } from '../audit/index.ts'
import { tenancyFault } from './faults.ts'
import { mayMailFrom } from './limit-mails.ts'
import { makeSecret, RESET_PREFIX } from './secrets.ts'
import { tenantsOfPerson } from './store/memberships.ts'
import type { TenancyContext } from './tenancy-context.ts'

const HANDED_OVER_HOURS = 24

export const mailNotSetUp = () =>
  tenancyFault('tenancy.mail_not_set_up', {
    public: 'This installation sends no mail. Ask its operator for a link.',
    internal: 'SMTP_URL and MAIL_FROM are not set',
  })

export const tokenGone = () =>
  tenancyFault('tenancy.token_gone', {
    public: 'This link was used, is too old, or a later one has replaced it. Ask for another one.',
    internal: 'no one-time token like this',
  })

/**
 * Has a mail sent to the owner of an account, if there is one: the answer does not say, and takes no longer either.
 *
 * @throws tenancy.mail_not_set_up, tenancy.too_many_mails
 */
export async function askForReset(
  { mail, allowances }: Pick<TenancyContext, 'mail' | 'allowances'>,
  about: { email: string; address: string },
): Promise<void> {
  if (!mail.isSetUp) throw mailNotSetUp()
  if (await mayMailFrom(allowances, about)) await mail.askForReset(about.email)
}

/** Sets a password with a token, ends all sessions, and takes the address for proven. @throws tenancy.token_gone */
export async function resetPassword(
  { identity, mail }: Pick<TenancyContext, 'identity' | 'mail'>,
  reset: { token: string; newPassword: string },
): Promise<void> {
  const personId = await identity.resetPassword(reset)
  if (personId === null) throw tokenGone()
  await mail.tell(personId, 'password_changed')
}

/**
 * A link with which somebody sets a new password, for the operator to hand over: the operator vouches for who they are. Nobody else
 * can have one, an owner neither: an account belongs to a person and may be a member of other tenants.
 *
 * @throws tenancy.person_not_found
 */
export async function handOverReset(
  { identity, mail }: Pick<TenancyContext, 'identity' | 'mail'>,
  tx: SystemTx,
  request: { email: string; removesSecondFactor: boolean; actor: string },
): Promise<{ personId: string; token: string; instructions: string; expiresAt: Date }> {
  const person = await identity.findByEmail(request.email)
  if (!person) {
    throw tenancyFault('tenancy.person_not_found', {
      public: 'There is no account with this e-mail address.',
      internal: 'no person has this e-mail address',
    })
  }
  const { personId } = person
  const { secret: token, hash } = makeSecret(RESET_PREFIX)
  const validSeconds = HANDED_OVER_HOURS * 3_600
  const { removesSecondFactor } = request
  const expiresAt = await identity.renewToken({
    personId,
    purpose: 'reset_password',
    hash,
    validSeconds,
    removesSecondFactor,
  })
  for (const { tenantId } of await tenantsOfPerson(tx, personId)) {
    const line = { actor: request.actor, action: 'person.hand_over_reset', subject: `person:${personId}` }
    await recordAudit(tx, { tenantId, ...line, details: { removes_second_factor: removesSecondFactor } })
  }
  return { personId, token, instructions: mail.resetLink(token), expiresAt }
}
