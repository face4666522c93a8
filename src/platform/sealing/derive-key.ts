import { hkdfSync } from 'node:crypto'

/** AES-256. */
const KEY_BYTES = 32
/** Only tells keys apart: with the few that an installation ever has, a chance of 2^-64 that two are called the same. */
export const KEY_ID_BYTES = 8

/** The `info` of RFC 5869 §3.2: what is derived for one purpose says nothing about what the same secret gives another. */
const PURPOSE = { key: 'signalbox/sealing/1/aes-256-gcm', id: 'signalbox/sealing/1/key-id' }

export type SealingKey = { id: Buffer; key: Buffer }

/**
 * The key that an installation's secret seals with, and its id, by HKDF-SHA-256 (RFC 5869). Without salt, which only a
 * secret of poor randomness needs; HKDF does not make up for a secret that can be guessed.
 */
export function deriveKey(secret: string): SealingKey {
  const derive = (info: string, bytes: number) => Buffer.from(hkdfSync('sha256', secret, '', info, bytes))
  return { id: derive(PURPOSE.id, KEY_ID_BYTES), key: derive(PURPOSE.key, KEY_BYTES) }
}
