import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { abortable, sleep } from './abort.ts'

const HOUR_MS = 3_600_000
const REASON = new Error('enough')
const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

describe('sleep', () => {
  it('ends by itself', async () => {
    await expect(sleep(1)).resolves.toBeUndefined()
    await expect(sleep(1, new AbortController().signal)).resolves.toBeUndefined()
  })

  it('ends with the reason of the signal, at once, and leaves neither timer nor listener', async () => {
    const before = timers()
    const controller = new AbortController()
    const sleeping = sleep(HOUR_MS, controller.signal)
    expect(timers()).toBe(before + 1)
    controller.abort(REASON)
    await expect(sleeping).rejects.toBe(REASON)
    expect(timers()).toBe(before)
    expect(listeners(controller.signal)).toBe(0)
  })

  it('does not begin when the signal is aborted already', async () => {
    const before = timers()
    await expect(sleep(HOUR_MS, AbortSignal.abort(REASON))).rejects.toBe(REASON)
    expect(timers()).toBe(before)
  })

  it('that ended by itself leaves no listener', async () => {
    const { signal } = new AbortController()
    await sleep(1, signal)
    expect(listeners(signal)).toBe(0)
  })
})

describe('abortable', () => {
  it.each([
    ['resolves', () => Promise.resolve('done')],
    ['rejects', () => Promise.reject(new Error('its own'))],
  ])('%s like the promise and leaves no listener', async (how, make) => {
    const { signal } = new AbortController()
    const settled = await Promise.allSettled([abortable<string>(make(), signal)])
    expect(settled[0]).toEqual((await Promise.allSettled([make()]))[0])
    expect(settled[0]?.status).toBe(how === 'resolves' ? 'fulfilled' : 'rejected')
    expect(listeners(signal)).toBe(0)
  })

  it('rejects with the reason of the signal when that comes first, and leaves no listener', async () => {
    const controller = new AbortController()
    const going = Promise.withResolvers<void>()
    const waiting = abortable(going.promise, controller.signal)
    controller.abort(REASON)
    await expect(waiting).rejects.toBe(REASON)
    going.resolve()
    await going.promise
    expect(listeners(controller.signal)).toBe(0)
    await expect(abortable(going.promise, AbortSignal.abort(REASON))).rejects.toBe(REASON)
  })

  it('takes the rejection of a promise that nobody waits for any more', async () => {
    const controller = new AbortController()
    const going = Promise.withResolvers<void>()
    const waiting = abortable(going.promise, controller.signal)
    controller.abort(REASON)
    going.reject(new Error('too late'))
    await expect(waiting).rejects.toBe(REASON)
  })
})
