import { describe, expect, it } from 'vitest'
import { waitFor } from '../../test/harness/wait-for.ts'
import { abortable } from './abort.ts'
import { repeat } from './repeat.ts'

const HOUR_SECONDS = 3_600
const never = () => {
  throw new Error('no error was expected')
}

describe('repeat', () => {
  it('does the work at once and again after each pause', async () => {
    let done = 0
    const work = async () => {
      done += 1
      return undefined
    }
    const repetition = repeat({ everySeconds: 0.001, onError: never, work })
    await waitFor('it was not repeated', () => done >= 3)
    await repetition.stop()
  })

  it('goes on without the pause as long as the work says so', async () => {
    let left = 5
    const repetition = repeat({
      everySeconds: HOUR_SECONDS,
      onError: never,
      work: async () => (--left > 0 ? 'again' : undefined),
    })
    await waitFor('it waited', () => left === 0)
    await repetition.stop()
  })

  it('is stopped in the middle of a pause, which it does not wait out', async () => {
    let done = 0
    const repetition = repeat({
      everySeconds: HOUR_SECONDS,
      onError: never,
      work: async () => {
        done += 1
        return undefined
      },
    })
    await waitFor('the work was never done', () => done === 1)
    await repetition.stop()
    expect(done).toBe(1)
  })

  it('tells the work to stop and waits for it; after that nothing runs', async () => {
    const started = Promise.withResolvers<void>()
    let ended = 0
    const repetition = repeat({
      everySeconds: 0.001,
      onError: never,
      work: async (signal) => {
        started.resolve()
        await abortable(new Promise<void>(() => {}), signal).catch(() => {})
        // What is under way when it is told to stop still takes its time.
        await new Promise((resolve) => setImmediate(resolve))
        ended += 1
        return 'again'
      },
    })
    await started.promise
    await Promise.all([repetition.stop(), repetition.stop()])
    expect(ended).toBe(1)
  })

  it('goes on after an error, and tells of it', async () => {
    const errors: unknown[] = []
    const broken = new Error('broken')
    const repetition = repeat({
      everySeconds: 0.001,
      onError: (error) => errors.push(error),
      work: () => Promise.reject(broken),
    })
    await waitFor('it gave up', () => errors.length >= 2)
    await repetition.stop()
    expect(new Set(errors)).toEqual(new Set([broken]))
  })

  it('never does two at once', async () => {
    let running = 0
    let most = 0
    let done = 0
    const repetition = repeat({
      everySeconds: 0.001,
      onError: never,
      work: async () => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
        done += 1
        return 'again'
      },
    })
    await waitFor('it was not repeated', () => done >= 10)
    await repetition.stop()
    expect(most).toBe(1)
  })
})
