/**
 * Faults: everything that goes wrong in a foreseen way.
 *
 * A fault carries a stable code (with a page under docs/errors), an HTTP status, a sentence for the caller that says
 * what to do, and a sentence for the operator that says what happened. Both sentences are written where it happens.
 * Anything thrown that is not a fault is a bug and answers 500 without its message.
 */
export type FaultSentences = {
  /** For the caller: what to do. Leaves the system. */
  public: string
  /** For the operator: what happened. Stays in the log. */
  internal: string
  cause?: unknown
  /** Extra response headers, e.g. `Retry-After`. */
  headers?: Record<string, string>
  /** Extra members of the problem document, e.g. the running `job_id`. */
  extensions?: Record<string, unknown>
}

export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: string
  readonly status: number
  readonly public: string
  readonly headers: Record<string, string>
  readonly extensions: Record<string, unknown>

  constructor(code: string, status: number, sentences: FaultSentences) {
    super(`${code}: ${sentences.internal}`, { cause: sentences.cause })
    this.code = code
    this.status = status
    this.public = sentences.public
    this.headers = sentences.headers ?? {}
    this.extensions = sentences.extensions ?? {}
  }
}

const declared = new Map<string, number>()

/**
 * Declares a module's fault codes with their HTTP status and returns the function that builds them.
 * Codes are `<module>.<what_happened>`; declaring one twice throws at import.
 */
export function declareFaults<const Codes extends Record<string, number>>(codes: Codes) {
  for (const [code, status] of Object.entries(codes)) {
    if (declared.has(code)) throw new Error(`Fault code ${code} is declared twice`)
    declared.set(code, status)
  }
  return (code: keyof Codes & string, sentences: FaultSentences): Fault =>
    new Fault(code, codes[code] as number, sentences)
}

/** Every code declared by the modules imported so far, with its HTTP status. */
export function declaredFaults(): ReadonlyMap<string, number> {
  return declared
}
