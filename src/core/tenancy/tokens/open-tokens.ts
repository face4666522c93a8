import type { Logger } from '../../../kernel/logger.ts'
import type { Database } from '../../../platform/database/index.ts'
import { unauthenticated } from '../../../platform/http/index.ts'
import { keepSecret, type Sealer } from '../../../platform/sealing/index.ts'
import type { PermissionCatalogue } from '../roles.ts'
import type { SigningKeyStore } from '../store/signing-keys.ts'
import { usingFamily } from '../store/token-families.ts'
import { type AccessTokens, accessTokens } from './access-tokens.ts'
import { familyCaller, narrowed } from './family-caller.ts'
import { callerOfTokens, type Issuer } from './issuers.ts'
import { type RefreshTokens, refreshTokens } from './refresh-token.ts'
import { openSigningKeys, type SigningKeys } from './signing-keys.ts'

/** Issuer of an installation that has no address of its own. */
const NAMELESS = 'urn:signalbox'

/** What signs, checks and renews the tokens of programs. */
export type Tokens = {
  keys: SigningKeys
  access: AccessTokens
  refresh: RefreshTokens
  /** @throws http.unauthenticated */
  callerOf: Issuer['callerOf']
}

export async function openTokens(options: {
  database: Database
  catalogue: PermissionCatalogue
  store: SigningKeyStore
  sealer: Sealer
  logger: Logger
  publicUrl: string | undefined
}): Promise<Tokens> {
  const { database, catalogue, publicUrl } = options
  const issuer = publicUrl ?? NAMELESS
  const keys = openSigningKeys(options)
  const access = accessTokens({ keys, issuer })
  const ours: Issuer = {
    name: issuer,
    callerOf: async (token) => {
      const claims = await access.verify(token)
      if ('refused' in claims) throw unauthenticated(`the token is refused: ${claims.refused}`)
      const why = 'the token says which tenant it is for'
      const [[family]] = await database.acrossTenantsAtOnce(why, [usingFamily(claims.tenant_id, claims.sid)])
      if (!family) throw unauthenticated('what the token came from is over')
      const caller = familyCaller(family, catalogue)
      if (caller.id !== claims.sub) throw unauthenticated('the token is not of whom its family is')
      return narrowed(caller, claims.permissions, new Date(claims.exp * 1_000))
    },
  }
  return {
    ...{ keys, access },
    refresh: refreshTokens(await keepSecret(database, 'refresh-tokens')),
    callerOf: callerOfTokens([ours]),
  }
}
