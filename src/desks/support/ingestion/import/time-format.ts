import { z } from 'zod'

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
/** Between the parts of a time: spreadsheets write no-break spaces, too. */
const BLANKS = '[ \\u00a0\\u202f]+'

/** The parts of a pattern. What they match has a length of its own, so that matching takes one pass. */
const TOKENS = {
  yyyy: ['year', '(\\d{4})'],
  yy: ['shortYear', '(\\d{2})'],
  MMMM: ['monthName', '([A-Za-z]{3,9})'],
  MMM: ['monthName', '([A-Za-z]{3,9})\\.?'],
  MM: ['month', '(\\d{2})'],
  M: ['month', '(\\d{1,2})'],
  dd: ['day', '(\\d{2})'],
  d: ['day', '(\\d{1,2})'],
  HH: ['hour', '(\\d{2})'],
  H: ['hour', '(\\d{1,2})'],
  hh: ['hour12', '(\\d{2})'],
  h: ['hour12', '(\\d{1,2})'],
  mm: ['minute', '(\\d{2})'],
  ss: ['second', '(\\d{2})'],
  SSS: ['millisecond', '(\\d{3})'],
  a: ['half', '([AaPp])\\.?[Mm]\\.?'],
  XXX: ['zone', '(Z|z|UTC|GMT|[+-]\\d{2}(?::?\\d{2})?)'],
} as const
type Part = (typeof TOKENS)[keyof typeof TOKENS][0]
type Parts = { [part in Part]?: string }

/** Numbers that count from 1970, by what they count. */
export const EPOCHS = { unix: 1_000, 'unix-ms': 1 } as const

/** A time as it was written: what its clock showed, as if it were UTC, and by how much that clock was ahead if it says so. */
export type WrittenTime = { shown: number; offset: number | null }

/** Reads a time that is written after a pattern; undefined when it is not. */
export type ReadWritten = (text: string) => WrittenTime | undefined

const cache = new Map<string, ReadWritten>()
const KEPT = 100

/**
 * How times of a pattern are read: `dd/MM/yyyy HH:mm`, `d.M.yy H:mm`, `dd/MMM/yy h:mm a`, `yyyy-MM-dd'T'HH:mm:ssXXX`.
 *
 * @throws Error whose message completes “the format …”
 */
export function timeReader(pattern: string): ReadWritten {
  const known = cache.get(pattern)
  if (known) return known
  const reader = compile(pattern)
  if (cache.size >= KEPT) cache.clear()
  cache.set(pattern, reader)
  return reader
}

const PIECES =
  /'([^']*)'|(yyyy|yy|MMMM|MMM|MM|M|dd|d|HH|H|hh|h|mm|ss|SSS|a|XXX)|([A-Za-z]+)|([ \u00a0\u202f]+)|([^A-Za-z' ])/gu

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

function compile(pattern: string): ReadWritten {
  const parts: Part[] = []
  let source = ''
  let covered = 0
  for (const [piece, quoted, token, letters, blanks, sign] of pattern.matchAll(PIECES)) {
    covered += piece.length
    if (letters !== undefined) throw new Error(`has “${letters}”, which stands for nothing`)
    if (token !== undefined) {
      const [part, matching] = TOKENS[token as keyof typeof TOKENS]
      parts.push(part)
      source += matching
    } else source += blanks === undefined ? escaped(quoted ?? sign ?? '') : BLANKS
  }
  if (covered < pattern.length) throw new Error('has a quote that is not closed')
  const has = (...some: Part[]) => some.some((part) => parts.includes(part))
  if (new Set(parts).size < parts.length) throw new Error('has the same part twice')
  if (!has('year', 'shortYear')) throw new Error('has no year (yyyy)')
  if (!has('month', 'monthName')) throw new Error('has no month (MM)')
  if (!has('day')) throw new Error('has no day (dd)')
  if (has('hour12') !== has('half')) throw new Error('has only one of h and a')
  const matcher = new RegExp(`^${source}$`)
  return (text) => {
    const match = matcher.exec(text)
    if (!match) return undefined
    return timeOf(Object.fromEntries(parts.map((part, index) => [part, match[index + 1]])))
  }
}

/** Undefined for what no calendar or clock shows. */
function timeOf(parts: Parts): WrittenTime | undefined {
  const number = (part: Part, otherwise: number) => (parts[part] === undefined ? otherwise : Number(parts[part]))
  const year = parts.shortYear === undefined ? number('year', 0) : 2_000 + Number(parts.shortYear)
  const month = parts.monthName === undefined ? number('month', 0) : monthNamed(parts.monthName)
  const day = number('day', 0)
  const hour = parts.half === undefined ? number('hour', 0) : hourOf(number('hour12', 0), parts.half)
  const [minute, second, millisecond] = [number('minute', 0), number('second', 0), number('millisecond', 0)]
  if (year < 1_000 || hour > 23 || hour < 0 || minute > 59 || second > 59) return undefined
  const shown = Date.UTC(year, month - 1, day, hour, minute, second, millisecond)
  const seen = new Date(shown)
  if (seen.getUTCMonth() !== month - 1 || seen.getUTCDate() !== day) return undefined
  return { shown, offset: parts.zone === undefined ? null : offsetOf(parts.zone) }
}

const monthNamed = (name: string): number => MONTHS.indexOf(name.slice(0, 3).toLowerCase()) + 1

/** -1 for none: clocks of twelve hours show 1 to 12. */
function hourOf(hour: number, half: string): number {
  if (hour < 1 || hour > 12) return -1
  return (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0)
}

const MINUTE_MS = 60_000

/** `Z`, `UTC`, `+02`, `+0200` or `+02:00`, in milliseconds. */
function offsetOf(zone: string): number {
  const match = /^([+-])(\d\d):?(\d\d)?$/.exec(zone)
  if (!match) return 0
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0)
  return (match[1] === '-' ? -minutes : minutes) * MINUTE_MS
}

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:(?:[Tt]|[ \u00a0\u202f]+)(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?[ \u00a0\u202f]*(Z|z|UTC|utc|GMT|gmt|[+-]\d\d(?::?\d\d)?)?$/

/** A time as ISO 8601 and those who mean it write it; `isDate`: only a day. */
export function readIso(text: string): (WrittenTime & { isDate: boolean }) | undefined {
  const match = ISO.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction, zone] = match
  const millisecond = fraction?.padEnd(3, '0').slice(0, 3)
  const time = timeOf({ year, month, day, hour, minute, second, millisecond, zone } as Parts)
  return time && { ...time, isDate: hour === undefined }
}

/** A pattern, or what numbers count. */
export const TimeFormat = z
  .string()
  .min(1)
  .max(60)
  .regex(/^[\x20-\x7e\u00a0-\ud7ff]+$/, 'must be a pattern, e.g. dd/MM/yyyy HH:mm')
  .superRefine((format, context) => {
    if (Object.hasOwn(EPOCHS, format)) return
    try {
      timeReader(format)
    } catch (error) {
      context.addIssue({ code: 'custom', message: `${(error as Error).message}: e.g. dd/MM/yyyy HH:mm, unix` })
    }
  })
