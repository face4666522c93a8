import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Tx } from '../../platform/database/index.ts'
import type { Caller } from '../../platform/http/index.ts'
import { recordAudit } from '../audit/index.ts'
import { tenancyFault } from './faults.ts'
import { lockKeys, revokeApiKeyInDepth } from './store/api-keys.ts'

/**
 * Revokes a key and all that it made, in depth: keys, their keys, and the invitations that any of them has left open. What was
 * revoked before stays so; members who accepted in time stay, they are people.
 *
 * @throws tenancy.api_key_not_found
 */
export async function revokeApiKeyFor(
  tx: Tx,
  request: { caller: Caller; tenantId: TenantId; apiKeyId: string },
): Promise<void> {
  const { caller, tenantId, apiKeyId } = request
  await lockKeys(tx, 'exclusive')
  const revoked = await revokeApiKeyInDepth(tx, apiKeyId)
  if (!revoked) {
    throw tenancyFault('tenancy.api_key_not_found', {
      public: 'There is no such API key in this tenant.',
      internal: `no API key ${apiKeyId}`,
    })
  }
  if (revoked.length === 0) return
  await recordAudit(tx, {
    ...{ tenantId, actor: caller.id, action: 'key.revoke', subject: `key:${apiKeyId}` },
    details: { revoked_keys: revoked },
  })
}
