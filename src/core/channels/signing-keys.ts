import { createHmac, randomBytes } from 'node:crypto'
import { z } from 'zod'

/** Standard Webhooks: between 24 and 64 random bytes. */
const KEY_BYTES = 32
const PREFIX = 'whsec_'
/** For so long after a rotation the key before it signs too, so that receivers can change over without losing anything. */
const ROTATION_HOURS = 24
/** Each adds a signature to every call. Whoever rotates three times a day has given up on the first. */
const KEYS_MAX = 3

/** `until` null: the current one. Newest first. */
export const SigningKeys = z
  .array(z.strictObject({ secret: z.string().startsWith(PREFIX), until: z.iso.datetime().nullable() }))
  .min(1)
  .max(KEYS_MAX)
export type SigningKeys = z.output<typeof SigningKeys>

const newSecret = () => PREFIX + randomBytes(KEY_BYTES).toString('base64')

export const newSigningKeys = (): SigningKeys => [{ secret: newSecret(), until: null }]

const isValid = (now: Date) => (key: SigningKeys[number]) => key.until === null || new Date(key.until) > now

/** A new key in front; the one before it goes on for 24 h, at most three are kept. */
export function rotate(keys: SigningKeys, now: Date): SigningKeys {
  const until = new Date(now.getTime() + ROTATION_HOURS * 3_600_000).toISOString()
  const earlier = keys.filter(isValid(now)).map((key) => ({ ...key, until: key.until ?? until }))
  return [...newSigningKeys(), ...earlier].slice(0, KEYS_MAX)
}

/**
 * The headers that prove where a call comes from, one signature for each key that is valid.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signatureHeaders(keys: SigningKeys, call: { id: string; now: Date; body: string }) {
  const timestamp = String(Math.floor(call.now.getTime() / 1_000))
  const sign = ({ secret }: SigningKeys[number]) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${call.id}.${timestamp}.${call.body}`).digest('base64')}`
  }
  return {
    'webhook-id': call.id,
    'webhook-timestamp': timestamp,
    'webhook-signature': keys.filter(isValid(call.now)).map(sign).join(' '),
  }
}
