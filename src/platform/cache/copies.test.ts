import { describe, expect, it, onTestFinished } from 'vitest'
import { silent } from '../../../test/harness/database.ts'
import { hasRedis, startRedis } from '../../../test/harness/redis.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { type CopyEvent, openCopies } from './copies.ts'
import { openMemoryStore } from './memory-store.ts'
import { openRedisStore } from './redis-store.ts'
import type { Store } from './store.ts'

const memory = async () => openMemoryStore({ bytesMax: 1_000_000, keepSeconds: 300 })
const redis = async () => {
  const server = await startRedis()
  onTestFinished(() => server.stop())
  return openRedisStore({ url: server.url, keepSeconds: 300, logger: silent })
}

/** What is true, and how often it was read; copies of it in `store`. */
function scene(store: Store, now?: () => number) {
  const truth = { text: 'first', reads: 0, hold: Promise.resolve() }
  const events: CopyEvent[] = []
  const copies = openCopies({
    ...{ store, logger: silent, onEvent: (event) => events.push(event) },
    ...(now ? { now } : {}),
  })
  onTestFinished(() => copies.close())
  const load = async () => {
    truth.reads += 1
    const { text } = truth
    await truth.hold
    return { text }
  }
  const read = async (key = 'a') => (await copies.read(key, load))?.text
  /** Until a copy is given: a store may have to connect first. */
  const warm = () =>
    waitFor('there never was a copy', async () => {
      const before = truth.reads
      await read()
      return truth.reads === before
    })
  copies.listening()
  return { copies, truth, events, read, warm }
}

describe.each([
  ['memory', memory, true],
  ['a Redis', redis, hasRedis],
] as const)('copies in %s', (_where, open, isHere) => {
  it.skipIf(!isHere)('are read once, until what they are of has changed', async () => {
    const { copies, truth, read, warm, events } = scene(await open())
    await warm()
    const { reads } = truth
    expect([await read(), await read(), truth.reads - reads]).toEqual(['first', 'first', 0])
    truth.text = 'second'
    await copies.changed('a')
    expect([await read(), await read(), truth.reads - reads]).toEqual(['second', 'second', 1])
    expect(events.filter((event) => event === 'invalidated')).toHaveLength(1)
  })

  it.skipIf(!isHere)('are not made of what changed while it was read', async () => {
    const { copies, truth, read, warm } = scene(await open())
    await warm()
    await copies.changed('a')
    const gate = Promise.withResolvers<void>()
    truth.hold = gate.promise
    const { reads } = truth
    const slow = read()
    await waitFor('it was never read', () => truth.reads > reads)
    truth.text = 'second'
    await copies.changed('a')
    gate.resolve()
    expect(await slow).toBe('first')
    expect(await read()).toBe('second')
  })

  it.skipIf(!isHere)('are none while nobody listens, and those from before are gone afterwards', async () => {
    const { copies, truth, read, warm } = scene(await open())
    await warm()
    copies.deaf()
    truth.text = 'second'
    expect(await read()).toBe('second')
    truth.text = 'third'
    expect(await read()).toBe('third')
    copies.listening()
    expect(await read()).toBe('third')
  })

  it.skipIf(!isHere)('are not made of what was read when the last one stopped listening', async () => {
    const { copies, truth, read, warm } = scene(await open())
    await warm()
    await copies.changed('a')
    const gate = Promise.withResolvers<void>()
    truth.hold = gate.promise
    const { reads } = truth
    const slow = read()
    await waitFor('it was never read', () => truth.reads > reads)
    copies.deaf()
    truth.text = 'second'
    copies.listening()
    gate.resolve()
    await slow
    expect(await read()).toBe('second')
  })
})

describe('copies in memory', () => {
  it('are no more than fit: what was asked for longest ago goes first', async () => {
    const store = openMemoryStore({ bytesMax: 1_000, keepSeconds: 300 })
    for (let n = 0; n < 100; n += 1) await store.put(`key ${n}`, 'x'.repeat(90), '0')
    expect(store.size()).toBeLessThan(10)
    expect((await store.get('key 99')).text).toBeDefined()
    expect((await store.get('key 0')).text).toBeUndefined()
  })
})

/** A store that fails when it is told to. */
function failing() {
  const store = openMemoryStore({ bytesMax: 1_000_000, keepSeconds: 300 })
  const state = { isDown: false, asked: 0 }
  const guarded =
    <Rest extends unknown[], Answer>(work: (...rest: Rest) => Promise<Answer>) =>
    async (...rest: Rest): Promise<Answer> => {
      state.asked += 1
      if (state.isDown) throw new Error('no store')
      return work(...rest)
    }
  const { get, put, remove, empty } = store
  return {
    state,
    store: { ...store, get: guarded(get), put: guarded(put), remove: guarded(remove), empty: guarded(empty) },
  }
}

describe('a store that fails', () => {
  it('is left alone for a while, the truth is read instead, and what could not be removed is not given later', async () => {
    const clock = { now: 0 }
    const { store, state } = failing()
    const { copies, truth, read, warm } = scene(store, () => clock.now)
    await warm()
    state.isDown = true
    truth.text = 'second'
    await copies.changed('a')
    for (let n = 0; n < 20; n += 1) expect(await read()).toBe('second')
    const { asked } = state
    await read()
    expect(state.asked).toBe(asked)
    state.isDown = false
    clock.now += 10_000
    expect(await read()).toBe('second')
    truth.text = 'third'
    expect(await read()).toBe('second')
  })
})

describe.skipIf(!hasRedis)('a Redis', () => {
  it('that is cut off, or answers nothing, costs a moment; what it kept meanwhile is not given when it is back', async () => {
    for (const fault of ['cut', 'hang'] as const) {
      const server = await startRedis()
      onTestFinished(() => server.stop())
      const clock = { now: 0 }
      const open = () => openRedisStore({ url: server.url, keepSeconds: 300, logger: silent })
      const { copies, truth, read, warm } = scene(open(), () => clock.now)
      await warm()
      server[fault]()
      truth.text = 'second'
      await copies.changed('a')
      expect(await read()).toBe('second')
      server.mend()
      clock.now += 10_000
      await waitFor(`it was never asked again after ${fault}`, async () => {
        clock.now += 10_000
        const before = truth.reads
        expect(await read()).toBe('second')
        return truth.reads === before
      })
    }
  })

  it('is shared: what one process was told of, no other one gives', async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const open = () => openRedisStore({ url: server.url, keepSeconds: 300, logger: silent })
    const [one, other] = [scene(open()), scene(open())]
    await one.warm()
    await other.warm()
    const { reads } = other.truth
    await one.read()
    await other.read()
    expect(other.truth.reads).toBe(reads)
    other.truth.text = 'second'
    await one.copies.changed('a')
    expect(await other.read()).toBe('second')
  })
})
