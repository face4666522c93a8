import { randomUUID } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import { isTenantId, type TenantId } from '../../../kernel/tenant-id.ts'
import { ALGORITHM, type SigningKeys } from './signing-keys.ts'

/** For whom our tokens are; a token for anybody else is not taken. */
export const AUDIENCE = 'signalbox-api'
/** RFC 9068: no other kind of JWT may be taken for one that gives access. */
const TYPE = 'at+jwt'
/** Clocks of processes may differ. */
const TOLERANCE_SECONDS = 5

const Claims = z.object({
  sub: z.string().regex(/^(person|key):[0-9a-f-]{36}$/),
  tenant_id: z
    .string()
    .refine(isTenantId)
    .transform((id) => id as TenantId),
  permissions: z.array(z.string()),
  sid: z.uuid(),
  jti: z.uuid(),
  exp: z.number(),
})

/** What a token says: who, in which tenant, what at the most, of which family. */
export type Claims = z.infer<typeof Claims>
export type AccessTokens = {
  sign(claims: Omit<Claims, 'jti'>): Promise<string>
  /** What a good token says; null, with the reason, for any other. */
  verify(token: string): Promise<Claims | { refused: string }>
}

/** Three parts with dots between them: neither a session's token nor a key is like that. */
export const isAccessToken = (token: string) => /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)

/**
 * Tokens that we have issued. `alg`, issuer, audience and type are ours, never the token's; its key is one of ours, found by its
 * `kid`: what else a header says (`jwk`, `jku`, `x5c`) is not looked at.
 */
export function accessTokens(options: { keys: SigningKeys; issuer: string; now?: () => number }): AccessTokens {
  const { keys, issuer, now = Date.now } = options
  return {
    sign: async ({ sub, exp, ...claims }) => {
      const { kid, key } = await keys.signer()
      return new SignJWT(claims)
        .setProtectedHeader({ alg: ALGORITHM, kid, typ: TYPE })
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setSubject(sub)
        .setJti(randomUUID())
        .setIssuedAt(Math.floor(now() / 1_000))
        .setNotBefore(Math.floor(now() / 1_000))
        .setExpirationTime(exp)
        .sign(key)
    },
    verify: async (token) => {
      try {
        const { payload } = await jwtVerify(
          token,
          async ({ kid }) => {
            const key = kid === undefined ? null : await keys.find(kid)
            if (!key) throw new errors.JWKSNoMatchingKey()
            return key
          },
          {
            ...{ issuer, audience: AUDIENCE, algorithms: [ALGORITHM], typ: TYPE, currentDate: new Date(now()) },
            ...{ clockTolerance: TOLERANCE_SECONDS, requiredClaims: ['sub', 'exp', 'iat', 'nbf', 'jti'] },
          },
        )
        const claims = Claims.safeParse(payload)
        return claims.success ? claims.data : { refused: 'the claims of the token are not ours' }
      } catch (error) {
        if (error instanceof errors.JOSEError) return { refused: error.code }
        throw error
      }
    },
  }
}
