import { z } from 'zod'
import { retryAfterSeconds } from '../../../platform/resilience/index.ts'

/** A page as the provider answers it. Tickets are checked one by one later: one bad ticket must not spoil the page. */
const PageBody = z.object({
  tickets: z.array(z.unknown()),
  next_page: z.int().positive().nullable(),
  total_count: z.int().nonnegative(),
})

export type ProviderPage = { tickets: unknown[]; nextPage: number | null; totalCount: number }

/** A call to the provider that gave no page. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  /** `throttled`: wait and go on. `transient`: may work next time. `refused`: asking again gives the same. */
  readonly kind: 'throttled' | 'transient' | 'refused'
  readonly retryAfterSeconds: number | undefined

  constructor(
    kind: ProviderError['kind'],
    message: string,
    options: { cause?: unknown; retryAfterSeconds?: number | undefined } = {},
  ) {
    super(message, { cause: options.cause })
    this.kind = kind
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

export type Provider = {
  /** Pages count from 1. Rejects with a ProviderError, or with the signal's reason when that was aborted. */
  listPage(page: number, signal: AbortSignal): Promise<ProviderPage>
}

/** The largest page the provider serves; fewer calls of its 60 a minute for the same tickets. */
export const PAGE_SIZE = 100
/** 100 tickets of 1 MB would already be absurd; past this the answer is not a page. */
const BODY_LIMIT_BYTES = 128 * 1_048_576
const RETRY_AFTER_CAP_SECONDS = 300

/** The specification's provider over HTTP: `GET /external/support-tickets`, all tenants mixed, no filter. */
export function httpProvider(options: { baseUrl: string; timeoutSeconds: number }): Provider {
  return {
    listPage: async (page, signal) => {
      const url = new URL('/external/support-tickets', options.baseUrl)
      url.searchParams.set('page', String(page))
      url.searchParams.set('page_size', String(PAGE_SIZE))
      const response = await request(url, signal, options.timeoutSeconds)
      const body = PageBody.safeParse(response)
      if (!body.success) throw new ProviderError('transient', 'the provider’s answer is not a page of tickets')
      return { tickets: body.data.tickets, nextPage: body.data.next_page, totalCount: body.data.total_count }
    },
  }
}

async function request(url: URL, signal: AbortSignal, timeoutSeconds: number): Promise<unknown> {
  const timeout = AbortSignal.timeout(timeoutSeconds * 1_000)
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, timeout]),
      headers: { accept: 'application/json' },
      redirect: 'error',
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw statusError(response)
    }
    return JSON.parse(await readText(response))
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof ProviderError) throw error
    if (timeout.aborted) throw new ProviderError('transient', `no answer within ${timeoutSeconds} s`, { cause: error })
    if (error instanceof SyntaxError) throw new ProviderError('transient', 'the answer is not JSON', { cause: error })
    throw new ProviderError('transient', 'the provider cannot be reached', { cause: error })
  }
}

function statusError(response: Response): ProviderError {
  const { status } = response
  const message = `the provider answered ${status}`
  const after = retryAfterSeconds(response.headers.get('retry-after'), new Date(), RETRY_AFTER_CAP_SECONDS)
  if (status === 429) return new ProviderError('throttled', message, { retryAfterSeconds: after })
  if (status === 408 || status >= 500) return new ProviderError('transient', message, { retryAfterSeconds: after })
  return new ProviderError('refused', message)
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let bytes = 0
  let text = ''
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > BODY_LIMIT_BYTES) throw new ProviderError('refused', 'the provider’s answer is larger than 128 MB')
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
