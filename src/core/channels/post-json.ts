import { retryAfterSeconds } from '../../platform/resilience/index.ts'
import type { SendOutcome } from './channel.ts'
import { RETRY_AFTER_CAP_SECONDS } from './policies.ts'

export type Fetch = (url: string | URL, init: RequestInit) => Promise<Response>

/** An answer says nothing that we need; what is read of it frees the socket, and tells what Slack complains about. */
const BODY_LIMIT_BYTES = 65_536

export type PostRequest = { url: string | URL; headers: Record<string, string>; body: string }
export type PostAnswer = {
  status: number
  retryAfterSeconds: number | undefined
  /** The first 64 kB. */
  text: string
}

/** Posts JSON once and reads the answer to its end, or to 64 kB. Rejects as `fetch` does. */
export async function postJson(fetch: Fetch, request: PostRequest, signal: AbortSignal): Promise<PostAnswer> {
  const response = await fetch(request.url, {
    ...{ method: 'POST', body: request.body, signal },
    headers: { 'content-type': 'application/json', 'user-agent': 'Signalbox', ...request.headers },
    // A receiver that redirects would choose where a tenant's data goes, and a 301 would turn the POST into a GET.
    redirect: 'manual',
  })
  return {
    status: response.status,
    retryAfterSeconds: retryAfterSeconds(response.headers.get('retry-after'), new Date(), RETRY_AFTER_CAP_SECONDS),
    text: await readBounded(response),
  }
}

/**
 * What an answer means by its status alone. A 2xx whose body broke off never comes here: it rejected, and is sent again.
 * `who` stands in sentences: `the receiver`.
 */
export function outcomeOf({ status, retryAfterSeconds: after }: PostAnswer, who: string): SendOutcome {
  if (status >= 200 && status < 300) return { kind: 'delivered', statusCode: status }
  const reason = `${who} answered ${status}`
  if (status === 429) return { kind: 'throttled', statusCode: status, reason, retryAfterSeconds: after }
  if (status === 408 || status >= 500)
    return { kind: 'failed', statusCode: status, reason, ...(after === undefined ? {} : { retryAfterSeconds: after }) }
  const isRedirect = status >= 300 && status < 400
  const why = isRedirect ? `${reason}, a redirect, which is not followed: enter the address that it leads to` : reason
  return { kind: 'refused', statusCode: status, reason: why, disablesChannel: false }
}

async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let bytes = 0
  let text = ''
  // Leaving the loop cancels the rest.
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk.subarray(0, BODY_LIMIT_BYTES - bytes), { stream: true })
    bytes += chunk.byteLength
    if (bytes >= BODY_LIMIT_BYTES) break
  }
  return text
}
