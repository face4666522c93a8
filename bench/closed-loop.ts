import { sleep } from '../src/kernel/abort.ts'
import { percentiles } from './figures.ts'

/** One thing that clients ask for; `url` is drawn anew for each request. */
export type Asked = { name: string; weight: number; url: () => string }

type Tally = { milliseconds: number[]; refused: Map<number, number>; errors: Map<string, number> }

const TIMEOUT_MS = 30_000
/** Not errors: the system says that it has enough to do. */
const REFUSALS = [429, 503]

/**
 * Clients that each ask, wait for the whole answer, think, and ask again until they are stopped. Connections are kept; what
 * an answer took is measured here, from the request to its last byte.
 */
export function startClients(options: { count: number; thinkMs: number; token?: string; asked: readonly Asked[] }) {
  const { count, thinkMs, asked } = options
  const headers = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }
  const tallies = new Map<string, Tally>(
    asked.map(({ name }) => [name, { milliseconds: [], refused: new Map(), errors: new Map() }]),
  )
  const wholeWeight = asked.reduce((sum, { weight }) => sum + weight, 0)
  const started = performance.now()
  let isOver = false
  let endedAfterMs = 0

  const draw = (): Asked => {
    let left = Math.random() * wholeWeight
    for (const each of asked) {
      left -= each.weight
      if (left < 0) return each
    }
    throw new Error('the weights do not add up')
  }
  const ask = async ({ name, url }: Asked) => {
    const tally = tallies.get(name) as Tally
    const began = performance.now()
    try {
      const response = await fetch(url(), { headers, signal: AbortSignal.timeout(TIMEOUT_MS) })
      await response.arrayBuffer()
      if (response.status === 200) tally.milliseconds.push(performance.now() - began)
      else if (REFUSALS.includes(response.status)) countOne(tally.refused, response.status)
      else countOne(tally.errors, `HTTP ${response.status}`)
    } catch (error) {
      const { name: kind, cause } = error as Error & { cause?: { code?: string } }
      countOne(tally.errors, cause?.code ?? kind)
    }
  }
  const client = async () => {
    // Not all at the same moment.
    await sleep(Math.random() * thinkMs)
    while (!isOver) {
      await ask(draw())
      await sleep(thinkMs)
    }
  }
  const all = Promise.all(Array.from({ length: count }, client))
  return {
    answered: () => [...tallies.values()].reduce((sum, { milliseconds }) => sum + milliseconds.length, 0),
    stop: async () => {
      isOver = true
      endedAfterMs = performance.now() - started
      await all
    },
    report: () => {
      for (const [name, { milliseconds, refused, errors }] of tallies) {
        const rate = (milliseconds.length / (endedAfterMs / 1_000)).toFixed(1)
        console.log(
          `  ${name.padEnd(28)} ${String(milliseconds.length).padStart(7)} ${rate.padStart(6)}/s  ${percentiles(milliseconds)} ms` +
            `  errors ${listed(errors)}, 429/503 ${listed(refused)}`,
        )
      }
    },
  }
}

function countOne<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

const listed = (counts: Map<string | number, number>) =>
  counts.size === 0 ? '0' : [...counts].map(([what, times]) => `${times} × ${what}`).join(', ')
