/** What a store said of a key: the copy, if there is one, and the age of the store, without which nothing is put into it. */
export type Found = { text: string | undefined; age: string }

/**
 * Where copies are kept for a time. A store may lose any copy at any moment; it must never give one that was put in before it
 * was last emptied, or that was removed since.
 */
export type Store = {
  /** @throws when it cannot be told */
  get(key: string): Promise<Found>
  /** Keeps a copy, unless the store was emptied since `age`. */
  put(key: string, text: string, age: string): Promise<void>
  remove(key: string): Promise<void>
  /** Whatever was put in before is given no more. */
  empty(): Promise<void>
  /** Copies in it; undefined where others keep theirs beside. */
  size(): number | undefined
  close(): Promise<void>
}
