import { sleep } from '../../../kernel/abort.ts'
import type { Logger } from '../../../kernel/logger.ts'

/** What is known of a failed call of the AWS SDK. */
type CallError = Error & { $metadata?: { httpStatusCode?: number }; $retryable?: object }

const THROTTLED = /Throttl|TooManyRequests|RequestLimit|OverLimit|KmsThrottled/
const TRANSIENT_STATUS = new Set([408, 429])

/** Whether the same call may go better: no answer, an error of theirs, or too many calls. Not: no such queue, no permission. */
export function isTransient(error: unknown): boolean {
  const { name, $metadata, $retryable } = error as CallError
  if (name === 'AbortError') return false
  const status = $metadata?.httpStatusCode
  if ($retryable !== undefined || THROTTLED.test(name) || status === undefined) return true
  return status >= 500 || TRANSIENT_STATUS.has(status)
}

/** The wait before retry number `retry` (1 = the first): 1, 2, 4 … times `retrySeconds`. */
export const waitBefore = (retry: number, retrySeconds: number): number => retrySeconds * 2 ** (retry - 1)

/**
 * Makes a call, and again after `retrySeconds`, twice that, … when it fails for a passing reason, `retries` times at the
 * most; each retry is a line in the log. Rejects with the last error, or with the reason of `signal`.
 */
export async function retried<T>(
  { retries, retrySeconds, logger }: { retries: number; retrySeconds: number; logger: Logger },
  { what, signal }: { what: string; signal?: AbortSignal | undefined },
  call: () => Promise<T>,
): Promise<T> {
  for (let retry = 1; ; retry += 1) {
    try {
      return await call()
    } catch (err) {
      signal?.throwIfAborted()
      if (retry > retries || !isTransient(err)) throw err
      const seconds = waitBefore(retry, retrySeconds)
      const line = { component: 'queue', attempt: retry, delay_ms: seconds * 1_000, reason: (err as Error).name }
      logger.warn({ ...line, err }, `SQS did not do as asked (${what}); retry ${retry} of ${retries} in ${seconds} s`)
      await sleep(seconds * 1_000, signal)
    }
  }
}
