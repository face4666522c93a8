import { z } from 'zod'
import { retryAfterSeconds } from '../../../platform/resilience/index.ts'

/** A page as the provider answers it. Tickets are checked one by one later: one bad ticket must not spoil the page. */
const PageBody = z.object({
  tickets: z.array(z.unknown()),
  next_page: z.int().positive().nullable(),
  total_count: z.int().nonnegative(),
})

const DeletedBody = z.object({ deleted_ids: z.array(z.string()) })

export type ProviderPage = {
  page: number
  bytes: number
  tickets: unknown[]
  nextPage: number | null
  totalCount: number
}

/** A call to the provider that gave no page. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  /** `throttled`: wait and go on. `transient`: may work next time. `refused`: asking again gives the same. */
  readonly kind: 'throttled' | 'transient' | 'refused'
  readonly retryAfterSeconds: number | undefined
  /** The HTTP status, when there was an answer. */
  readonly status: number | undefined

  constructor(
    kind: ProviderError['kind'],
    message: string,
    options: { cause?: unknown; retryAfterSeconds?: number | undefined; status?: number } = {},
  ) {
    super(message, { cause: options.cause })
    this.kind = kind
    this.retryAfterSeconds = options.retryAfterSeconds
    this.status = options.status
  }
}

export type Provider = {
  /** Pages count from 1. Rejects with a ProviderError, or with the signal's reason when that was aborted. */
  listPage(page: number, signal: AbortSignal): Promise<ProviderPage>
  /** The ids of all deleted tickets, of all tenants. */
  listDeleted(signal: AbortSignal): Promise<{ ids: string[]; bytes: number }>
  /** One ticket as the provider has it now; null when it has none of that id (any more). */
  findTicket(id: string, signal: AbortSignal): Promise<unknown>
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
      const url = addressOf(options.baseUrl, 'support-tickets')
      url.searchParams.set('page', String(page))
      url.searchParams.set('page_size', String(PAGE_SIZE))
      const { json, bytes } = await request(url, signal, options.timeoutSeconds)
      const body = PageBody.safeParse(json)
      if (!body.success) throw new ProviderError('transient', 'the provider’s answer is not a page of tickets')
      const { tickets, next_page, total_count } = body.data
      if (next_page !== null && next_page <= page) throw new ProviderError('refused', 'its pages go round in a circle')
      return { page, bytes, tickets, nextPage: next_page, totalCount: total_count }
    },

    listDeleted: async (signal) => {
      const url = addressOf(options.baseUrl, 'deleted-tickets')
      const { json, bytes } = await request(url, signal, options.timeoutSeconds)
      const body = DeletedBody.safeParse(json)
      if (!body.success) throw new ProviderError('transient', 'the provider’s answer is not a list of deleted tickets')
      return { ids: body.data.deleted_ids, bytes }
    },

    findTicket: async (id, signal) => {
      const url = addressOf(options.baseUrl, `support-tickets/${encodeURIComponent(id)}`)
      try {
        return (await request(url, signal, options.timeoutSeconds)).json
      } catch (error) {
        if (error instanceof ProviderError && error.status === 404) return null
        throw error
      }
    },
  }
}

/** Under the base address, path included: resolved against it, `/external/…` would drop the path. */
function addressOf(baseUrl: string, path: string): URL {
  const url = new URL(baseUrl)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/external/${path}`
  url.search = ''
  return url
}

async function request(
  url: URL,
  signal: AbortSignal,
  timeoutSeconds: number,
): Promise<{ json: unknown; bytes: number }> {
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
    const { text, bytes } = await readText(response)
    return { json: JSON.parse(text), bytes }
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
