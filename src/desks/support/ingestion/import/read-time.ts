import { momentShown } from '../../../../kernel/zoned-time.ts'
import { EPOCHS, readIso, timeReader, type WrittenTime } from './time-format.ts'

/** How times of a file are to be read. */
export type TimeRules = {
  /** Patterns, tried in turn; none: ISO 8601. */
  formats: readonly string[]
  /** Of times that do not say theirs. */
  zone: string | undefined
}

export type ReadTime = { moment: string } | { problem: string }

const problem = (text: string): ReadTime => ({ problem: text })
const NUMBER = /^-?\d{1,17}(?:\.\d{1,9})?$/
/** What `Date` can hold, and then some years of slack for the check of the moment itself. */
const MOMENT_MAX = 8.64e15

/**
 * A time of a file in UTC, or why there is none: a time without a zone, a day without a time and a number mean nothing
 * unless the request says what they are.
 */
export function readTime(value: unknown, rules: TimeRules): ReadTime {
  if (typeof value !== 'string' && typeof value !== 'number') return problem('must be a time')
  const text = String(value).trim()
  if (text.length > 80) return problem('must be a time')
  for (const format of rules.formats) {
    const unit = EPOCHS[format as keyof typeof EPOCHS]
    if (unit !== undefined && NUMBER.test(text)) return momentOf(Math.round(Number(text) * unit))
    const written = unit === undefined ? timeReader(format)(text) : undefined
    if (written) return inZone(written, rules.zone)
  }
  if (NUMBER.test(text)) return problem('is a number: say in the mapping whether it is `unix` or `unix-ms`')
  const iso = readIso(text)
  if (iso?.isDate) return problem('is only a day: name the format `yyyy-MM-dd` and a zone in the mapping')
  if (iso) return inZone(iso, rules.zone)
  const known = rules.formats.length > 0 ? `none of the formats ${rules.formats.join(' | ')}` : 'not ISO 8601'
  return problem(`is ${known}: name its format in the mapping, e.g. dd/MM/yyyy HH:mm`)
}

function inZone({ shown, offset }: WrittenTime, zone: string | undefined): ReadTime {
  if (offset !== null) return momentOf(shown - offset)
  if (zone === undefined) return problem('has no zone: name one in the mapping, e.g. Europe/Berlin')
  return momentOf(momentShown(shown, zone))
}

const momentOf = (milliseconds: number): ReadTime =>
  Math.abs(milliseconds) <= MOMENT_MAX ? { moment: new Date(milliseconds).toISOString() } : problem('must be a time')
