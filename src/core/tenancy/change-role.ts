import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Tx } from '../../platform/database/index.ts'
import type { Caller } from '../../platform/http/index.ts'
import { recordAudit } from '../audit/index.ts'
import { demandRoleToGrant } from './callers.ts'
import { demandMember, demandOtherOwner } from './membership-rules.ts'
import { type PermissionCatalogue, rolesAbove, type TenantRole } from './roles.ts'
import { revokeInvitationsBy } from './store/invitations.ts'
import { lockOwners, type Membership, updateRole } from './store/memberships.ts'

/**
 * Gives a member another role. Of the invitations they wrote, themselves or through their keys, those to a role that is
 * now above their own are revoked: otherwise they would still make the owner that they may not make any more.
 *
 * @throws tenancy.member_not_found, tenancy.last_owner, tenancy.beyond_own_permissions
 */
export async function changeRole(
  tx: Tx,
  request: { caller: Caller; tenantId: TenantId; personId: string; role: TenantRole },
  catalogue: PermissionCatalogue,
): Promise<Membership> {
  const { caller, tenantId, personId, role } = request
  await demandRoleToGrant(caller, { tenantId, role }, catalogue)
  if (role !== 'owner') demandOtherOwner(await lockOwners(tx), personId)
  const member = demandMember(await updateRole(tx, personId, role), personId)
  await revokeInvitationsBy(tx, personId, rolesAbove(role))
  await recordAudit(tx, {
    ...{ tenantId, actor: caller.id, action: 'member.update', subject: `person:${personId}` },
    details: { role },
  })
  return member
}
