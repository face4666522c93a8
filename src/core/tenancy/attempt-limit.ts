export type Attempt = { address: string; email: string }

/** Bounds how often passwords may be tried, in this process. */
export type AttemptLimit = {
  /** Counts an attempt before it is made, so that many at once are counted too; the seconds to wait when there were too many. */
  take(attempt: Attempt): number | null
  /** Takes a counted attempt back: the password was right, or it was never looked at. */
  forgive(attempt: Attempt): void
}

const WINDOW_MS = 60_000
const KEPT_MAX = 20_000

/**
 * One person at one place, all that one place tries, and all that is tried on one account. The last is wide, because
 * anybody can use it up and so keep the owner of the account out for as long as they go on.
 */
const LIMITS = [
  { key: ({ address, email }: Attempt) => `pair ${address} ${email}`, max: 10 },
  { key: ({ address }: Attempt) => `address ${address}`, max: 50 },
  { key: ({ email }: Attempt) => `email ${email}`, max: 100 },
] as const

export function attemptLimit(now: () => number = Date.now): AttemptLimit {
  const counts = new Map<string, { failed: number; endsAt: number }>()

  const current = (key: string) => {
    const counted = counts.get(key)
    if (counted && counted.endsAt > now()) return counted
    counts.delete(key)
    return undefined
  }

  const count = (key: string) => {
    const counted = current(key)
    if (counted) {
      counted.failed += 1
      return
    }
    // The oldest entry is the first one: entries are removed, never renewed.
    const oldest = counts.size >= KEPT_MAX ? counts.keys().next().value : undefined
    if (oldest !== undefined) counts.delete(oldest)
    counts.set(key, { failed: 1, endsAt: now() + WINDOW_MS })
  }

  return {
    take: (attempt) => {
      const waits = LIMITS.map(({ key, max }) => {
        const counted = current(key(attempt))
        return counted && counted.failed >= max ? Math.ceil((counted.endsAt - now()) / 1_000) : 0
      })
      const wait = Math.max(...waits)
      if (wait > 0) return wait
      for (const { key } of LIMITS) count(key(attempt))
      return null
    },
    forgive: (attempt) => {
      for (const { key } of LIMITS) {
        const counted = current(key(attempt))
        if (counted) counted.failed = Math.max(0, counted.failed - 1)
      }
    },
  }
}
