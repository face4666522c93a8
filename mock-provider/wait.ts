/** Waits `milliseconds` and returns true, or returns false as soon as `signal` is aborted. Leaves no timer behind. */
export function wait(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false)
  if (milliseconds <= 0) return Promise.resolve(true)
  return new Promise((resolve) => {
    const settle = (elapsed: boolean) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      resolve(elapsed)
    }
    const onAbort = () => settle(false)
    const timer = setTimeout(settle, milliseconds, true)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** Returns once `signal` is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
