/**
 * Seconds that a `Retry-After` header asks for: a number of seconds or an HTTP date (RFC 9110 §10.2.3), at least 0 and
 * at most `capSeconds`. Undefined when the header is missing or neither.
 */
export function retryAfterSeconds(
  header: string | null | undefined,
  now: Date,
  capSeconds: number,
): number | undefined {
  const text = header?.trim()
  if (!text) return undefined
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : (Date.parse(text) - now.getTime()) / 1_000
  if (Number.isNaN(seconds)) return undefined
  return Math.min(Math.max(seconds, 0), capSeconds)
}
