import { describe, expect, it } from 'vitest'
import { randomStream } from './random.ts'

const draws = (seed: number, name: string) => {
  const random = randomStream(seed, name)
  return Array.from({ length: 1_000 }, random.fraction)
}

describe('a random stream', () => {
  it('repeats itself for the same seed and name, and differs for another seed or name', () => {
    expect(draws(1, 'a')).toEqual(draws(1, 'a'))
    expect(draws(2, 'a')).not.toEqual(draws(1, 'a'))
    expect(draws(1, 'b')).not.toEqual(draws(1, 'a'))
  })

  it('draws evenly and includes both bounds', () => {
    const random = randomStream(7, 'even')
    const counts = new Map<number, number>()
    for (let draw = 0; draw < 12_000; draw++) {
      const value = random.integer(1, 12)
      counts.set(value, (counts.get(value) ?? 0) + 1)
    }
    expect([...counts.keys()].sort((left, right) => left - right)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150)
  })

  it('samples without drawing anything twice', () => {
    const items = Array.from({ length: 100 }, (_, index) => index)
    const sample = randomStream(1, 'sample').sample(items, 40)
    expect(new Set(sample).size).toBe(40)
    expect(
      randomStream(1, 'sample')
        .sample(items, 1_000)
        .sort((left, right) => left - right),
    ).toEqual(items)
  })
})
