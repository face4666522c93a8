import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** 32 random bytes: beyond guessing, so a plain SHA-256 keeps them safe at rest and finds them by index. */
const SECRET_BYTES = 32
const SHOWN_CHARACTERS = 12

export const API_KEY_PREFIX = 'sbk_'
export const INVITATION_PREFIX = 'sbi_'
export const RESET_PREFIX = 'sbr_'
export const PROOF_PREFIX = 'sbv_'
type Prefix = typeof API_KEY_PREFIX | typeof INVITATION_PREFIX | typeof RESET_PREFIX | typeof PROOF_PREFIX

export type Secret = { secret: string; hash: Buffer; shownPrefix: string }

/** A new secret. Its hash is stored; the secret itself is shown once. */
export function makeSecret(prefix: Prefix): Secret {
  const secret = prefix + randomBytes(SECRET_BYTES).toString('base64url')
  return { secret, hash: hashSecret(secret), shownPrefix: secret.slice(0, SHOWN_CHARACTERS) }
}

export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

/** Compares in constant time, whatever the lengths: both sides are hashed first. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(hashSecret(given), hashSecret(expected))
}
