import { sleep } from './abort.ts'

export type Repetition = { stop(): Promise<void> }

/**
 * Does `work` again and again with a pause between, until stopped; never two at once. `work` answers 'again' to go on
 * without the pause. What it throws goes to `onError` and the repetition goes on.
 */
export function repeat(options: {
  everySeconds: number
  work: (signal: AbortSignal) => Promise<undefined | 'again'>
  onError: (error: unknown) => void
}): Repetition {
  const stopping = new AbortController()
  const { signal } = stopping
  const run = async () => {
    while (!signal.aborted) {
      const next = await options.work(signal).catch(options.onError)
      if (next !== 'again') await sleep(options.everySeconds * 1_000, signal).catch(() => {})
    }
  }
  const running = run()
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}
