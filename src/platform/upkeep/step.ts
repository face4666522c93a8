import { sleep } from '../../kernel/abort.ts'

/** How far a step came: rows it removed or mended, and whether there is nothing left for now. */
export type Round = { rows: number; isDone: boolean }

/** Work that nobody waits for and that one process at a time does; what fails keeps no other step from its turn. */
export type UpkeepStep = {
  /** Also a label of metrics and the key of its row: for removals the name of the table. */
  name: string
  /** From the end of one round to the next one; an hour unless said otherwise. */
  everySeconds?: number
  /** Works in short transactions until nothing is left or the signal says that its time is over. */
  run(signal: AbortSignal): Promise<Round>
}

/** Rows of one statement. More would hold locks and fill the log for longer than others like to wait. */
export const ROWS_AT_ONCE = 1_000

/** What came of a heap, and whether it was the last. */
export type Heap = { rows: number; isLast: boolean }

/**
 * Removes heap after heap until the last one or the signal, and rests after each for as long as it took: the upkeep has half
 * of a connection's time at the most.
 */
export async function heapAfterHeap(signal: AbortSignal, next: () => Promise<Heap>): Promise<Round> {
  let rows = 0
  while (!signal.aborted) {
    const startedAt = performance.now()
    const heap = await next()
    rows += heap.rows
    if (heap.isLast) return { rows, isDone: true }
    await sleep(performance.now() - startedAt, signal).catch(() => {})
  }
  return { rows, isDone: false }
}

/**
 * A step's `run` that removes heap after heap, each in a transaction of its own. `remove` is told how many rows at most and
 * answers how many there were; fewer mean that nothing is left.
 */
export const inHeaps =
  (remove: (limit: number) => Promise<number>, limit = ROWS_AT_ONCE): UpkeepStep['run'] =>
  (signal) =>
    heapAfterHeap(signal, async () => {
      const rows = await remove(limit)
      return { rows, isLast: rows < limit }
    })
