import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Tx } from '../../platform/database/index.ts'
import { type Caller, invalid } from '../../platform/http/index.ts'
import { recordAudit } from '../audit/index.ts'
import { beyond } from './callers.ts'
import { tenancyFault } from './faults.ts'
import { passingOn } from './passing-on.ts'
import type { PermissionCatalogue } from './roles.ts'
import { API_KEY_PREFIX, makeSecret } from './secrets.ts'
import { type ApiKey, insertApiKey } from './store/api-keys.ts'

export type NewKey = { name: string; permissions: readonly string[]; expiresAt: Date | null }

/** Makes a key for a tenant in the name of the installation, as the demo does; nobody answers for it. */
export async function createApiKey(
  tx: Tx,
  key: NewKey & { tenantId: TenantId; createdBy: string; personId: string | null },
): Promise<{ key: ApiKey; secret: string }> {
  const { secret, hash, shownPrefix } = makeSecret(API_KEY_PREFIX)
  const permissions = [...new Set(key.permissions)].sort()
  const made = await insertApiKey(tx, { ...key, permissions, prefix: shownPrefix, secretHash: hash })
  await recordAudit(tx, {
    ...{ tenantId: key.tenantId, actor: key.createdBy, action: 'key.create', subject: `key:${made.apiKeyId}` },
    details: { permissions },
  })
  return { key: made, secret }
}

/**
 * Makes a key on behalf of a caller, who can pass on only what they have. A key passes on no longer life than its own, and its
 * own where none is asked for.
 *
 * @throws http.invalid for unknown permissions and an expiry that is over or beyond the caller's, tenancy.beyond_own_permissions
 */
export async function createApiKeyFor(
  tx: Tx,
  request: { caller: Caller; tenantId: TenantId; key: NewKey; now: Date },
  catalogue: PermissionCatalogue,
): Promise<{ key: ApiKey; secret: string }> {
  const { caller, tenantId, key, now } = request
  refuseUnknown(key.permissions, catalogue)
  if (key.expiresAt && key.expiresAt <= now) {
    throw invalid([{ in: 'body', field: 'expires_at', message: 'must be in the future' }])
  }
  const lacking = await beyond(caller, key.permissions, tenantId)
  if (lacking.length > 0) {
    throw tenancyFault('tenancy.beyond_own_permissions', {
      public: `You cannot pass on what you do not have: ${lacking.join(', ')}. Leave it out, or ask an owner.`,
      internal: `${caller.id} tried to grant ${lacking.join(', ')}`,
    })
  }
  const { personId, expiresAt: latest } = await passingOn(tx, caller)
  const expiresAt = key.expiresAt ?? latest
  if (latest && expiresAt && expiresAt > latest) {
    const message = `must not be after ${latest.toISOString()}, when the key that makes it expires`
    throw invalid([{ in: 'body', field: 'expires_at', message }])
  }
  return createApiKey(tx, { ...key, expiresAt, tenantId, createdBy: caller.id, personId })
}

/** @throws http.invalid that names each one that no module declares */
export function refuseUnknown(permissions: readonly string[], catalogue: PermissionCatalogue): void {
  const unknown = permissions.flatMap((permission, index) =>
    Object.hasOwn(catalogue, permission)
      ? []
      : [{ in: 'body', field: `permissions.${index}`, message: 'is not a permission of this system' }],
  )
  if (unknown.length > 0) throw invalid(unknown)
}
