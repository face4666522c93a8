import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { newSigningKeys, rotate, SigningKeys, signatureHeaders } from './signing-keys.ts'

const body = '{"type":"ticket.urgent","data":{"title":"Straße"}}'
const signed = (keys: SigningKeys, now = new Date()) => signatureHeaders(keys, { id: 'msg_1', now, body })
const secretOf = (keys: SigningKeys) => keys[0]?.secret ?? ''
const later = (hours: number) => new Date(Date.now() + hours * 3_600_000)

describe('a signature', () => {
  it('is what a receiver with the library of Standard Webhooks expects', () => {
    const keys = newSigningKeys()
    expect(new Webhook(secretOf(keys)).verify(body, signed(keys))).toEqual(JSON.parse(body))
  })

  it.each([
    ['another body', { body: `${body} ` }],
    ['another id', { 'webhook-id': 'msg_2' }],
    ['another time', { 'webhook-timestamp': String(Math.floor(Date.now() / 1_000) - 60) }],
  ])('is not that of %s', (_what, { body: sent = body, ...changed }: Record<string, string>) => {
    const keys = newSigningKeys()
    expect(() => new Webhook(secretOf(keys)).verify(sent, { ...signed(keys), ...changed })).toThrow(
      'No matching signature',
    )
  })

  // The vector of the specification's own libraries.
  it('is the same as ever', () => {
    const keys = [{ secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', until: null }]
    const call = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', now: new Date(1_614_265_330_000), body: '{"test": 2432232314}' }
    expect(signatureHeaders(keys, call)).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
  })
})

describe('a key', () => {
  it('is whsec_ and 24 to 64 random bytes, never the same', () => {
    const secrets = Array.from({ length: 100 }, () => secretOf(newSigningKeys()))
    expect(new Set(secrets).size).toBe(100)
    for (const secret of secrets) {
      expect(Buffer.from(secret.replace(/^whsec_/, ''), 'base64')).toHaveLength(32)
    }
  })

  it('that was replaced goes on signing for 24 hours, and not longer', () => {
    const old = newSigningKeys()
    const both = rotate(old, new Date())
    const inTime = signed(both)
    expect(inTime['webhook-signature'].split(' ')).toHaveLength(2)
    for (const keys of [old, both]) expect(() => new Webhook(secretOf(keys)).verify(body, inTime)).not.toThrow()
    expect(signed(both, later(23.9))['webhook-signature'].split(' ')).toHaveLength(2)
    expect(signed(both, later(24.1))['webhook-signature'].split(' ')).toHaveLength(1)
  })

  it('is one of at most three, and those that no longer sign are forgotten', () => {
    const keys = [1, 2, 3, 4].reduce((before) => rotate(before, new Date()), newSigningKeys())
    expect(SigningKeys.parse(keys)).toHaveLength(3)
    expect(rotate(keys, later(25))).toHaveLength(2)
  })
})
