import type { TenantId } from '../../../kernel/tenant-id.ts'
import { recordAudit } from '../../audit/index.ts'
import { tenancyFault } from '../faults.ts'
import { deleteFamily, type FamilyUse, lockFamily, tenantOfFamily } from '../store/token-families.ts'
import type { TenancyContext } from '../tenancy-context.ts'
import { goOn, type IssuedTokens } from './issue-tokens.ts'

const refreshRefused = (internal: string) =>
  tenancyFault('tenancy.refresh_refused', {
    public: 'This refresh token is unknown, over, or was used before. Get new tokens with POST /auth/token.',
    internal,
  })

/**
 * The next tokens for a refresh token, which is used up with that. Used again, by whomever, it ends the whole family: one of the
 * two who have it has stolen it.
 *
 * @throws tenancy.refresh_refused
 */
export async function refreshTokensOf(context: TenancyContext, token: string, now: Date): Promise<IssuedTokens> {
  const known = context.tokens.refresh.familyOf(token)
  if (!known) throw refreshRefused('no refresh token of ours')
  const { familyId, hash } = known
  const tenantId = await findTenant(context, familyId)
  if (tenantId === null) throw refreshRefused('its family is over')
  const outcome = await context.database.withTenant(tenantId, async (tx) => {
    const family = await lockFamily(tx, familyId)
    if (!family || family.expiresAt <= now) return 'over'
    if (family.refreshHash.equals(hash)) return goOn(context, tx, { family, now })
    await deleteFamily(tx, familyId)
    const actor = family.apiKeyId === null ? `person:${family.personId}` : `key:${family.apiKeyId}`
    await recordAudit(tx, { tenantId, actor, action: 'token.reuse', subject: `token_family:${familyId}` })
    return family
  })
  if (outcome === 'over') throw refreshRefused('its family is over')
  if ('accessToken' in outcome) return outcome
  await endOwnSession(context, outcome)
  throw refreshRefused('it was used before: its family was ended')
}

/** Ends the family of a refresh token or of an access token. Of any other text nothing is said, as there is nothing to end. */
export async function revokeTokens(context: TenancyContext, token: string): Promise<void> {
  const familyId = await familyOf(context, token)
  const tenantId = familyId === null ? null : await findTenant(context, familyId)
  if (familyId === null || tenantId === null) return
  const ended = await context.database.withTenant(tenantId, (tx) => deleteFamily(tx, familyId))
  if (ended) await endOwnSession(context, ended)
}

async function familyOf({ tokens }: TenancyContext, token: string): Promise<string | null> {
  const refresh = tokens.refresh.familyOf(token)
  if (refresh) return refresh.familyId
  const claims = await tokens.access.verify(token)
  return 'refused' in claims ? null : claims.sid
}

const findTenant = ({ database }: TenancyContext, familyId: string): Promise<TenantId | null> =>
  database.readAcrossTenants('a token says its family, not whose it is', (tx) => tenantOfFamily(tx, familyId))

/** A session that was opened for these tokens alone. */
async function endOwnSession(
  { identity }: TenancyContext,
  { personId, sessionId, ownsSession }: Pick<FamilyUse, 'personId' | 'sessionId' | 'ownsSession'>,
): Promise<void> {
  if (ownsSession && personId !== null && sessionId !== null) await identity.endSessions(personId, { sessionId })
}
