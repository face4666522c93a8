export type RateWindow = {
  /** Admits a call and returns null, or returns the whole seconds to wait. A rejected call costs nothing. */
  admit(): number | null
  status(): { limit: number; window_seconds: number; current_requests: number; remaining: number | null }
  clear(): void
}

/**
 * One sliding window over all callers. A call leaves the window when it is exactly as old as the window is long; the
 * wait is floor(window - age of the oldest) + 1, so a caller that waits it out is always admitted.
 */
export function createRateWindow(
  settings: () => { limit: number; windowSeconds: number },
  now: () => number,
): RateWindow {
  let admittedAt: number[] = []

  const dropExpired = () => {
    const cutoff = now() - settings().windowSeconds * 1000
    admittedAt = admittedAt.filter((at) => at > cutoff)
  }

  return {
    admit() {
      const { limit, windowSeconds } = settings()
      // Unlimited keeps no times: nothing would ever bound them.
      if (limit === 0) return null
      dropExpired()
      const oldest = admittedAt[0]
      if (oldest !== undefined && admittedAt.length >= limit) {
        return Math.floor(windowSeconds - (now() - oldest) / 1000) + 1
      }
      admittedAt.push(now())
      return null
    },
    status() {
      const { limit, windowSeconds } = settings()
      dropExpired()
      const current = limit === 0 ? 0 : admittedAt.length
      return {
        limit,
        window_seconds: windowSeconds,
        current_requests: current,
        remaining: limit === 0 ? null : Math.max(0, limit - current),
      }
    },
    clear() {
      admittedAt = []
    },
  }
}
