import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createNotify, type Notify, type NotifySettings } from './notify.ts'
import { randomStream } from './random.ts'

const notification = (ticketId: string) => ({ ticket_id: ticketId, tenant_id: 'a', urgency: 'high', reason: 'x' })

describe('/notify', () => {
  let settings: NotifySettings
  let notify: Notify
  let callerGone: AbortController
  let closing: AbortController

  const receive = (ticketId: string) =>
    notify.receive(notification(ticketId), { callerGone: callerGone.signal, closing: closing.signal })
  const freshNotify = (seed: number) => {
    const random = randomStream(seed, 'notify')
    return createNotify(
      () => settings,
      () => Date.now(),
      () => random,
    )
  }

  beforeEach(() => {
    vi.useFakeTimers()
    settings = { mode: 'shipped', delayMinMs: 100, delayMaxMs: 500, slowMs: 10_000 }
    notify = freshNotify(1)
    callerGone = new AbortController()
    closing = new AbortController()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('answers no sooner than the shortest delay and no later than the longest', async () => {
    const answered = vi.fn()
    for (let call = 0; call < 50; call++) void receive(`ext-${call}`).then(answered)
    await vi.advanceTimersByTimeAsync(99)
    expect(answered).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(150)
    expect(answered.mock.calls.length).toBeGreaterThan(5)
    expect(answered.mock.calls.length).toBeLessThan(45)
    await vi.advanceTimersByTimeAsync(251)
    expect(answered).toHaveBeenCalledTimes(50)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('counts the attempt on arrival, before the delay and before the circuit', async () => {
    const answers = Promise.all([receive('ext-1'), receive('ext-1'), receive('ext-1')])
    expect(notify.tickets()).toEqual([{ ticket_id: 'ext-1', attempts: 3, sent: 0 }])
    await vi.runAllTimersAsync()
    expect((await answers).map((answer) => answer?.status).sort()).toEqual([200, 500, 500])
    expect(notify.tickets()).toEqual([{ ticket_id: 'ext-1', attempts: 3, sent: 1 }])
  })

  it('looks at its circuit after the delay, so calls under way when it opens are refused too', async () => {
    const answers = Promise.all(Array.from({ length: 15 }, (_, index) => receive(`ext-${index}`)))
    await vi.advanceTimersByTimeAsync(500)
    const statuses = (await answers).map((answer) => answer?.status)
    expect(statuses.filter((status) => status === 500)).toHaveLength(10)
    expect(statuses.filter((status) => status === 503)).toHaveLength(5)
  })

  it('needs ten further failures to open again, not one', async () => {
    settings = { ...settings, delayMinMs: 0, delayMaxMs: 0 }
    for (let call = 0; call < 10; call++) await receive(`ext-${call}`)
    await vi.advanceTimersByTimeAsync(30_000)
    for (let call = 10; call < 20; call++) expect((await receive(`ext-${call}`))?.status).toBe(500)
    expect((await receive('ext-20'))?.status).toBe(503)
  })

  it('goes through with a call whose caller has hung up', async () => {
    const answer = receive('ext-1')
    callerGone.abort()
    await vi.runAllTimersAsync()
    expect((await answer)?.status).toBe(500)
  })

  it('ends at once without a timer left when the server closes', async () => {
    const answer = receive('ext-1')
    closing.abort()
    expect(await answer).toBeNull()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ok always succeeds and failing always fails, without a circuit', async () => {
    settings = { mode: 'ok', delayMinMs: 0, delayMaxMs: 0, slowMs: 0 }
    expect(await receive('ext-1')).toEqual({ status: 200, body: { status: 'sent', ticket_id: 'ext-1', attempts: 1 } })
    settings = { ...settings, mode: 'failing' }
    for (let call = 0; call < 12; call++) expect((await receive('ext-2'))?.status).toBe(500)
  })

  it('slow succeeds after slowMs', async () => {
    settings = { ...settings, mode: 'slow' }
    const answered = vi.fn()
    void receive('ext-1').then(answered)
    await vi.advanceTimersByTimeAsync(9_999)
    expect(answered).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(answered).toHaveBeenCalledWith(expect.objectContaining({ status: 200 }))
  })

  it('hanging gives no answer until the caller hangs up', async () => {
    settings = { ...settings, mode: 'hanging' }
    const answer = receive('ext-1')
    expect(vi.getTimerCount()).toBe(0)
    callerGone.abort()
    expect(await answer).toBeNull()
  })

  it('random mixes success, failure, slowness and silence, and repeats itself for the same seed', async () => {
    settings = { mode: 'random', delayMinMs: 0, delayMaxMs: 0, slowMs: 0 }
    const outcomes = async () => {
      notify = freshNotify(5)
      callerGone = new AbortController()
      const answers = Array.from({ length: 200 }, (_, index) => receive(`ext-${index}`))
      callerGone.abort()
      return (await Promise.all(answers)).map((answer) => answer?.status)
    }
    const first = await outcomes()
    expect(new Set(first)).toEqual(new Set([200, 500, undefined]))
    expect(await outcomes()).toEqual(first)
  })
})
