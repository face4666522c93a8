import { randomUUID } from 'node:crypto'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import { type Caller, demandPermission, invalid } from '../../../platform/http/index.ts'
import { beyond } from '../callers.ts'
import { refuseUnknown } from '../create-api-key.ts'
import { tenancyFault } from '../faults.ts'
import { endUnused, type FamilyUse, insertFamily, renewFamily } from '../store/token-families.ts'
import type { TenancyContext } from '../tenancy-context.ts'
import { familyCaller } from './family-caller.ts'
import { FAMILY_SECONDS, REFRESH_SECONDS, TOKEN_SECONDS } from './token-times.ts'

/** So many families of one person or key in a tenant; the one that was unused for longest ends for a new one. */
export const FAMILIES_MAX = 1_000

export type IssuedTokens = {
  accessToken: string
  expiresAt: Date
  refreshToken: string
  refreshExpiresAt: Date
  tenantId: TenantId
  permissions: string[]
}

/** Who exchanges, and what; `session` for people. */
export type Exchange = {
  caller: Caller
  session?: { sessionId: string; isOwn: boolean } | undefined
  tenantId?: TenantId | undefined
  permissions?: readonly string[] | undefined
  now: Date
}

type Context = Pick<TenancyContext, 'database' | 'catalogue' | 'tokens'>

const earliest = (...dates: (Date | undefined)[]) =>
  new Date(Math.min(...dates.flatMap((date) => (date === undefined ? [] : [date.getTime()]))))
const after = (now: Date, seconds: number) => new Date(now.getTime() + seconds * 1_000)

/**
 * Begins a family of tokens for a caller in one tenant: all that they may do there, or what of it they ask for. It ends with what
 * it came from.
 *
 * @throws http.invalid, http.tenant_not_found, tenancy.beyond_own_permissions
 */
export async function exchange(context: Context, wish: Exchange): Promise<IssuedTokens> {
  const { caller, session, now } = wish
  const tenantId = await chooseTenant(caller, wish.tenantId)
  const permissions = await choosePermissions(context, { caller, tenantId, wanted: wish.permissions })
  const familyId = randomUUID()
  const { token, hash } = context.tokens.refresh.make(familyId)
  const endsAt = earliest(after(now, FAMILY_SECONDS), caller.until)
  const expiresAt = earliest(after(now, REFRESH_SECONDS), endsAt)
  const family = {
    ...{ tenantId, familyId, endsAt, expiresAt, refreshHash: hash },
    personId: session ? caller.id.slice('person:'.length) : null,
    apiKeyId: session ? null : caller.id.slice('key:'.length),
    ...{ sessionId: session?.sessionId ?? null, ownsSession: session?.isOwn ?? false },
    permissions: wish.permissions === undefined ? null : [...permissions],
  }
  await context.database.withTenant(tenantId, async (tx) => {
    await endUnused(tx, family, FAMILIES_MAX - 1)
    await insertFamily(tx, family)
  })
  const signed = await sign(context, { family, sub: caller.id, permissions, now })
  return { ...signed, refreshToken: token, refreshExpiresAt: expiresAt }
}

/** The next tokens of a family that is locked; what its caller lost meanwhile is not in them. */
export async function goOn(
  context: Context,
  tx: Parameters<typeof renewFamily>[0],
  { family, now }: { family: FamilyUse; now: Date },
): Promise<IssuedTokens> {
  const { tenantId, familyId } = family
  const caller = familyCaller(family, context.catalogue)
  const wanted = family.permissions ?? Object.keys(context.catalogue)
  const lacking = new Set(await beyond(caller, wanted, tenantId))
  const permissions = wanted.filter((permission) => !lacking.has(permission)).toSorted()
  const { token, hash } = context.tokens.refresh.make(familyId)
  const expiresAt = earliest(after(now, REFRESH_SECONDS), family.endsAt)
  await renewFamily(tx, familyId, { hash, expiresAt })
  const signed = await sign(context, { family, sub: caller.id, permissions, now })
  return { ...signed, refreshToken: token, refreshExpiresAt: expiresAt }
}

type ToSign = {
  family: Pick<FamilyUse, 'tenantId' | 'familyId' | 'endsAt'>
  sub: string
  permissions: string[]
  now: Date
}

async function sign({ tokens }: Context, { family, sub, permissions, now }: ToSign) {
  const { tenantId, familyId: sid, endsAt } = family
  const exp = Math.floor(earliest(after(now, TOKEN_SECONDS), endsAt).getTime() / 1_000)
  const accessToken = await tokens.access.sign({ sub, tenant_id: tenantId, permissions, sid, exp })
  return { accessToken, expiresAt: new Date(exp * 1_000), tenantId, permissions }
}

/** The tenant that was named, or the only one there is. */
async function chooseTenant(caller: Caller, named: TenantId | undefined): Promise<TenantId> {
  const tenants = caller.tenants === 'all' ? [] : caller.tenants
  const tenantId = named ?? (tenants.length === 1 ? tenants[0] : undefined)
  if (tenantId === undefined) {
    const message = 'is needed: a token is for one tenant, and you belong to none or to several'
    throw invalid([{ in: 'body', field: 'tenant_id', message }])
  }
  // Answers 404, as for every tenant that is not theirs.
  if (!tenants.includes(tenantId)) await demandPermission(caller, 'tenant.read', tenantId)
  return tenantId
}

async function choosePermissions(
  { catalogue }: Context,
  { caller, tenantId, wanted }: { caller: Caller; tenantId: TenantId; wanted: readonly string[] | undefined },
): Promise<string[]> {
  if (wanted) refuseUnknown(wanted, catalogue)
  const names = wanted ?? Object.keys(catalogue)
  const lacking = await beyond(caller, names, tenantId)
  if (wanted && lacking.length > 0) {
    throw tenancyFault('tenancy.beyond_own_permissions', {
      public: `You cannot pass on what you do not have: ${lacking.join(', ')}. Leave it out, or ask an owner.`,
      internal: `${caller.id} asked for a token with ${lacking.join(', ')}`,
    })
  }
  return [...new Set(names)].filter((name) => !lacking.includes(name)).toSorted()
}
