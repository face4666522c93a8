import { describe, expect, it } from 'vitest'
import { waitFor } from '../../../../../test/harness/wait-for.ts'
import { UnreadableFile } from './limits.ts'
import { readInThread } from './read-in-thread.ts'
import { rulesOf } from './reading-rules.ts'
import type { ReadBatch, ThreadOrder } from './reading-thread.ts'

const { wanted } = rulesOf()
const ORDER: ThreadOrder = { format: 'ndjson', wanted, skip: 0, batch: { records: 10, bytes: 1_048_576 } }
const record = (id: number) => JSON.stringify({ id, customer_id: 'c', subject: 's', message: 'm', created_at: 'T' })
const file = (count: number) => Array.from({ length: count }, (_, id) => `${record(id)}\n`).join('')

type Options = Partial<Omit<Parameters<typeof readInThread>[0], 'order' | 'nextPiece'>> & { pieceBytes?: number }

/** Reads a file in a thread; `asked` counts the pieces it has wanted. */
function reading(text: string, order: Partial<ThreadOrder> = {}, { pieceBytes = 1_000, ...options }: Options = {}) {
  const whole = Buffer.from(text)
  const asked = { pieces: 0 }
  const nextPiece = async () => {
    const at = asked.pieces * pieceBytes
    asked.pieces += 1
    return at < whole.length ? whole.subarray(at, at + pieceBytes) : null
  }
  const { signal } = new AbortController()
  return { asked, batches: readInThread({ order: { ...ORDER, ...order }, nextPiece, signal, ...options }) }
}

async function all(batches: AsyncIterable<ReadBatch>): Promise<ReadBatch[]> {
  const read: ReadBatch[] = []
  for await (const batch of batches) read.push(batch)
  return read
}
const idsOf = (batches: ReadBatch[]) =>
  batches.flatMap(({ records }) => records.map((each) => ('fields' in each ? each.fields.id : each.failure)))

/** A program for the thread. */
const program = (source: string) => new URL(`data:text/javascript,${encodeURIComponent(source)}`)
const importing = (rest: string) => program(`import { parentPort } from 'node:worker_threads'; ${rest}`)

describe('a file that is read in a thread of its own', () => {
  it('comes in batches, each record once, from where the last attempt ended', async () => {
    const batches = await all(reading(file(35)).batches)
    expect(batches.map(({ count }) => count)).toEqual([10, 10, 10, 5])
    expect(idsOf(batches)).toEqual(Array.from({ length: 35 }, (_, id) => id))
    expect(idsOf(await all(reading(file(35), { skip: 28 }).batches))).toEqual([28, 29, 30, 31, 32, 33, 34])
    expect(await all(reading('').batches)).toEqual([])
  })

  it('is read no further ahead than one batch while nobody asks for more', async () => {
    const { asked, batches } = reading(file(1_000), {}, { pieceBytes: record(100).length + 1 })
    for (let given = 1; given <= 5; given += 1) {
      await batches.next()
      await waitFor('the next batch was never read ahead', () => asked.pieces >= 10 * (given + 1))
      // A piece that is cut through a record is followed by another one.
      expect(asked.pieces).toBeLessThanOrEqual(10 * (given + 1) + 2)
    }
    await batches.return(undefined)
  })

  it('tells what was read before the place where it cannot be read any further', async () => {
    const { batches } = reading(`[${file(15).trim().replaceAll('\n', ',')} nonsense`)
    const read: ReadBatch[] = []
    const end = (async () => {
      for await (const batch of batches) read.push(batch)
    })()
    await expect(end).rejects.toThrow(UnreadableFile)
    expect(idsOf(read)).toHaveLength(15)
  })

  it('tells what fails alike together once thousands have failed, and counts all of it', async () => {
    const lines = 120_000
    const batches = await all(
      reading(`x\n${'nonsense\n[1]\n'.repeat(lines / 2)}${record(1)}\n`, {}, { pieceBytes: 1_048_576 }).batches,
    )
    expect(batches.reduce((sum, { count }) => sum + count, 0)).toBe(lines + 2)
    const told = batches.flatMap(({ records }) => records)
    expect(told.length).toBeLessThan(2_100)
    const alike = told.reduce((sum, each) => sum + 1 + ('failure' in each ? (each.alike ?? 0) : 0), 0)
    expect(alike).toBe(lines + 2)
    expect(idsOf(batches).at(-1)).toBe(1)
  })

  it('ends with its signal, whatever it is doing', async () => {
    for (const stuck of [importing('for (;;) {}'), importing("parentPort.on('message', () => {})")]) {
      const stop = new AbortController()
      const { batches } = reading(file(5), {}, { signal: stop.signal, program: stuck })
      const next = batches.next()
      const reason = new Error('cancelled')
      setTimeout(() => stop.abort(reason), 50)
      await expect(next).rejects.toBe(reason)
    }
    await expect(reading('', {}, { signal: AbortSignal.abort(new Error('before')) }).batches.next()).rejects.toThrow(
      'before',
    )
  })

  it('ends when its piece cannot be had', async () => {
    const { signal } = new AbortController()
    const nextPiece = () => Promise.reject(new Error('the database is away'))
    await expect(readInThread({ order: ORDER, nextPiece, signal }).next()).rejects.toThrow('the database is away')
  })

  it.each([
    ['takes too long', importing('for (;;) {}'), /longer than 0.3 s/],
    [
      'takes too much memory',
      importing('const held = []; for (;;) held.push(new Array(10_000).fill(held.length))'),
      /more than 32 MB/,
    ],
  ])('is unreadable when its thread %s', async (_what, stuck, why) => {
    const bounds = { seconds: why.source.includes('0.3') ? 0.3 : 60, memoryMegabytes: 32 }
    const end = reading(file(5), {}, { program: stuck, bounds }).batches.next()
    await expect(end).rejects.toThrow(UnreadableFile)
    await expect(end).rejects.toThrow(why)
  })

  it('is given nothing of this process', async () => {
    const telling = importing(
      "parentPort.on('message', () => parentPort.postMessage({ kind: 'over', unreadable: JSON.stringify(process.env) }))",
    )
    await expect(reading('', {}, { program: telling }).batches.next()).rejects.toThrow('{}')
  })

  it('fails as itself when the thread does', async () => {
    const broken = importing("throw new Error('a fault of ours')")
    await expect(reading('', {}, { program: broken }).batches.next()).rejects.toThrow('a fault of ours')
  })
})
