/** One call as the provider saw it. */
export type Call = {
  /** Rises by one per call and is never given out twice, not even after the log was cleared. */
  sequence: number
  /** When the call arrived. */
  at: string
  method: string
  path: string
  /** The query string as it was sent, without the question mark. */
  query: string
  /** null while the call is open, and for good when it never got an answer. */
  status: number | null
  /** From arrival to answer or broken connection; null while the call is open. */
  duration_ms: number | null
  /** The kind of the fault that was played on it, if any. */
  fault: string | null
}

export type CallPage = {
  calls: Call[]
  /** Pass as `since` to read on; null when everything was read. */
  next_since: number | null
}

export type CallLog = {
  /** Logs an arriving call; the returned functions complete the entry, the first of several `end` calls counts. */
  arrive(call: Pick<Call, 'method' | 'path' | 'query'>): { fault(kind: string): void; end(status: number | null): void }
  /** The calls with a sequence above `since`, oldest first, `limit` at most. */
  read(since?: number, limit?: number): CallPage
  clear(): void
}

export const CALL_PAGE_LIMIT = 10_000

/** A ring of the latest `size()` calls. */
export function createCallLog(size: () => number, now: () => number): CallLog {
  let ring: Call[] = []
  let nextSequence = 1

  return {
    arrive({ method, path, query }) {
      const startedAt = performance.now()
      const call: Call = {
        sequence: nextSequence++,
        at: new Date(now()).toISOString(),
        method,
        path,
        query,
        status: null,
        duration_ms: null,
        fault: null,
      }
      ring.push(call)
      // Trimmed in bulk: dropping one entry from the front for every call would copy the whole ring each time.
      if (ring.length >= size() * 2) ring = ring.slice(-size())
      return {
        fault(kind) {
          call.fault = kind
        },
        end(status) {
          if (call.duration_ms !== null) return
          call.status = status
          call.duration_ms = Math.round((performance.now() - startedAt) * 1000) / 1000
        },
      }
    },
    read(since = 0, limit = CALL_PAGE_LIMIT) {
      const remembered = ring.slice(-size())
      const skipped = Math.max(0, since - (remembered[0]?.sequence ?? nextSequence) + 1)
      const calls = remembered.slice(skipped, skipped + limit).map((call) => ({ ...call }))
      const more = skipped + limit < remembered.length
      return { calls, next_since: more ? (calls.at(-1)?.sequence ?? null) : null }
    },
    clear() {
      ring = []
    },
  }
}
