import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { hashSecret } from '../secrets.ts'

export const REFRESH_PREFIX = 'sbf_'
const ID_BYTES = 16
const SECRET_BYTES = 32
const TAG_BYTES = 16

export type RefreshToken = { token: string; hash: Buffer }

/**
 * Refresh tokens: the family's id, a random secret and a tag that only we can make. Of a family only the hash of its last token is stored; by
 * the tag one from before is told from a made-up one, so that nobody who knows a family's id can end it.
 */
export function refreshTokens(tagSecret: string) {
  const tagOf = (body: Buffer) => createHmac('sha256', tagSecret).update(body).digest().subarray(0, TAG_BYTES)
  return {
    make(familyId: string): RefreshToken {
      const body = Buffer.concat([Buffer.from(familyId.replaceAll('-', ''), 'hex'), randomBytes(SECRET_BYTES)])
      const token = REFRESH_PREFIX + Buffer.concat([body, tagOf(body)]).toString('base64url')
      return { token, hash: hashSecret(token) }
    },
    /** The family of a token that we have made; null for any other text. */
    familyOf(token: string): { familyId: string; hash: Buffer } | null {
      if (!token.startsWith(REFRESH_PREFIX)) return null
      const bytes = Buffer.from(token.slice(REFRESH_PREFIX.length), 'base64url')
      if (bytes.length !== ID_BYTES + SECRET_BYTES + TAG_BYTES) return null
      const body = bytes.subarray(0, -TAG_BYTES)
      if (!timingSafeEqual(tagOf(body), bytes.subarray(-TAG_BYTES))) return null
      const id = body.subarray(0, ID_BYTES).toString('hex')
      return { familyId: id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'), hash: hashSecret(token) }
    },
  }
}
export type RefreshTokens = ReturnType<typeof refreshTokens>
