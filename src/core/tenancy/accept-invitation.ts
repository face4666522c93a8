import { invalid } from '../../platform/http/index.ts'
import { recordAudit } from '../audit/index.ts'
import { addMember } from './add-member.ts'
import { tenancyFault } from './faults.ts'
import { NewPasswordField } from './fields.ts'
import type { Device, Person } from './identity.ts'
import { type InvitationStatus, invitationStatus } from './invitation-status.ts'
import type { TenantRole } from './roles.ts'
import { hashSecret } from './secrets.ts'
import { claimInvitation, findInvitation } from './store/invitations.ts'
import type { TenancyContext } from './tenancy-context.ts'
import { tryPassword } from './try-password.ts'

export type Acceptance = {
  token: string
  name?: string | undefined
  password?: string | undefined
  /** Who is signed in where the invitation was opened, if anybody. */
  signedInPersonId: string | undefined
  device: Device
  now: Date
}

type Dependencies = Pick<TenancyContext, 'database' | 'identity' | 'limit' | 'mail'>

/**
 * Makes the invited person a member: somebody new gets an account, somebody who has one must prove that it is theirs.
 *
 * The account is made before the transaction that uses the invitation up. When that one fails, an account without a
 * tenant stays behind, and the same request with the same password succeeds later.
 *
 * @throws tenancy.invitation_not_found, tenancy.invitation_gone, tenancy.sign_in_refused, tenancy.too_many_attempts,
 *   tenancy.address_not_proven, tenancy.second_factor_needed, tenancy.already_member, http.invalid
 */
export async function acceptInvitation(
  dependencies: Dependencies,
  acceptance: Acceptance,
): Promise<{ person: Person; tenantId: string; role: TenantRole }> {
  const { database } = dependencies
  const invitation = await database.acrossTenants('the token says which tenant it is for', (tx) =>
    findInvitation(tx, hashSecret(acceptance.token)),
  )
  if (!invitation) {
    throw tenancyFault('tenancy.invitation_not_found', {
      public: 'There is no such invitation. Check that the token is complete.',
      internal: 'no invitation has this token',
    })
  }
  const { tenantId, invitationId } = invitation
  const status = invitationStatus(invitation, acceptance.now)
  if (status !== 'open') throw gone(status)
  const person = await settlePerson(dependencies, invitation, acceptance)
  const accepted = await database.withTenant(tenantId, async (tx) => {
    const claimed = await claimInvitation(tx, { invitationId, personId: person.personId })
    if (!claimed) throw gone('accepted')
    const { role } = claimed
    const actor = `person:${person.personId}`
    await recordAudit(tx, { tenantId, actor, action: 'invitation.accept', subject: `invitation:${invitationId}` })
    await addMember(tx, { tenantId, personId: person.personId, role }, actor)
    return { person, tenantId, role }
  })
  if (!invitation.isMailed || person.isProven) return accepted
  // The token came to the address, and the account is theirs: both are one person.
  await dependencies.identity.setProven(person.personId)
  return { ...accepted, person: { ...person, isProven: true } }
}

/**
 * The person that the invitation is for. A token that was handed over is no proof of owning the address, because whoever wrote the
 * invitation has it too; one that came by mail is. An account that is there must be theirs in any case.
 */
async function settlePerson(
  { identity, limit, mail }: Dependencies,
  { email, isMailed }: { email: string; isMailed: boolean },
  acceptance: Acceptance,
): Promise<Person> {
  const { name, password, signedInPersonId, device } = acceptance
  const existing = await identity.findByEmail(email)
  if (existing && existing.personId === signedInPersonId) return existing
  if (!existing) {
    if (mail.isSetUp && !isMailed) throw notProven()
    const made = await identity.createPerson({ email, ...demandNewAccount(name, password), isProven: isMailed })
    if (made) return made
  }
  const person = await tryPassword(limit, { ...device, email }, async () =>
    password === undefined ? null : identity.checkPassword({ email, password }),
  )
  // Their password alone does not let them in, so it accepts nothing either.
  if (person.hasSecondFactor) throw signInFirst()
  return person
}

const signInFirst = () =>
  tenancyFault('tenancy.second_factor_needed', {
    public: 'Your account asks for codes besides the password. Sign in with both, then accept the invitation.',
    internal: 'an invitation was accepted with the password of an account that has a second factor',
  })

/** The token is from before mail was set up: now that it is, nobody has to believe it. */
const notProven = () =>
  tenancyFault('tenancy.address_not_proven', {
    public: 'This invitation was handed over before mail was set up here. Ask for a new one: it comes to your address.',
    internal: 'an invitation that was not mailed would make an account while mail is set up',
  })

function demandNewAccount(name: string | undefined, password: string | undefined) {
  const chosen = NewPasswordField.safeParse(password)
  if (name !== undefined && chosen.success) return { name, password: chosen.data }
  throw invalid([
    ...(name === undefined ? [{ in: 'body', field: 'name', message: 'is needed for a new account' }] : []),
    ...(chosen.success ? [] : [{ in: 'body', field: 'password', message: 'must be 12 to 128 characters' }]),
  ])
}

function gone(status: Exclude<InvitationStatus, 'open'>) {
  const publicly = {
    accepted: 'This invitation was used already. Sign in, or ask for a new one.',
    revoked: 'This invitation was revoked. Ask for a new one.',
    expired: 'This invitation is too old. Ask for a new one.',
  }
  return tenancyFault('tenancy.invitation_gone', { public: publicly[status], internal: `the invitation is ${status}` })
}
