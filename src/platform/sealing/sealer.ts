import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { deriveKey, KEY_ID_BYTES } from './derive-key.ts'
import { SealBroken, SealedWithAnotherKey } from './errors.ts'

export type Sealer = {
  /** `context` says what the value belongs to, e.g. tenant and row; the same is needed to open it. Not empty. */
  seal(plaintext: string, context: string): Buffer
  /** Throws SealedWithAnotherKey, or SealBroken when the value was changed or sealed for another context. */
  open(sealed: Buffer, context: string): string
}

/**
 * A sealed value: format (1 byte) | key id (8) | nonce (12) | ciphertext (as long as the plaintext) | tag (16).
 * Another layout or cipher gets another format; values of this one must stay readable.
 */
const FORMAT = 1
const CIPHER = 'aes-256-gcm'
/** 96 bits, random: NIST SP 800-38D §8.2.2. A key may then seal 2^32 values at most (§8.3). */
const NONCE_BYTES = 12
/** The full length: a shorter tag is easier to forge (SP 800-38D §5.2.1.2, appendix C). */
const TAG_BYTES = 16
const HEAD_BYTES = 1 + KEY_ID_BYTES
const SHORTEST = HEAD_BYTES + NONCE_BYTES + TAG_BYTES

const SECRET_CHARACTERS_MIN = 32

/** What is authenticated besides the ciphertext. The head has a fixed length: no two heads and contexts read the same. */
function authenticated(head: Buffer, context: string): Buffer {
  if (context === '') throw new Error('a value is sealed for a context: an empty one binds it to nothing')
  return Buffer.concat([head, Buffer.from(context)])
}

/**
 * Encrypts small secrets for storage, each bound to its context: moved to another row or tenant, it does not open.
 * `keys` are secrets of the installation, at least 32 characters each: the first seals, all of them open, so that a
 * secret can be replaced while its predecessor still reads what it sealed. Throws when there is none or one is too short.
 */
export function sealer(options: { keys: readonly string[] }): Sealer {
  if (options.keys.some((secret) => secret.length < SECRET_CHARACTERS_MIN)) {
    throw new Error(`a sealing key has at least ${SECRET_CHARACTERS_MIN} characters`)
  }
  const keys = options.keys.map(deriveKey)
  const [current] = keys
  if (!current) throw new Error('nothing can be sealed without a key')

  return {
    seal(plaintext, context) {
      const head = Buffer.concat([Buffer.of(FORMAT), current.id])
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(CIPHER, current.key, nonce, { authTagLength: TAG_BYTES })
      cipher.setAAD(authenticated(head, context))
      const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
      return Buffer.concat([head, nonce, ciphertext, cipher.getAuthTag()])
    },

    open(sealed, context) {
      if (sealed.length < SHORTEST) {
        throw new SealBroken(`a sealed value has at least ${SHORTEST} bytes, this one ${sealed.length}`)
      }
      if (sealed[0] !== FORMAT) throw new SealBroken(`format ${sealed[0]} is not known`)
      const head = sealed.subarray(0, HEAD_BYTES)
      const id = head.subarray(1)
      const found = keys.find((key) => key.id.equals(id))
      if (!found) {
        const known = keys.map((key) => key.id.toString('hex')).join(', ')
        throw new SealedWithAnotherKey(`sealed with key ${id.toString('hex')}; there are ${known}`)
      }
      const nonce = sealed.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES)
      const ciphertext = sealed.subarray(HEAD_BYTES + NONCE_BYTES, -TAG_BYTES)
      const decipher = createDecipheriv(CIPHER, found.key, nonce, { authTagLength: TAG_BYTES })
      decipher.setAAD(authenticated(head, context)).setAuthTag(sealed.subarray(-TAG_BYTES))
      // Nothing of it may be used before final() has found the tag to fit.
      const plaintext = decipher.update(ciphertext)
      try {
        return Buffer.concat([plaintext, decipher.final()]).toString('utf8')
      } catch (cause) {
        throw new SealBroken('the sealed value was changed, or sealed for another context', { cause })
      }
    },
  }
}
