import { limitProofs } from './limit-mails.ts'
import { mailNotSetUp, tokenGone } from './reset-password.ts'
import type { TenancyContext } from './tenancy-context.ts'

/** Has a mail sent to a person's own address. @throws tenancy.mail_not_set_up, tenancy.too_many_mails */
export async function askForProof(
  { mail, allowances }: Pick<TenancyContext, 'mail' | 'allowances'>,
  personId: string,
): Promise<void> {
  if (!mail.isSetUp) throw mailNotSetUp()
  await limitProofs(allowances, personId)
  await mail.askForProof(personId)
}

/**
 * Takes a person's address for proven. They have to be signed in: else whoever took somebody else's address could have its owner
 * confirm it for them, with a click in a mail.
 *
 * @throws tenancy.token_gone
 */
export async function proveAddress(
  { identity }: Pick<TenancyContext, 'identity'>,
  proof: { personId: string; token: string },
): Promise<void> {
  if (!(await identity.proveAddress(proof))) throw tokenGone()
}
