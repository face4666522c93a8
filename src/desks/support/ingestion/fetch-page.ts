import { sleep } from '../../../kernel/abort.ts'
import type { Logger } from '../../../kernel/logger.ts'
import { backoffSeconds, type OutboundBudget, type RetryPolicy } from '../../../platform/resilience/index.ts'
import { type Provider, ProviderError, type ProviderPage } from './provider.ts'

const RETRY: RetryPolicy = { attemptsMax: 6, baseSeconds: 1, capSeconds: 30 }
/** A 429 without a usable Retry-After; the provider's window is a minute. */
const THROTTLED_WAIT_SECONDS = 10

/**
 * Fetches one page when the provider's budget allows a call. Being throttled all the same (429) is no failure:
 * everybody waits as long as the provider asks and goes on, as often as it takes. Transient failures are tried again with back-off; what the provider refuses is thrown at once.
 * Every wait ends with the signal.
 */
export async function fetchPage(
  { provider, budget }: { provider: Provider; budget: OutboundBudget },
  page: number,
  { signal, log }: { signal: AbortSignal; log: Logger },
): Promise<ProviderPage> {
  for (let failures = 0; ; ) {
    try {
      await budget.take(signal)
      return await provider.listPage(page, signal)
    } catch (error) {
      if (!(error instanceof ProviderError) || error.kind === 'refused') throw error
      if (error.kind === 'transient') failures += 1
      if (failures >= RETRY.attemptsMax) throw error
      const seconds = waitSeconds(error, failures)
      log.info({ page, delay_ms: Math.round(seconds * 1_000), reason: error.message }, 'waiting for the provider')
      if (error.kind === 'throttled') await budget.pause(seconds)
      else await sleep(seconds * 1_000, signal)
    }
  }
}

function waitSeconds(error: ProviderError, failures: number): number {
  if (error.kind === 'throttled') return error.retryAfterSeconds ?? THROTTLED_WAIT_SECONDS
  return Math.max(error.retryAfterSeconds ?? 0, backoffSeconds(RETRY, failures, Math.random()))
}
