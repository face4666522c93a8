import type { Logger } from '../../kernel/logger.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Database, PoolUse } from '../../platform/database/index.ts'
import type { Authenticate, Route } from '../../platform/http/index.ts'
import { openAllowances } from '../../platform/resilience/index.ts'
import { keepSecret, type Sealer } from '../../platform/sealing/index.ts'
import type { MailApi } from '../mail/index.ts'
import { addMember } from './add-member.ts'
import { apiKeyRoutes } from './api-key-routes.ts'
import { attemptLimit } from './attempt-limit.ts'
import { authenticator } from './authenticate.ts'
import { createApiKey } from './create-api-key.ts'
import { createPerson } from './create-person.ts'
import { createTenant, type NewTenant } from './create-tenant.ts'
import { type Identity, openIdentity, type Person } from './identity.ts'
import { invitationRoutes } from './invitation-routes.ts'
import { memberRoutes } from './member-routes.ts'
import { ownSessionRoutes } from './own-session-routes.ts'
import { passwordRoutes } from './password-routes.ts'
import type { PermissionCatalogue, TenantRole } from './roles.ts'
import { secondFactorRoutes } from './second-factor-routes.ts'
import { sessionRoutes } from './session-routes.ts'
import type { Tenant } from './store/tenants.ts'
import type { TenancyContext } from './tenancy-context.ts'
import { openTenancyMail } from './tenancy-mail.ts'
import { tenantRoutes } from './tenant-routes.ts'
import { openTokens } from './tokens/open-tokens.ts'
import { tokenRoutes } from './tokens/routes.ts'

export type TenancyDependencies = {
  database: Database
  /** The same database, for the pool of people and sessions. */
  databaseUrl: string
  logger: Logger
  /** Of the keys that sign tokens. */
  sealer: Sealer
  mail: Pick<MailApi, 'send' | 'declare' | 'declareAction'>
  /** Every module's permissions, this one's included. */
  permissions: PermissionCatalogue
  /** SIGNALBOX_ADMIN_TOKEN; without it there is no operator. */
  adminToken?: string | undefined
  /** SIGNALBOX_SECRET and the one before it; behind them, or alone, stands one that is made and kept in the database. */
  secrets?: readonly string[] | undefined
  /** Where callers reach us when it is not simply the host they ask for, e.g. `https://ops.example.com`. */
  publicUrl?: string | undefined
  corsOrigins?: readonly string[] | undefined
  identityPoolSize?: number
}

/** What the composition root and the demo may do without a request. */
export type TenancyApi = {
  /** @throws tenancy.tenant_exists */
  createTenant(tenant: NewTenant): Promise<Tenant>
  /** @throws tenancy.person_exists */
  createPerson(person: { name: string; email: string; password: string }): Promise<Person>
  findPerson(email: string): Promise<Person | null>
  /** @throws tenancy.already_member */
  addMember(member: { tenantId: TenantId; personId: string; role: TenantRole }): Promise<void>
  /** A key in the name of the installation; its secret is returned once and kept nowhere. */
  createApiKey(key: {
    tenantId: TenantId
    name: string
    permissions: readonly string[]
    expiresAt?: Date
  }): Promise<{ apiKeyId: string; secret: string }>
}

export type Tenancy = {
  routes: Route[]
  authenticate: Authenticate
  api: TenancyApi
  /** Of the pool of people and sessions. */
  poolUse(): PoolUse
  /** Deletes sessions that are over, at most `limit`; returns how many. */
  forgetSessions(limit: number): Promise<number>
  /** The same for links and codes that have expired. */
  forgetVerifications(limit: number): Promise<number>
  /** The same for links that were mailed or handed over. */
  forgetTokens(limit: number): Promise<number>
  /** The same for places where nobody has signed in for long. */
  forgetDevices(limit: number): Promise<number>
  /** Deletes keys of tokens that are over; returns how many. */
  forgetSigningKeys(): Promise<number>
  close(): Promise<void>
}

/** Who does what no request asked for. */
const OPERATOR = 'operator'
const IDENTITY_POOL_SIZE = 3
/** better-auth wants an address; only whether it is https matters, as its own routes are not mounted. */
const LOCAL_URL = 'http://localhost'

/** Tenants, people, sessions, memberships, invitations and API keys. Reads the cookie secret, so the database must be migrated. */
export async function openTenancy(dependencies: TenancyDependencies): Promise<Tenancy> {
  const { database, databaseUrl, logger, permissions, publicUrl } = dependencies
  const identity = openIdentity({
    databaseUrl,
    poolSize: dependencies.identityPoolSize ?? IDENTITY_POOL_SIZE,
    secrets: [...(dependencies.secrets ?? []), await keepSecret(database, 'session-cookies')],
    publicUrl: publicUrl ?? LOCAL_URL,
    logger,
  })
  const allowances = openAllowances(database)
  const limit = attemptLimit({ allowances, identity })
  const mail = openTenancyMail({ mail: dependencies.mail, database, identity })
  const ownPages = publicUrl === undefined ? [] : [publicUrl]
  const isSecure = publicUrl?.startsWith('https:') ?? false
  const trustedOrigins = new Set([...ownPages, ...(dependencies.corsOrigins ?? [])].map((url) => new URL(url).origin))
  const tokens = await openTokens({
    ...{ database, catalogue: permissions, store: identity.signingKeys, publicUrl },
    ...{ sealer: dependencies.sealer, logger },
  })
  const context: TenancyContext = {
    ...{ database, identity, catalogue: permissions, limit, allowances, mail, tokens },
    ...{ trustedOrigins, isSecure },
  }
  const authenticate = authenticator({ ...context, adminToken: dependencies.adminToken })
  return {
    routes: [
      ...tenantRoutes(),
      ...sessionRoutes(context),
      ...ownSessionRoutes(context),
      ...passwordRoutes(context),
      ...secondFactorRoutes(context),
      ...tokenRoutes({ ...context, authenticate }),
      ...memberRoutes(context),
      ...invitationRoutes(context, authenticate),
      ...apiKeyRoutes(context),
    ],
    authenticate,
    api: tenancyApi(database, identity),
    poolUse: () => identity.poolUse(),
    forgetSessions: identity.forgetSessions,
    forgetVerifications: identity.forgetVerifications,
    forgetTokens: identity.forgetTokens,
    forgetDevices: identity.forgetDevices,
    forgetSigningKeys: tokens.keys.forget,
    close: () => identity.close(),
  }
}

function tenancyApi(database: Database, identity: Identity): TenancyApi {
  return {
    createTenant: (tenant) =>
      database.acrossTenants('the tenant does not exist yet', (tx) => createTenant(tx, tenant, OPERATOR)),
    createPerson: (person) => createPerson(identity, person),
    findPerson: (email) => identity.findByEmail(email),
    addMember: (member) => database.withTenant(member.tenantId, (tx) => addMember(tx, member, OPERATOR)),
    createApiKey: ({ tenantId, name, permissions, expiresAt = null }) =>
      database.withTenant(tenantId, async (tx) => {
        const made = await createApiKey(tx, {
          ...{ tenantId, name, permissions, expiresAt },
          createdBy: OPERATOR,
          personId: null,
        })
        return { apiKeyId: made.key.apiKeyId, secret: made.secret }
      }),
  }
}
