import { describe, expect, it } from 'vitest'
import { type Action, makeSchedule, PROCESSES, type Scheduled, TENANTS } from './schedule.ts'

const MINUTES = 5 * 60_000
const SEEDS = Array.from({ length: 50 }, (_, index) => index + 1)

const ENDS = { kill: 'start', freeze: 'thaw', 'stop database': 'start database', 'freeze database': 'thaw database' }

/** What is away at the end, and what was taken away while it was. */
function takenAway(schedule: readonly Scheduled[]) {
  const away = new Map<string, string>()
  const twice: Action[] = []
  for (const { action } of schedule) {
    const what = 'process' in action ? `process ${action.process}` : 'database'
    const end = ENDS[action.do as keyof typeof ENDS]
    if (end !== undefined) {
      if (away.has(what)) twice.push(action)
      away.set(what, end)
    } else if (Object.values(ENDS).includes(action.do)) {
      if (away.get(what) !== action.do) twice.push(action)
      away.delete(what)
    }
  }
  return { away: [...away], twice }
}

describe('the schedule of a seed', () => {
  it('is the same each time it is made', () => {
    for (const seed of SEEDS) expect(makeSchedule(seed, MINUTES)).toEqual(makeSchedule(seed, MINUTES))
  })

  it('is another one for another seed', () => {
    const all = new Set(SEEDS.map((seed) => JSON.stringify(makeSchedule(seed, MINUTES))))
    expect(all.size).toBe(SEEDS.length)
  })

  it('lies in the order of time within its duration, and names only processes and tenants that there are', () => {
    for (const seed of SEEDS) {
      for (const durationMs of [0, 20_000, MINUTES]) {
        const schedule = makeSchedule(seed, durationMs)
        const times = schedule.map(({ atMs }) => atMs)
        expect(times).toEqual(times.toSorted((a, b) => a - b))
        expect(times.every((atMs) => atMs >= 0 && atMs <= durationMs)).toBe(true)
        for (const { action } of schedule) {
          if ('process' in action) expect(action.process).toBeLessThan(PROCESSES)
          if ('tenant' in action) expect(action.tenant).toBeLessThan(TENANTS.length)
        }
      }
    }
  })

  it('gives back all that it takes away, and takes away nothing twice', () => {
    for (const seed of SEEDS) expect(takenAway(makeSchedule(seed, MINUTES))).toEqual({ away: [], twice: [] })
  })

  it('has everything in five minutes that can be done', () => {
    const kinds = new Set(SEEDS.flatMap((seed) => makeSchedule(seed, MINUTES).map(({ action }) => action.do)))
    expect([...kinds].sort()).toEqual([
      ...['acknowledge signal', 'cancel run', 'change tickets', 'correct ticket', 'delete ticket', 'fault', 'flood'],
      ...[
        'freeze',
        'freeze database',
        'hold half-open sockets',
        'hold slow bodies',
        'insert tickets',
        'kill',
        'notify',
      ],
      ...['poison import', 'resolve signal', 'restore ticket', 'stall readers', 'start'],
      ...['start database', 'start run', 'stop database', 'thaw', 'thaw database'],
    ])
    const perSchedule = SEEDS.map((seed) => makeSchedule(seed, MINUTES).length)
    expect(Math.min(...perSchedule)).toBeGreaterThan(200)
  })
})
