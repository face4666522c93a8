import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Tx } from '../../platform/database/index.ts'
import { recordAudit } from '../audit/index.ts'
import { tenancyFault } from './faults.ts'
import type { TenantRole } from './roles.ts'
import { insertMembership } from './store/memberships.ts'

/** Makes a person a member. Throws `tenancy.already_member` when they are one, whatever their role. */
export async function addMember(
  tx: Tx,
  member: { tenantId: TenantId; personId: string; role: TenantRole },
  actor: string,
): Promise<void> {
  const { tenantId, personId, role } = member
  if (!(await insertMembership(tx, member))) {
    throw tenancyFault('tenancy.already_member', {
      public: 'This person is a member of the tenant already. Change their role instead.',
      internal: `person ${personId} is a member of ${tenantId}`,
    })
  }
  await recordAudit(tx, { tenantId, actor, action: 'member.add', subject: `person:${personId}`, details: { role } })
}
