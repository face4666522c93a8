/** A date that stands in a text. `until` is the last day where a range is written. */
export type FoundDate = {
  start: number
  end: number
  date: string
  until: string | null
  style: 'iso' | 'numeric' | 'words'
}

const MONTHS: Readonly<Record<string, number>> = {
  ...{
    january: 1,
    jan: 1,
    february: 2,
    feb: 2,
    march: 3,
    mar: 3,
    april: 4,
    apr: 4,
    may: 5,
    june: 6,
    jun: 6,
    july: 7,
    jul: 7,
  },
  ...{
    august: 8,
    aug: 8,
    september: 9,
    sept: 9,
    sep: 9,
    october: 10,
    oct: 10,
    november: 11,
    nov: 11,
    december: 12,
    dec: 12,
  },
  ...{ enero: 1, febrero: 2, marzo: 3, abril: 4, mayo: 5, junio: 6, julio: 7, agosto: 8, septiembre: 9, setiembre: 9 },
  ...{ octubre: 10, noviembre: 11, diciembre: 12 },
}
const MONTH = Object.keys(MONTHS)
  .toSorted((one, other) => other.length - one.length)
  .join('|')
const DASH = '(?:-|\\u2013|\\u2014|to|through|thru|a|al)'

/** Each pattern stands alone: no digit, and no point or slash with a digit, may touch it, or "15/2026" is found in "11/15/2026". */
const BEFORE = '(?<![\\d/.-])(?<!\\d,)'
const AFTER = '(?!\\d|[/.-]\\d)'

const ISO = new RegExp(`${BEFORE}(\\d{4})-(\\d{2})-(\\d{2})(?!\\d|[/-]\\d)`, 'g')
const NUMERIC = new RegExp(`${BEFORE}(\\d{1,2})([/.-])(\\d{1,2})\\2(\\d{4}|\\d{2})${AFTER}`, 'g')
const COMPACT = new RegExp(`${BEFORE}(\\d{2})(\\d{2})((?:19|20)\\d{2})${AFTER}`, 'g')
/** January 15, 2024; Jan. 15th 2024; January 5-8, 2024. */
const MONTH_FIRST = new RegExp(
  `\\b(${MONTH})\\.?\\s{1,3}(\\d{1,2})(?:st|nd|rd|th)?(?:\\s{0,3}${DASH}\\s{0,3}(\\d{1,2})(?:st|nd|rd|th)?)?\\s{0,3},?\\s{1,3}(\\d{4})(?!\\d)`,
  'gi',
)
/** 15 January 2024; the 15th of January, 2024; 15 de enero de 2024. */
const DAY_FIRST = new RegExp(
  `${BEFORE}\\b(\\d{1,2})(?:st|nd|rd|th|º|°)?\\s{1,3}(?:(?:day\\s{1,3})?of\\s{1,3}|de\\s{1,3})?(${MONTH})\\.?,?\\s{1,3}(?:(?:de|del)\\s{1,3})?(\\d{4})(?!\\d)`,
  'gi',
)

/**
 * Every date of a text, in the order of their places, with ranges as one. `dayFirst`: whether `03/04/2024` is the third of April, as
 * Spanish letters from outside of the United States write it; a number above twelve decides by itself.
 */
export function findDates(text: string, { dayFirst = false } = {}): FoundDate[] {
  const found: FoundDate[] = []
  const add = (match: RegExpExecArray, style: FoundDate['style'], date: string | null, until: string | null = null) => {
    if (date !== null) found.push({ start: match.index, end: match.index + match[0].length, date, until, style })
  }
  for (const match of text.matchAll(MONTH_FIRST)) {
    const [, month = '', day = '', last, year = ''] = match
    const at = (which: string) => dateOf(Number(year), MONTHS[month.toLowerCase()] ?? 0, Number(which))
    add(match, 'words', at(day), last === undefined ? null : at(last))
  }
  for (const match of text.matchAll(DAY_FIRST)) {
    const [, day, month = '', year] = match
    add(match, 'words', dateOf(Number(year), MONTHS[month.toLowerCase()] ?? 0, Number(day)))
  }
  for (const match of text.matchAll(ISO))
    add(match, 'iso', dateOf(Number(match[1]), Number(match[2]), Number(match[3])))
  for (const match of text.matchAll(NUMERIC)) {
    const [, first, , second, year = ''] = match
    const full = year.length === 2 ? 2_000 + Number(year) : Number(year)
    const [one, other] = [Number(first), Number(second)]
    const isDayFirst = one > 12 || (dayFirst && other <= 12)
    add(match, 'numeric', isDayFirst ? dateOf(full, other, one) : dateOf(full, one, other))
  }
  return joinRanges(text, withoutOverlaps(found))
}

/** In the order of their places; of two that touch, the one that begins first, then the longer one. */
function withoutOverlaps(found: readonly FoundDate[]): FoundDate[] {
  const kept: FoundDate[] = []
  for (const date of found.toSorted((one, other) => one.start - other.start || other.end - one.end)) {
    if (date.start >= (kept.at(-1)?.end ?? 0)) kept.push(date)
  }
  return kept
}

/** Eight digits are a date only where a label says that one stands there. */
export function readCompactDate(text: string): string | null {
  const [match] = text.matchAll(COMPACT)
  return match ? dateOf(Number(match[3]), Number(match[1]), Number(match[2])) : null
}

function joinRanges(text: string, dates: readonly FoundDate[]): FoundDate[] {
  const joined: FoundDate[] = []
  for (const date of dates) {
    const before = joined.at(-1)
    const between = before ? text.slice(before.end, date.start) : ''
    const isRange =
      before && before.until === null && between.length < 12 && /^\s*(?:-|–|—|to|through|thru|al?)\s*$/i.test(between)
    if (isRange && date.until === null && date.date >= before.date) {
      joined[joined.length - 1] = { ...before, end: date.end, until: date.date }
    } else joined.push(date)
  }
  return joined
}

/** Null for a date that the calendar does not have, or that no letter of our time is about. */
function dateOf(year: number, month: number, day: number): string | null {
  if (year < 1900 || year > 2199) return null
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.toISOString().slice(0, 10) : null
}
