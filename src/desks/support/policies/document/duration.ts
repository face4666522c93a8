/** As it is written: minutes, or ISO 8601 as PT1H30M. Days are 24 hours and weeks seven days, of open time. */
const ISO =
  /^P(?:(?<weeks>\d+(?:\.\d+)?)W)?(?:(?<days>\d+(?:\.\d+)?)D)?(?:T(?:(?<hours>\d+(?:\.\d+)?)H)?(?:(?<minutes>\d+(?:\.\d+)?)M)?(?:(?<seconds>\d+(?:\.\d+)?)S)?)?$/

const SECONDS = { weeks: 604_800, days: 86_400, hours: 3_600, minutes: 60, seconds: 1 } as const

/** The longest target, warning or escalation: 100 days of open time, more than a year of office hours. */
export const LONGEST_SECONDS = 100 * 86_400

/**
 * Seconds of a duration as people write it: a number is minutes, a text ISO 8601. Fractions are kept to the second: 7.5 is 450.
 * Else what is wrong with it.
 */
export function readDuration(value: unknown): { seconds: number } | { problem: string } {
  const seconds = typeof value === 'number' ? value * 60 : typeof value === 'string' ? secondsOfText(value) : undefined
  if (seconds === undefined || !Number.isFinite(seconds)) {
    return { problem: 'must be minutes, as 15, or an ISO 8601 duration without years and months, as PT1H30M' }
  }
  if (seconds < 0) return { problem: 'must not be negative' }
  if (seconds > LONGEST_SECONDS)
    return { problem: `must be at most 100 days of open time, ${LONGEST_SECONDS / 60} minutes` }
  return { seconds: Math.round(seconds) }
}

function secondsOfText(text: string): number | undefined {
  const negative = text.startsWith('-')
  const parts = text.length <= 60 ? ISO.exec(negative ? text.slice(1) : text)?.groups : undefined
  if (parts === undefined || text.endsWith('T')) return undefined
  const given = Object.entries(SECONDS).filter(([unit]) => parts[unit] !== undefined)
  if (given.length === 0) return undefined
  const sum = given.reduce((seconds, [unit, each]) => seconds + Number(parts[unit]) * each, 0)
  return negative ? -sum : sum
}

/** In words as short as they can be: `1 d 2 h`, `7 min 30 s`. */
export function tellSeconds(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
    ['s', 1],
  ] as const
  let left = Math.abs(seconds)
  const words: string[] = []
  for (const [unit, each] of units) {
    const count = Math.floor(left / each)
    left -= count * each
    if (count > 0) words.push(`${count} ${unit}`)
  }
  return words.join(' ') || '0 s'
}
