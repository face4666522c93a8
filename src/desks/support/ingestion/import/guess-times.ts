import { readTime } from './read-time.ts'

/** Patterns that are tried, the usual ones first. */
const PATTERNS = [
  ...['yyyy-MM-dd HH:mm:ss', 'yyyy-MM-dd HH:mm', 'yyyy-MM-dd', 'yyyy/MM/dd HH:mm:ss', 'yyyy/MM/dd HH:mm'],
  ...['dd.MM.yyyy HH:mm:ss', 'dd.MM.yyyy HH:mm', 'd.M.yyyy H:mm', 'dd.MM.yyyy', 'dd.MM.yy HH:mm'],
  ...[
    'dd/MMM/yy h:mm a',
    'dd/MMM/yyyy h:mm a',
    'dd MMM yyyy HH:mm',
    'd MMM yyyy HH:mm',
    'MMM d, yyyy h:mm a',
    'MMM d, yyyy HH:mm',
  ],
  ...['dd/MM/yyyy HH:mm:ss', 'dd/MM/yyyy HH:mm', 'd/M/yyyy H:mm', 'd/M/yyyy h:mm a', 'd/M/yyyy, h:mm a', 'd/M/yyyy'],
  ...['MM/dd/yyyy HH:mm:ss', 'MM/dd/yyyy HH:mm', 'M/d/yyyy H:mm', 'M/d/yyyy h:mm a', 'M/d/yyyy, h:mm a', 'M/d/yyyy'],
  ...['dd-MM-yyyy HH:mm', 'MM-dd-yyyy HH:mm', 'd/M/yy H:mm', 'M/d/yy H:mm', 'd/M/yy h:mm a', 'M/d/yy h:mm a'],
  ...['unix', 'unix-ms'],
]
/** A number of seconds or milliseconds is a time of these years. */
const YEARS = { from: Date.parse('1990-01-01T00:00:00Z'), to: Date.parse('2100-01-01T00:00:00Z') }

export type TimeGuess = { format: string | null; needsZone: boolean; confidence: number; because: string }

/**
 * The pattern that reads most of the values; of several, day before month. Undefined when none reads half of them.
 * `format` null: they are ISO 8601 as they are.
 */
export function guessTimeFormat(values: readonly unknown[]): TimeGuess | undefined {
  if (values.length === 0) return undefined
  const readBy = (formats: string[], zone: string | undefined) =>
    values.filter((value) => {
      const read = readTime(value, { formats, zone })
      return 'moment' in read && isLikely(read.moment)
    }).length
  const withZone = readBy([], undefined)
  if (withZone === values.length) {
    return { format: null, needsZone: false, confidence: 1, because: 'all are ISO 8601 with their zone' }
  }
  const iso = readBy([], 'UTC')
  const reads = PATTERNS.map((format) => ({ format, count: readBy([format], 'UTC') }))
  const most = Math.max(iso, ...reads.map(({ count }) => count))
  if (most < values.length / 2) return undefined
  const share = most / values.length
  const because = `${most} of ${values.length} are written so`
  if (iso === most) return { format: null, needsZone: withZone < most, confidence: share, because }
  const best = reads.filter(({ count }) => count === most).map(({ format }) => format)
  const [format = 'unix'] = best
  const isEpoch = format.startsWith('unix')
  const isAmbiguous = best.includes(swapped(format)) && swapped(format) !== format
  return {
    format,
    needsZone: !isEpoch,
    confidence: Math.round(share * (isAmbiguous ? 0.5 : 0.9) * 100) / 100,
    because: isAmbiguous ? `${because}; no day is past the 12th, so it could as well be ${swapped(format)}` : because,
  }
}

const isLikely = (moment: string): boolean => Date.parse(moment) >= YEARS.from && Date.parse(moment) <= YEARS.to

/** The pattern with day and month changed round. */
const swapped = (format: string): string =>
  format.replace(/(M+|d+)([^A-Za-z])(M+|d+)/, (all, first: string, sign: string, second: string) =>
    first.length > 2 || second.length > 2 ? all : `${second}${sign}${first}`,
  )
