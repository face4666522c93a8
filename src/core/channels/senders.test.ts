import { describe, expect, it } from 'vitest'
import { CHANNEL_KINDS, type SendOutcome } from './channel.ts'
import { type Behaviour, behavioursOf, message, STAGES, sendWith } from './sender.fixture.ts'

/** What becomes of an attempt, by what the other side does; the same for every kind that can do it. */
const EXPECTED: Record<Behaviour, Partial<SendOutcome>> = {
  unwell: { kind: 'failed' },
  throttling: { kind: 'throttled', statusCode: 429, retryAfterSeconds: 7 },
  refusing: { kind: 'refused', disablesChannel: false },
  gone: { kind: 'refused', statusCode: 410 },
  redirecting: { kind: 'refused', statusCode: 307, disablesChannel: false },
  hanging: { kind: 'failed', statusCode: null },
  'breaking off': { kind: 'failed', statusCode: null },
  'answering half': { kind: 'failed', statusCode: null },
  'answering nonsense': { kind: 'failed', statusCode: null },
  'answering without end': { kind: 'delivered', statusCode: 200 },
  'answering too slowly': { kind: 'failed', statusCode: null },
}
/** Those that end with the time of the attempt. */
const SLOW: readonly Behaviour[] = ['hanging', 'answering too slowly']
const never = new AbortController().signal

describe.each(CHANNEL_KINDS)('%s', (kind) => {
  it('delivers, and repeats carry the same id', async () => {
    const { channel, dependencies, taken } = await STAGES[kind]()
    const send = sendWith(dependencies)
    const [first, second] = [message(), message()]
    for (const sent of [first, first, second]) {
      expect(await send(channel, sent, never)).toMatchObject({
        kind: 'delivered',
        statusCode: kind === 'email' ? 250 : 200,
      })
    }
    expect(taken()).toEqual([first.deliveryId, first.deliveryId, second.deliveryId])
  })

  it.each(behavioursOf(kind))('says what became of an attempt when the other side is %s', async (behaviour) => {
    const { channel, dependencies, behave } = await STAGES[kind]()
    behave(behaviour)
    const outcome = await sendWith({ ...dependencies, timeout: SLOW.includes(behaviour) ? 0.3 : 10 })(
      channel,
      message(),
      never,
    )
    expect(outcome).toMatchObject(EXPECTED[behaviour])
    if ('reason' in outcome) expect(outcome.reason).toMatch(/^[^<>?{}]{10,150}$/)
    expect(JSON.stringify(outcome)).not.toMatch(/swordfish|token|127\.0\.0\.1/)
    if (SLOW.includes(behaviour)) expect(outcome).toMatchObject({ reason: 'no answer within 0.3 s' })
  })

  if (behavioursOf(kind).includes('gone')) {
    it('is switched off by 410 where that means this channel only', async () => {
      const { channel, dependencies, behave } = await STAGES[kind]()
      behave('gone')
      const outcome = await sendWith(dependencies)(channel, message(), never)
      expect(outcome).toMatchObject({ kind: 'refused', disablesChannel: kind !== 'notify' })
    })
  }

  it('fails when nobody is there', async () => {
    const { channel, dependencies, close } = await STAGES[kind]()
    await close()
    expect(await sendWith(dependencies)(channel, message(), never)).toMatchObject({ kind: 'failed', statusCode: null })
  })

  it('is ended by its signal, with the reason of that', async () => {
    const { channel, dependencies, behave, taken } = await STAGES[kind]()
    behave('hanging')
    const stop = new AbortController()
    const sending = sendWith(dependencies)(channel, message(), stop.signal)
    const reason = new Error('the process stops')
    setTimeout(() => stop.abort(reason), 50)
    await expect(sending).rejects.toBe(reason)
    await expect(sendWith(dependencies)(channel, message(), AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(taken().length).toBeLessThanOrEqual(1)
  })
})
