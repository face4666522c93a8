/** What a problem document (RFC 9457) of the API says. */
export type Problem = {
  type: string
  title: string
  status: number
  /** What to do, in one sentence. */
  detail: string
  code: string
  request_id: string
  errors?: { in: string; field: string; message: string }[]
  [more: string]: unknown
}

/** The API refused. `message` is its sentence; `code` has a page under `/errors/`; `requestId` is what its log calls this request. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly status: number
  readonly code: string
  readonly requestId: string | undefined
  /** Seconds to wait before asking again, where the API says so. */
  readonly retryAfterSeconds: number | undefined
  readonly problem: Problem | undefined

  constructor(response: Response, problem: Problem | undefined, now = Date.now()) {
    super(
      problem?.detail ?? `${new URL(response.url).host} answered with ${response.status} and nothing that explains it.`,
    )
    this.status = response.status
    this.code = problem?.code ?? 'unknown'
    this.requestId = problem?.request_id
    this.retryAfterSeconds = retryAfter(response.headers.get('retry-after'), now)
    this.problem = problem
  }
}

/** The API could not be reached, however often that was tried; `cause` is what the network said last. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
  readonly url: string
  readonly attempts: number

  constructor(url: string, attempts: number, cause: unknown) {
    const times = attempts === 1 ? 'once' : `${attempts} times`
    super(`${new URL(url).origin} cannot be reached (tried ${times}): ${reasonOf(cause)}`, { cause })
    this.url = url
    this.attempts = attempts
  }
}

/** The error that an answer other than 2xx means. Takes its body. */
export async function problemOf(response: Response): Promise<ProblemError> {
  const text = await response.text().catch(() => '')
  return new ProblemError(response, asProblem(text))
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
export function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  if (/^\d+$/.test(header.trim())) return Number(header)
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1_000)
}

function asProblem(text: string): Problem | undefined {
  try {
    const body: unknown = JSON.parse(text)
    const isProblem = typeof body === 'object' && body !== null && 'code' in body && 'detail' in body
    return isProblem ? (body as Problem) : undefined
  } catch {
    // A proxy in between answered, with a page of its own.
    return undefined
  }
}

/** Node.js says “fetch failed” and hides why in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (cause instanceof Error) return ('code' in cause && String(cause.code)) || cause.message
  return error.message
}
