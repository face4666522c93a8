import type { PoolUse } from '../../platform/database/index.ts'
import type { Authenticate } from '../../platform/http/index.ts'
import { defineModule } from '../../platform/module/index.ts'
import { inHeaps } from '../../platform/upkeep/index.ts'
import { mailModule } from '../mail/index.ts'
import { openTenancy, type TenancyApi } from './open-tenancy.ts'
import { tenancyPermissions } from './permissions.ts'
import { tenancyRetention } from './retention.ts'

export type { TenancyApi } from './open-tenancy.ts'
export { TENANT_ROLES, type TenantRole } from './roles.ts'

/**
 * What the database notifies when a caller may do less than before, in the transaction that takes it away. The payload is
 * the caller's id, `person:<id>` or `key:<id>`: whoever serves that caller something that goes on looks them up again.
 */
export const ACCESS_CHANNEL = 'signalbox_access'
/** What the composition root takes besides. */
type Door = TenancyApi & {
  authenticate: Authenticate
  /** Of the pool of people and sessions. */
  poolUse(): PoolUse
}

const needs = { mail: mailModule }

/** Who is calling, which tenants they belong to, and what they may do there. */
export const tenancyModule = defineModule<Door, typeof needs>({
  name: 'core/tenancy',
  migrations: new URL('./migrations/', import.meta.url),
  permissions: tenancyPermissions,
  retention: tenancyRetention,
  needs,
  open: async ({ config, ...ground }, { mail }) => {
    const tenancy = await openTenancy({
      ...ground,
      mail,
      adminToken: config.SIGNALBOX_ADMIN_TOKEN,
      secrets: [config.SIGNALBOX_SECRET, config.SIGNALBOX_PREVIOUS_SECRET].filter((secret) => secret !== undefined),
      publicUrl: config.SIGNALBOX_PUBLIC_URL,
      corsOrigins: config.CORS_ORIGINS,
    })
    return {
      api: { ...tenancy.api, authenticate: tenancy.authenticate, poolUse: tenancy.poolUse },
      routes: tenancy.routes,
      upkeep: [
        { name: 'identity.session', run: inHeaps(tenancy.forgetSessions) },
        { name: 'identity.verification', run: inHeaps(tenancy.forgetVerifications) },
        { name: 'identity.one_time_token', run: inHeaps(tenancy.forgetTokens) },
        { name: 'identity.known_device', run: inHeaps(tenancy.forgetDevices) },
        { name: 'identity.signing_key', run: inHeaps(tenancy.forgetSigningKeys) },
      ],
      close: tenancy.close,
    }
  },
})
