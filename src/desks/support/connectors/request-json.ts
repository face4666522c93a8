import { OutboundRefused } from '../../../platform/outbound/index.ts'
import { retryAfterSeconds } from '../../../platform/resilience/index.ts'
import { ProviderError } from './port.ts'

/** How calls to a helpdesk leave: through the guard of outbound addresses, or plainly where the operator chose the address. */
export type Http = { fetch: (url: URL, init: RequestInit) => Promise<Response>; timeoutSeconds: number }

/** 100 tickets of 1 MB would already be absurd; past this the answer is not a page. */
const BODY_LIMIT_BYTES = 128 * 1_048_576
const RETRY_AFTER_CAP_SECONDS = 300

/**
 * Gets one JSON document.
 *
 * @throws ProviderError, or the signal's reason when that was aborted.
 */
export async function requestJson(
  http: Http,
  url: URL,
  signal: AbortSignal,
  headers: Record<string, string> = {},
): Promise<{ json: unknown; bytes: number; headers: Headers }> {
  const timeout = AbortSignal.timeout(http.timeoutSeconds * 1_000)
  try {
    const response = await http.fetch(url, {
      signal: AbortSignal.any([signal, timeout]),
      headers: { accept: 'application/json', ...headers },
      redirect: 'error',
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw statusError(response)
    }
    const { text, bytes } = await readText(response)
    return { json: JSON.parse(text), bytes, headers: response.headers }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof ProviderError) throw error
    if (error instanceof OutboundRefused) throw new ProviderError('refused', error.public, { cause: error })
    if (timeout.aborted) {
      throw new ProviderError('transient', `no answer within ${http.timeoutSeconds} s`, { cause: error })
    }
    if (error instanceof SyntaxError) throw new ProviderError('transient', 'the answer is not JSON', { cause: error })
    throw new ProviderError('transient', 'the provider cannot be reached', { cause: error })
  }
}

/** The answer to a question for one thing; null when there is no such thing (404). */
export async function requestOrNull(...args: Parameters<typeof requestJson>): Promise<unknown> {
  try {
    return (await requestJson(...args)).json
  } catch (error) {
    if (error instanceof ProviderError && error.status === 404) return null
    throw error
  }
}

/** An address under a base address, path included: resolved against it, `/path` would drop the base's path. */
export function addressUnder(baseUrl: string, path: string, query: Readonly<Record<string, string>> = {}): URL {
  const url = new URL(baseUrl)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${path}`
  url.search = new URLSearchParams(query).toString()
  return url
}

function statusError(response: Response): ProviderError {
  const { status } = response
  const message = `the provider answered ${status}`
  const after = retryAfterSeconds(response.headers.get('retry-after'), new Date(), RETRY_AFTER_CAP_SECONDS)
  if (status === 429) return new ProviderError('throttled', message, { retryAfterSeconds: after, status })
  if (status === 408 || status >= 500)
    return new ProviderError('transient', message, { retryAfterSeconds: after, status })
  return new ProviderError('refused', message, { status })
}

async function readText(response: Response): Promise<{ text: string; bytes: number }> {
  const decoder = new TextDecoder()
  let bytes = 0
  let text = ''
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > BODY_LIMIT_BYTES) throw new ProviderError('refused', 'the provider’s answer is larger than 128 MB')
    text += decoder.decode(chunk, { stream: true })
  }
  return { text: text + decoder.decode(), bytes }
}
