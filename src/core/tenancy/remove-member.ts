import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Tx } from '../../platform/database/index.ts'
import type { Caller } from '../../platform/http/index.ts'
import { recordAudit } from '../audit/index.ts'
import { demandMember, demandOtherOwner } from './membership-rules.ts'
import { TENANT_ROLES } from './roles.ts'
import { lockKeys, revokeKeysOfPerson } from './store/api-keys.ts'
import { revokeInvitationsBy } from './store/invitations.ts'
import { deleteMembership, lockOwners } from './store/memberships.ts'

/**
 * Ends a membership, and with it what the member left open for themselves or for others: the keys they answer for and
 * the invitations nobody has accepted.
 *
 * @throws tenancy.member_not_found, tenancy.last_owner
 */
export async function removeMember(
  tx: Tx,
  request: { caller: Caller; tenantId: TenantId; personId: string },
): Promise<void> {
  const { caller, tenantId, personId } = request
  demandOtherOwner(await lockOwners(tx), personId)
  await lockKeys(tx, 'exclusive')
  const role = demandMember(await deleteMembership(tx, personId), personId)
  await revokeInvitationsBy(tx, personId, TENANT_ROLES)
  const keys = await revokeKeysOfPerson(tx, personId)
  await recordAudit(tx, {
    ...{ tenantId, actor: caller.id, action: 'member.remove', subject: `person:${personId}` },
    details: { role, revoked_keys: keys },
  })
}
