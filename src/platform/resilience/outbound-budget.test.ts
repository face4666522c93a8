import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../../test/harness/database.ts'
import { waitFor } from '../../../test/harness/wait-for.ts'
import { type OutboundBudget, outboundBudget } from './outbound-budget.ts'

const db = testDatabase({ max: 10 })
const never = new AbortController().signal
let next = 0

/** A budget of its own party; two handles on it stand for two processes. */
function party(limit: number, windowSeconds: number) {
  next += 1
  const connection = `party ${next}`
  const open = (): OutboundBudget => outboundBudget({ database: db.database, connection, limit, windowSeconds })
  const granted = () =>
    db.database.acrossTenants('the test reads the row', async (tx) => {
      const { rows } = await sql<{ at: number }>`
        select extract(epoch from at)::float8 as at from platform.outbound_budgets, unnest(granted) as at
        where connection = ${connection} order by at`.execute(tx)
      return rows.map(({ at }) => at)
    })
  return { open, granted }
}

describe('an outbound budget', () => {
  it('lets as many calls leave at once as the window holds', async () => {
    const { open, granted } = party(5, 3_600)
    const budget = open()
    for (let call = 0; call < 5; call += 1) await budget.take(never)
    expect(await granted()).toHaveLength(5)
  })

  it('never lets more leave in any window, whoever asks, and wastes none of it', async () => {
    const windowSeconds = 1
    const { open } = party(4, windowSeconds)
    const processes = [open(), open(), open()]
    const left: number[] = []
    await Promise.all(
      Array.from({ length: 18 }, async (_, index) => {
        await processes[index % 3]?.take(never)
        left.push(performance.now() / 1_000)
      }),
    )
    left.sort((a, b) => a - b)
    const fullest = (seconds: number) =>
      Math.max(...left.map((from) => left.filter((at) => at >= from && at < from + seconds).length))
    // Seen a moment after it has left, which takes longest when the machine is slow: half a window has room for that.
    expect(fullest(windowSeconds / 2)).toBeLessThanOrEqual(4)
    expect(fullest(windowSeconds)).toBeGreaterThanOrEqual(4)
  })

  it('gives the place back when the caller stops waiting', async () => {
    const { open, granted } = party(1, 3_600)
    const budget = open()
    await budget.take(never)
    const stop = new AbortController()
    const waiting = budget.take(stop.signal)
    await waitFor('no place was reserved', async () => (await granted()).length === 1)
    stop.abort(new Error('cancelled'))
    await expect(waiting).rejects.toThrow('cancelled')
    expect(await granted()).toHaveLength(0)
  })

  it('takes out only the place of the caller that stops, though many wait for the same pause to end', async () => {
    const { open, granted } = party(10, 3_600)
    const budget = open()
    await budget.take(never)
    await budget.pause(3_600)
    const stops = [new AbortController(), new AbortController(), new AbortController()]
    const waiting = stops.map((stop) => budget.take(stop.signal).catch((error: Error) => error.message))
    await waitFor('not all reserved', async () => (await granted()).length === 4)
    stops[1]?.abort(new Error('cancelled'))
    expect(await waiting[1]).toBe('cancelled')
    expect(await granted()).toHaveLength(3)
    for (const stop of stops) stop.abort(new Error('enough'))
    await Promise.all(waiting)
  })

  it('holds back also those who had a place before the pause was asked for', async () => {
    const { open, granted } = party(1, 6)
    const budget = open()
    await budget.take(never)
    const stop = new AbortController()
    let hasLeft = false
    const waiting = budget.take(stop.signal).then(
      () => {
        hasLeft = true
      },
      (error: Error) => error.message,
    )
    const [, reserved = 0] = await waitFor('no place was reserved', async () => {
      const places = await granted()
      return places.length === 1 && (places[0] ?? 0) > Date.now() / 1_000 && [0, places[0]]
    })
    await budget.pause(3_600)
    await waitFor(
      'it did not ask for a place after the pause',
      async () => ((await granted()).at(-1) ?? 0) > reserved + 3_000,
    )
    expect(hasLeft).toBe(false)
    stop.abort(new Error('enough'))
    expect(await waiting).toBe('enough')
  })

  it('holds everybody back while the other side asked for a pause', async () => {
    const { open, granted } = party(10, 3_600)
    const [first, second] = [open(), open()]
    await first.take(never)
    await first.pause(3_600)
    const stop = new AbortController()
    const held = second.take(stop.signal)
    await waitFor('no place was reserved', async () => (await granted()).length === 2)
    const [now, later] = await granted()
    expect((later ?? 0) - (now ?? 0)).toBeGreaterThan(3_500)
    stop.abort(new Error('enough'))
    await expect(held).rejects.toThrow('enough')
  })

  it('serves in the order of asking: one call of a party with little to do waits only behind those who asked before', async () => {
    // So wide that nobody leaves while it is looked at: who gets which place is decided when it is reserved.
    const { open, granted } = party(2, 3_600)
    const [much, little] = [open(), open()]
    const stop = new AbortController()
    const waiting: Promise<unknown>[] = []
    /** Asks, and returns the place that was reserved: the next one asks later. */
    const ask = async (budget: OutboundBudget) => {
      const before = (await granted()).at(-1) ?? 0
      waiting.push(budget.take(stop.signal).catch((error: Error) => error.message))
      return waitFor('no place was reserved', async () => {
        const last = (await granted()).at(-1) ?? 0
        return last !== before && last
      })
    }
    const places: number[] = []
    for (let call = 0; call < 12; call += 1) places.push(await ask(call === 6 ? little : much))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    stop.abort(new Error('enough'))
    await Promise.all(waiting)
  })

  it('sends those who woke up late, all at once, one window after the other', async () => {
    const { open, granted } = party(1, 0.6)
    const budgets = [open(), open(), open()]
    const left: number[] = []
    const leaving: Promise<void>[] = []
    for (const budget of budgets) {
      const before = (await granted()).at(-1)
      leaving.push(budget.take(never).then(() => void left.push(performance.now())))
      await waitFor('no place was reserved', async () => (await granted()).at(-1) !== before)
    }
    await leaving[0]
    // What a process sees that was stopped for a while.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000)
    await Promise.all(leaving)
    const between = left.slice(1).map((at, index) => at - (left[index] ?? 0))
    // Less than a window, for what a slow machine adds to either.
    expect(between.every((ms) => ms >= 100)).toBe(true)
  })

  it('does not keep one who asks seldom waiting behind somebody who always asks for the next', async () => {
    const { open } = party(1, 0.1)
    const [walking, brief] = [open(), open()]
    const left: string[] = []
    let isOver = false
    const walk = (async () => {
      while (!isOver) {
        await walking.take(never)
        left.push('walk')
      }
    })()
    for (let call = 0; call < 2; call += 1) {
      await waitFor('the walk never went on', () => left.at(-1) === 'walk')
      const before = left.length
      await brief.take(never)
      left.push('brief')
      // The one that waited already, one that asked in the moment in which this one did, and what a slow machine adds.
      expect(left.slice(before).filter((who) => who === 'walk').length).toBeLessThanOrEqual(10)
    }
    isOver = true
    await walk
  })
})
