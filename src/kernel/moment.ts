import { z } from 'zod'

/** A day inside the years 1 to 9999, so that no reader's zone leads out of them. */
const EARLIEST = Date.parse('0001-01-02T00:00:00Z')
const LATEST = Date.parse('9999-12-30T00:00:00Z')

/**
 * A moment from outside: ISO 8601 with a zone; without one it would be read in somebody's own zone, and is refused rather
 * than guessed. Becomes UTC with milliseconds.
 *
 * What ISO 8601 allows and PostgreSQL or readers of JSON do not (the year 0, an offset that leads out of the years 1 to
 * 9999 or is longer than PostgreSQL takes) is refused or turned into UTC here, not by the statement that stores it.
 */
export const moment = z.iso
  .datetime({ offset: true, error: 'must be an ISO 8601 time with its zone, e.g. 2026-03-02T09:30:00Z' })
  .refine((text) => Date.parse(text) >= EARLIEST && Date.parse(text) <= LATEST, {
    error: 'must lie in the years 1 to 9999',
  })
  .transform((text) => new Date(text).toISOString())

const PLAIN = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/

/**
 * What `moment` makes of a text that is UTC already; undefined when the text says it otherwise, or is no moment. Four
 * times as fast, for those who read ten thousand at a time.
 */
export function plainMoment(text: string): string | undefined {
  const milliseconds = PLAIN.test(text) ? Date.parse(text) : Number.NaN
  if (!(milliseconds >= EARLIEST && milliseconds <= LATEST)) return undefined
  const canonical = new Date(milliseconds).toISOString()
  // A day that the month does not have rolls over into the next: the schema refuses it, with the reason.
  return canonical.startsWith(text.slice(0, -1)) ? canonical : undefined
}
