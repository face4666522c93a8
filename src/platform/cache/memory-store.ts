import { LRUCache } from 'lru-cache'
import type { Store } from './store.ts'

export type MemoryStoreOptions = { bytesMax: number; keepSeconds: number }

/** A store in this process, of so many bytes at most: what was asked for longest ago goes first. */
export function openMemoryStore({ bytesMax, keepSeconds }: MemoryStoreOptions): Store {
  const copies = new LRUCache<string, string>({
    ...{ maxSize: bytesMax, ttl: keepSeconds * 1_000 },
    // A string of JSON has one or two bytes a character in memory.
    sizeCalculation: (text, key) => 2 * (text.length + key.length),
  })
  let age = 0
  return {
    get: async (key) => ({ text: copies.get(key), age: String(age) }),
    put: async (key, text, since) => {
      if (since === String(age)) copies.set(key, text)
    },
    remove: async (key) => void copies.delete(key),
    empty: async () => {
      age += 1
      copies.clear()
    },
    size: () => copies.size,
    close: async () => copies.clear(),
  }
}
