import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Tx } from '../../platform/database/index.ts'
import type { Caller } from '../../platform/http/index.ts'
import { recordAudit } from '../audit/index.ts'
import { demandRoleToGrant } from './callers.ts'
import { tenancyFault } from './faults.ts'
import type { Identity } from './identity.ts'
import { INVITATION_DAYS } from './invitation-status.ts'
import { passingOn } from './passing-on.ts'
import type { TenantRole } from './roles.ts'
import { INVITATION_PREFIX, makeSecret } from './secrets.ts'
import { type Invitation, insertInvitation, revokeInvitationsTo } from './store/invitations.ts'
import { selectMember } from './store/memberships.ts'
import type { TenancyContext } from './tenancy-context.ts'

export type InviteRequest = { caller: Caller; tenantId: TenantId; email: string; role: TenantRole; now: Date }

/**
 * Invites an address to a role that the inviter could fill. An earlier invitation of the same address that nobody has
 * accepted is revoked, so that the newest token is the only one. A key invites for no longer than it lives.
 *
 * Where mail is set up, the token goes to the address and nowhere else: whoever has it owns the address. Where it is not, it is
 * returned for the inviter to hand over, and proves nothing.
 *
 * @throws tenancy.beyond_own_permissions, tenancy.already_member
 */
export async function inviteMember(
  { identity, catalogue, mail }: Pick<TenancyContext, 'identity' | 'catalogue' | 'mail'>,
  tx: Tx,
  request: InviteRequest,
): Promise<{ invitation: Invitation; token: string | null }> {
  const { caller, tenantId, email, role, now } = request
  await demandRoleToGrant(caller, { tenantId, role }, catalogue)
  await refuseMember(tx, identity, email)
  const { expiresAt: latest } = await passingOn(tx, caller)
  const expiresAt = new Date(now.getTime() + INVITATION_DAYS * 86_400_000)
  await revokeInvitationsTo(tx, email)
  const { secret, hash } = makeSecret(INVITATION_PREFIX)
  const invitation = await insertInvitation(tx, {
    ...{ tenantId, email, role, tokenHash: hash, invitedBy: caller.id, isMailed: mail.isSetUp },
    expiresAt: latest && latest < expiresAt ? latest : expiresAt,
  })
  await recordAudit(tx, {
    ...{ tenantId, actor: caller.id, action: 'member.invite', subject: `invitation:${invitation.invitationId}` },
    details: { role },
  })
  if (!mail.isSetUp) return { invitation, token: secret }
  // The token that was just made is nobody's: the mail has one of its own.
  await mail.invite(tx, tenantId, invitation.invitationId)
  return { invitation, token: null }
}

async function refuseMember(tx: Tx, identity: Identity, email: string): Promise<void> {
  const person = await identity.findByEmail(email)
  if (!person || !(await selectMember(tx, person.personId))) return
  throw tenancyFault('tenancy.already_member', {
    public: 'The person with this e-mail address is a member of the tenant already. Change their role instead.',
    internal: `person ${person.personId} is a member`,
  })
}
