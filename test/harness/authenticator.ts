import { createHmac } from 'node:crypto'
import { waitFor } from './wait-for.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const STEP_MS = 30_000

function fromBase32(text: string): Buffer {
  const bits = [...text.replace(/=+$/, '')]
    .map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0'))
    .join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}

/**
 * An authenticator app that was shown an `otpauth://` address (RFC 6238). Each call gives a code that it has not given before and that is
 * taken now: of this step of 30 s, the next, or the one before while this one is young. Waits where all of them were given.
 */
export function authenticator(uri: string): () => Promise<string> {
  const secret = fromBase32(new URL(uri).searchParams.get('secret') ?? '')
  const given = new Set<number>()
  return async () => {
    const step = await waitFor('there was never another code', () => {
      const [now, age] = [Math.floor(Date.now() / STEP_MS), Date.now() % STEP_MS]
      return [now, now + 1, ...(age < STEP_MS / 3 ? [now - 1] : [])].find((each) => !given.has(each))
    })
    given.add(step)
    return codeOf(secret, step)
  }
}

function codeOf(secret: Buffer, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const hash = createHmac('sha1', secret).update(counter).digest()
  const offset = (hash.at(-1) ?? 0) & 15
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}
