import type { Readable } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { silent } from '../../../../test/harness/database.ts'
import { waitFor } from '../../../../test/harness/wait-for.ts'
import { type LatestState, openLatestStates } from './latest-states.ts'

const state = (n: number, isLast = false): LatestState => ({ event: 'state', data: JSON.stringify({ n }), isLast })

/** Watches things in memory, with a record of what it asked for. */
function statesUnderTest() {
  const things = new Map<string, LatestState>()
  const reads: string[][] = []
  const database = { isDown: false }
  const states = openLatestStates({
    ...{ everyMs: 5, logger: silent },
    read: async (ids) => {
      reads.push([...ids])
      if (database.isDown) throw new Error('no database')
      return new Map(ids.flatMap((id) => (things.has(id) ? [[id, things.get(id) as LatestState]] : [])))
    },
  })
  onTestFinished(() => states.close())
  const put = (id: string, now: LatestState) => void things.set(id, now)
  const watch = (id: string) => {
    const stream = states.watch(id, things.get(id) ?? state(0))
    const seen: number[] = []
    stream.on('data', ({ data }: LatestState) => seen.push(JSON.parse(data).n))
    return { stream, seen }
  }
  return { put, watch, reads, database, states, forget: (id: string) => things.delete(id) }
}

describe('who watches something', () => {
  it('is told how it is, each change once, and its end', async () => {
    const { put, watch, reads } = statesUnderTest()
    put('a', state(1))
    const { stream, seen } = watch('a')
    await waitFor('it was never told', () => seen.length === 1)
    const before = reads.length
    await waitFor('nobody looked again', () => reads.length > before + 2)
    put('a', state(2))
    await waitFor('the change was never told', () => seen.length === 2)
    put('a', state(3, true))
    await waitFor('it never ended', () => stream.readableEnded)
    expect(seen).toEqual([1, 2, 3])
  })

  it('is one of many who are told by one read, and nobody reads when the last one has gone', async () => {
    const { put, watch, reads } = statesUnderTest()
    put('a', state(1))
    put('b', state(1))
    const watchers = [...Array.from({ length: 200 }, () => watch('a')), watch('b')]
    await waitFor('some were never told', () => watchers.every(({ seen }) => seen.length === 1))
    reads.length = 0
    put('a', state(2))
    put('b', state(2))
    await waitFor('some were never told', () => watchers.every(({ seen }) => seen.at(-1) === 2))
    expect(new Set(reads.map((ids) => ids.join()))).toEqual(new Set(['a,b']))
    for (const { stream } of watchers) stream.destroy()
    const after = reads.length
    const { seen } = watch('b')
    await waitFor('the later one was never told', () => seen.length === 1)
    await waitFor('nobody reads for it', () => reads.length > after)
    expect(new Set(reads.slice(after).map((ids) => ids.join()))).toEqual(new Set(['b']))
  })

  it('and takes nothing is kept one state, and given the latest when it does', async () => {
    const { put, reads, states } = statesUnderTest()
    put('a', state(1))
    const slow: Readable = states.watch('a', state(1))
    slow.read(0)
    for (let n = 2; n <= 50; n += 1) {
      put('a', state(n))
      const before = reads.length
      await waitFor('nobody looked', () => reads.length > before)
    }
    expect(slow.readableLength).toBeLessThanOrEqual(1)
    const seen: number[] = []
    slow.on('data', ({ data }: LatestState) => seen.push(JSON.parse(data).n))
    await waitFor('it was never told the latest', () => seen.at(-1) === 50)
    expect(seen).toEqual([1, 50])
  })

  it('hears after a while of what changed while nobody could read, and ends with what is there no more', async () => {
    const { put, watch, database, reads, forget } = statesUnderTest()
    put('a', state(1))
    const { stream, seen } = watch('a')
    database.isDown = true
    put('a', state(2))
    const before = reads.length
    await waitFor('nobody tried', () => reads.length > before + 1)
    database.isDown = false
    await waitFor('it was never told', () => seen.at(-1) === 2)
    forget('a')
    await waitFor('it never ended', () => stream.readableEnded)
  })

  it('is let go when all is closed', async () => {
    const { put, watch, states } = statesUnderTest()
    put('a', state(1))
    const { stream } = watch('a')
    await states.close()
    expect(stream.destroyed).toBe(true)
  })
})
