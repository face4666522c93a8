import { retryAfter, UnreachableError } from './problem.ts'
import { wait } from './wait.ts'

export type RetryPolicy = {
  /** In all, the first one included. */
  attempts: number
  /** What the first wait is about; each further one doubles. */
  baseSeconds: number
  /** No wait is longer. A `Retry-After` beyond it is not waited for: the answer is the caller's. */
  capSeconds: number
  /** An attempt that has no answer by then counts as not reached. */
  timeoutSeconds: number
}

export const RETRY: RetryPolicy = { attempts: 4, baseSeconds: 0.5, capSeconds: 30, timeoutSeconds: 60 }

export type Fetch = (request: Request) => Promise<Response>

/** What changed between two attempts, for who shows or counts it. */
export type Retried = { attempt: number; waitSeconds: number; because: Response | Error }

const SAFE = ['GET', 'HEAD', 'OPTIONS']
const WORTH_ANOTHER = [429, 502, 503, 504]

/**
 * A `fetch` that tries again what was not reached or refused for now. An unsafe request is given an `Idempotency-Key`
 * before the first attempt, so that it happens once, whichever attempt it was that arrived.
 */
export function retrying(fetch: Fetch, policy: RetryPolicy, onRetry: (retried: Retried) => void = () => {}): Fetch {
  return async (given) => {
    const request = withKey(given)
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await once(fetch, request, policy.timeoutSeconds)
      const seconds = attempt < policy.attempts ? await secondsUntilNext(outcome, attempt, policy) : undefined
      if (seconds === undefined) {
        if (outcome instanceof Response) return outcome
        throw new UnreachableError(request.url, attempt, outcome)
      }
      if (outcome instanceof Response) await outcome.body?.cancel()
      onRetry({ attempt, waitSeconds: seconds, because: outcome })
      await wait(seconds * 1_000, request.signal)
    }
  }
}

function withKey(request: Request): Request {
  if (SAFE.includes(request.method) || request.headers.has('idempotency-key')) return request
  request.headers.set('idempotency-key', newKey())
  return request
}

/** `randomUUID` is there only for pages that came over HTTPS. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** One attempt: its answer, or why there is none. Throws when the caller gave up. */
async function once(fetch: Fetch, request: Request, timeoutSeconds: number): Promise<Response | Error> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new Error(`no answer within ${timeoutSeconds} s`)), timeoutSeconds * 1_000)
  try {
    // A clone each time: the body of a request can be sent once.
    return await fetch(new Request(request.clone(), { signal: AbortSignal.any([request.signal, late.signal]) }))
  } catch (error) {
    request.signal.throwIfAborted()
    return error instanceof Error ? error : new Error(String(error))
  } finally {
    clearTimeout(timer)
  }
}

/** Undefined: not worth another attempt. */
async function secondsUntilNext(outcome: Response | Error, attempt: number, policy: RetryPolicy) {
  const ceiling = Math.min(policy.capSeconds, policy.baseSeconds * 2 ** (attempt - 1))
  // At least half: many who were refused together must not come back together, nor at once.
  const drawn = ceiling * (0.5 + Math.random() / 2)
  if (outcome instanceof Error) return drawn
  if (!(WORTH_ANOTHER.includes(outcome.status) || (await isStillUnderWay(outcome)))) return undefined
  const asked = retryAfter(outcome.headers.get('retry-after'), Date.now())
  if (asked !== undefined && asked > policy.capSeconds) return undefined
  return Math.max(asked ?? 0, drawn)
}

/** An attempt of ours whose answer was lost still runs, under the same key. */
async function isStillUnderWay(response: Response): Promise<boolean> {
  if (response.status !== 409) return false
  const text = await response.clone().text()
  return text.includes('"idempotency.in_flight"')
}
