import type { Logger } from '../../kernel/logger.ts'
import type { TenantId } from '../../kernel/tenant-id.ts'
import type { Database } from '../../platform/database/index.ts'
import type { StopReason } from './outcome.ts'
import { type Claim, extendLease } from './store/claim.ts'

export type HeldLease = {
  /** Extends now and looks whether the task is to stop. */
  refresh(): Promise<void>
  /** Ends the timer and waits for an extension under way. */
  release(): Promise<void>
}

/**
 * Extends a claim three times per lease, by a timer and not by the work's own pace: a page may wait a minute for the
 * provider. Stops the work when the lease is gone, or has not been extended for its whole length (the database does not
 * answer): by then another worker may have it.
 */
export function holdLease(options: {
  database: Database
  tenantId: TenantId
  claim: Claim
  leaseSeconds: number
  log: Logger
  stop: (why: StopReason) => void
}): HeldLease {
  const { database, tenantId, claim, leaseSeconds, log, stop } = options
  let extendedAt = performance.now()
  let extending: Promise<void> | undefined

  const extend = async () => {
    const asked = performance.now()
    try {
      const lease = await database.withTenant(tenantId, (tx) => extendLease(tx, claim, leaseSeconds))
      if (!lease) return stop('lease_lost')
      extendedAt = asked
      if (lease.cancelRequested) stop('cancelled')
    } catch (err) {
      log.warn({ err }, 'the lease could not be extended')
    }
  }
  const refresh = () => {
    extending ??= extend().finally(() => {
      extending = undefined
    })
    return extending
  }
  const timer = setInterval(
    () => {
      // Not left to the extension: on a connection that has silently died it neither ends nor fails for long.
      if (performance.now() - extendedAt > leaseSeconds * 1_000) stop('lease_lost')
      void refresh()
    },
    (leaseSeconds * 1_000) / 3,
  )
  return {
    refresh,
    release: async () => {
      clearInterval(timer)
      await extending
    },
  }
}
