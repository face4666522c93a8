import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Tx } from '../../platform/database/index.ts'
import type { Caller } from '../../platform/http/index.ts'
import { recordAudit } from '../audit/index.ts'
import { tenancyFault } from './faults.ts'
import { revokeApiKey } from './store/api-keys.ts'
import { revokeInvitationsByKey } from './store/invitations.ts'

/**
 * Revokes a key, and the invitations that it or the keys it made have left open; one that was revoked before stays so.
 *
 * @throws tenancy.api_key_not_found
 */
export async function revokeApiKeyFor(
  tx: Tx,
  request: { caller: Caller; tenantId: TenantId; apiKeyId: string },
): Promise<void> {
  const { caller, tenantId, apiKeyId } = request
  const revoked = await revokeApiKey(tx, apiKeyId)
  if (!revoked) {
    throw tenancyFault('tenancy.api_key_not_found', {
      public: 'There is no such API key in this tenant.',
      internal: `no API key ${apiKeyId}`,
    })
  }
  if (revoked.before) return
  await revokeInvitationsByKey(tx, apiKeyId)
  await recordAudit(tx, { tenantId, actor: caller.id, action: 'key.revoke', subject: `key:${apiKeyId}` })
}
