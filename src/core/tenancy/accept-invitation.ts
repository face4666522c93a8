import type { Database } from '../../platform/database/index.ts'
import { invalid } from '../../platform/http/index.ts'
import { recordAudit } from '../audit/index.ts'
import { addMember } from './add-member.ts'
import type { AttemptLimit } from './attempt-limit.ts'
import { tenancyFault } from './faults.ts'
import { NewPasswordField } from './fields.ts'
import type { Device, Identity, Person } from './identity.ts'
import { type InvitationStatus, invitationStatus } from './invitation-status.ts'
import type { TenantRole } from './roles.ts'
import { hashSecret } from './secrets.ts'
import { claimInvitation, findInvitation } from './store/invitations.ts'
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

type Dependencies = { database: Database; identity: Identity; limit: AttemptLimit }

/**
 * Makes the invited person a member: somebody new gets an account, somebody who has one must prove that it is theirs.
 *
 * The account is made before the transaction that uses the invitation up. When that one fails, an account without a
 * tenant stays behind, and the same request with the same password succeeds later.
 *
 * @throws tenancy.invitation_not_found, tenancy.invitation_gone, tenancy.sign_in_refused, tenancy.too_many_attempts,
 *   tenancy.already_member, http.invalid
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
  const { tenantId, invitationId, email } = invitation
  const status = invitationStatus(invitation, acceptance.now)
  if (status !== 'open') throw gone(status)
  const person = await settlePerson(dependencies, email, acceptance)
  return database.withTenant(tenantId, async (tx) => {
    const claimed = await claimInvitation(tx, { invitationId, personId: person.personId })
    if (!claimed) throw gone('accepted')
    const { role } = claimed
    const actor = `person:${person.personId}`
    await recordAudit(tx, { tenantId, actor, action: 'invitation.accept', subject: `invitation:${invitationId}` })
    await addMember(tx, { tenantId, personId: person.personId, role }, actor)
    return { person, tenantId, role }
  })
}

/**
 * The person that the invitation is for. Holding the token is no proof of owning the account of that address, because
 * whoever wrote the invitation holds it too.
 */
async function settlePerson(
  { identity, limit }: Dependencies,
  email: string,
  { name, password, signedInPersonId, device }: Acceptance,
): Promise<Person> {
  const existing = await identity.findByEmail(email)
  if (existing && existing.personId === signedInPersonId) return existing
  if (!existing) {
    const made = await identity.createPerson({ email, ...demandNewAccount(name, password) })
    if (made) return made
  }
  return tryPassword(limit, { ...device, email }, async () =>
    password === undefined ? null : identity.checkPassword({ email, password }),
  )
}

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
