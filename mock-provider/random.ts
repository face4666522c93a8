/** A source of repeatable randomness: the same seed and stream name give the same draws. */
export type Random = {
  /** At least 0, less than 1. */
  fraction(): number
  /** A whole number, both bounds included. */
  integer(minimum: number, maximum: number): number
  chance(probability: number): boolean
  pick<Item>(items: readonly Item[]): Item
  /** `count` different items, in drawing order. */
  sample<Item>(items: readonly Item[], count: number): Item[]
}

/**
 * One named stream per purpose: a draw more in one place must not shift the draws of another, or a changed knob would
 * change the data too.
 */
export function randomStream(seed: number, name: string): Random {
  const fraction = sfc32(...hashWords(`${seed}/${name}`))
  const integer = (minimum: number, maximum: number) => minimum + Math.floor(fraction() * (maximum - minimum + 1))
  return {
    fraction,
    integer,
    chance: (probability) => fraction() < probability,
    pick<Item>(items: readonly Item[]): Item {
      if (items.length === 0) throw new RangeError('There is nothing to pick from.')
      return items[integer(0, items.length - 1)] as Item
    },
    sample<Item>(items: readonly Item[], count: number): Item[] {
      const pool = [...items]
      const size = Math.min(count, pool.length)
      for (let index = 0; index < size; index++) {
        const other = integer(index, pool.length - 1)
        const drawn = pool[other] as Item
        pool[other] = pool[index] as Item
        pool[index] = drawn
      }
      return pool.slice(0, size)
    },
  }
}

/** Chris Doty-Humphrey's Small Fast Counter, 32 bit; passes PractRand far beyond what a fixture draws. */
function sfc32(a: number, b: number, c: number, d: number): () => number {
  const next = () => {
    const result = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + result) | 0
    return (result >>> 0) / 2 ** 32
  }
  // Neighbouring seeds start with correlated state; the generator's author discards this many draws.
  for (let discarded = 0; discarded < 12; discarded++) next()
  return next
}

/** Four 32-bit words from a text (FNV-1a with a different offset per word). */
function hashWords(text: string): [number, number, number, number] {
  const word = (offset: number) => {
    let hash = 0x811c9dc5 ^ offset
    for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
    return hash | 0
  }
  return [word(0), word(0x9e3779b9), word(0x85ebca6b), word(0xc2b2ae35)]
}
