import { sleep } from '../../../kernel/abort.ts'
import type { Logger } from '../../../kernel/logger.ts'
import { backoffSeconds, type OutboundBudget, type RetryPolicy } from '../../../platform/resilience/index.ts'
import { ProviderError } from './port.ts'

const RETRY: RetryPolicy = { attemptsMax: 6, baseSeconds: 1, capSeconds: 30 }
/** A 429 without a usable Retry-After; the provider's window is a minute. */
const THROTTLED_WAIT_SECONDS = 10

/** A helpdesk together with what it allows. */
export type Source<Provider> = { provider: Provider; budget: OutboundBudget }
/** An answer, with how often it took to get it. */
export type Costed<Answer> = { answer: Answer; retries: number; throttled: number }

export type CallContext = {
  signal: AbortSignal
  log: Logger
  /** Told when the budget lets the call leave. */
  onLeave?: () => void
}

/**
 * Makes one call when the provider's budget allows it. Being throttled all the same (429) is no failure: everybody
 * waits as long as the provider asks and goes on, as often as it takes. Transient failures are tried again with
 * back-off; what the provider refuses is thrown at once. Every wait ends with the signal.
 */
export async function callProvider<Provider, Answer>(
  { provider, budget }: Source<Provider>,
  call: (provider: Provider, signal: AbortSignal) => Promise<Answer>,
  { signal, log, onLeave }: CallContext,
): Promise<Costed<Answer>> {
  const cost = { retries: 0, throttled: 0 }
  for (;;) {
    try {
      await budget.take(signal)
      onLeave?.()
      return { answer: await call(provider, signal), ...cost }
    } catch (error) {
      if (!(error instanceof ProviderError) || error.kind === 'refused') throw error
      if (error.kind === 'transient') cost.retries += 1
      else cost.throttled += 1
      if (cost.retries >= RETRY.attemptsMax) throw error
      const seconds = waitSeconds(error, cost.retries)
      log.info({ delay_ms: Math.round(seconds * 1_000), reason: error.message }, 'waiting for the provider')
      if (error.kind === 'throttled') await budget.pause(seconds)
      else await sleep(seconds * 1_000, signal)
    }
  }
}

function waitSeconds(error: ProviderError, failures: number): number {
  if (error.kind === 'throttled') return error.retryAfterSeconds ?? THROTTLED_WAIT_SECONDS
  return Math.max(error.retryAfterSeconds ?? 0, backoffSeconds(RETRY, failures, Math.random()))
}
