import { createDecipheriv, hkdfSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { SealBroken, SealedWithAnotherKey, sealer } from './index.ts'

const SECRET = 'a'.repeat(32)
const LATER = 'b'.repeat(32)
const CONTEXT = 'tenant-1/connection-1'

const { seal, open } = sealer({ keys: [SECRET] })

describe('a sealed value', () => {
  it.each([['swordfish'], [''], ['Straße 🔑\n'], ['x'.repeat(100_000)]])('opens to what was sealed', (plaintext) => {
    expect(open(seal(plaintext, CONTEXT), CONTEXT)).toBe(plaintext)
  })

  it('does not show what is in it', () => {
    expect(seal('swordfish', CONTEXT).includes('swordfish')).toBe(false)
  })

  it('is never the same twice: each has a nonce of its own', () => {
    const sealed = Array.from({ length: 10_000 }, () => seal('swordfish', CONTEXT))
    expect(new Set(sealed.map((value) => value.toString('hex', 9, 21))).size).toBe(10_000)
  })

  // What lies in databases must stay readable: this is the layout, read by hand.
  it('is format, key id, nonce, ciphertext and tag, with both the head and the context authenticated', () => {
    const sealed = seal('swordfish', CONTEXT)
    const derive = (info: string, bytes: number) => Buffer.from(hkdfSync('sha256', SECRET, '', info, bytes))
    expect(sealed).toHaveLength(1 + 8 + 12 + 9 + 16)
    expect(sealed[0]).toBe(1)
    expect(sealed.subarray(1, 9)).toEqual(derive('signalbox/sealing/1/key-id', 8))
    const key = derive('signalbox/sealing/1/aes-256-gcm', 32)
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(9, 21))
    decipher.setAAD(Buffer.concat([sealed.subarray(0, 9), Buffer.from(CONTEXT)])).setAuthTag(sealed.subarray(-16))
    expect(decipher.update(sealed.subarray(21, -16), undefined, 'utf8') + decipher.final('utf8')).toBe('swordfish')
  })

  it('from the first version still opens', () => {
    const kept = '01f7fdc5767d2ef171a8324760a7d3ea2ae4749a829b66357cb95c9c2245ac3b0160beea9d28465eb26513ed8730'
    expect(open(Buffer.from(kept, 'hex'), CONTEXT)).toBe('swordfish')
  })
})

describe('a value that was tampered with', () => {
  const sealed = seal('swordfish', CONTEXT)

  it.each(Array.from(sealed.keys(), (at) => [at]))('at byte %i does not open', (at) => {
    const changed = Buffer.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    const isKeyId = at >= 1 && at < 9
    expect(() => open(changed, CONTEXT)).toThrow(isKeyId ? SealedWithAnotherKey : SealBroken)
  })

  it.each(Array.from(sealed.keys(), (length) => [length]))('by cutting it to %i bytes does not open', (length) => {
    expect(() => open(sealed.subarray(0, length), CONTEXT)).toThrow(SealBroken)
  })

  it('by adding to it does not open', () => {
    expect(() => open(Buffer.concat([sealed, Buffer.of(0)]), CONTEXT)).toThrow(SealBroken)
  })

  it('is told from one that is too short or of another format', () => {
    expect(() => open(Buffer.alloc(36, 1), CONTEXT)).toThrow('at least 37 bytes, this one 36')
    expect(() => open(Buffer.alloc(37, 2), CONTEXT)).toThrow('format 2 is not known')
  })
})

describe('the context', () => {
  it.each([['tenant-2/connection-1'], ['tenant-1/connection-2'], ['tenant-1/connection-1 ']])(
    'must be the same: moved to %j, the value does not open',
    (elsewhere) => {
      const sealed = seal('swordfish', CONTEXT)
      expect(() => open(sealed, elsewhere)).toThrow('sealed for another context')
      expect(() => open(sealed, elsewhere)).toThrow(SealBroken)
    },
  )

  it('is not empty', () => {
    expect(() => seal('swordfish', '')).toThrow('binds it to nothing')
    expect(() => open(seal('swordfish', CONTEXT), '')).toThrow('binds it to nothing')
  })
})

describe('keys', () => {
  it('are replaced by putting the new one first: the old one opens, the new one seals', () => {
    const both = sealer({ keys: [LATER, SECRET] })
    expect(both.open(seal('swordfish', CONTEXT), CONTEXT)).toBe('swordfish')
    const resealed = both.seal('swordfish', CONTEXT)
    expect(sealer({ keys: [LATER] }).open(resealed, CONTEXT)).toBe('swordfish')
    expect(() => open(resealed, CONTEXT)).toThrow(SealedWithAnotherKey)
  })

  it('that are missing are named by their ids, never by themselves', () => {
    const sealed = seal('swordfish', CONTEXT)
    const attempt = () => sealer({ keys: [LATER] }).open(sealed, CONTEXT)
    expect(attempt).toThrow(SealedWithAnotherKey)
    expect(attempt).toThrow(`sealed with key ${sealed.toString('hex', 1, 9)}; there are `)
    expect(attempt).not.toThrow(new RegExp(`${SECRET}|${LATER}`))
  })

  it('are at least one, of at least 32 characters', () => {
    expect(() => sealer({ keys: [] })).toThrow('without a key')
    expect(() => sealer({ keys: [SECRET, 'b'.repeat(31)] })).toThrow('at least 32 characters')
  })
})
