import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Tx } from '../../platform/database/index.ts'
import type { Caller } from '../../platform/http/index.ts'
import { recordAudit } from '../audit/index.ts'
import { tenancyFault } from './faults.ts'
import { revokeInvitation } from './store/invitations.ts'

/**
 * Revokes an invitation; one that was revoked before stays so.
 *
 * @throws tenancy.invitation_not_found, tenancy.invitation_gone when it was accepted
 */
export async function revokeInvitationFor(
  tx: Tx,
  request: { caller: Caller; tenantId: TenantId; invitationId: string },
): Promise<void> {
  const { caller, tenantId, invitationId } = request
  const before = await revokeInvitation(tx, invitationId)
  if (!before) {
    throw tenancyFault('tenancy.invitation_not_found', {
      public: 'There is no such invitation in this tenant.',
      internal: `no invitation ${invitationId}`,
    })
  }
  if (before.acceptedAt) {
    throw tenancyFault('tenancy.invitation_gone', {
      public: 'This invitation was accepted already. Remove the member instead.',
      internal: `invitation ${invitationId} was accepted`,
    })
  }
  if (before.revokedAt) return
  await recordAudit(tx, {
    ...{ tenantId, actor: caller.id, action: 'invitation.revoke', subject: `invitation:${invitationId}` },
  })
}
