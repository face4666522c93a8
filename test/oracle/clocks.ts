import { type Random, randomStream } from '../../mock-provider/random.ts'
import {
  addWorkingTime,
  type Calendar,
  type CalendarDocument,
  findDue,
  openCalendar,
  workingTimeBetween,
} from '../../src/core/clocks/index.ts'
import { drawCalendar, ZONES } from './draw-calendar.ts'
import { openMinutes, type Window, walkBetween, walkToDue } from './walk.ts'
import { changesIn, type WallTime, wallTimes } from './wall-time.ts'

const MINUTE_MS = 60_000
const DAY_MINUTES = 1_440
/** Calendars tried on the same stretch of one zone, and questions asked of each. Reading the clock on the wall is what costs. */
const CALENDARS_A_WINDOW = 10
const QUESTIONS_A_CALENDAR = 5
const FIRST_YEAR = 1975
const LAST_YEAR = 2060

/** What engine and oracle do not agree about, with all that is needed to see it again. */
export type Difference = {
  question: 'due' | 'between'
  zone: string
  fromMs: number
  /** How long to add, or until when to measure. */
  value: number
  engine: number | string
  oracle: number
  document: CalendarDocument
}

export type Comparison = {
  /** Questions whose two answers were compared. */
  cases: number
  /** Of these, how many had open time to use up. */
  withOpenTime: number
  /** Windows in which the zone changes its offset. */
  windowsWithChange: number
  windows: number
  zones: number
  differences: Difference[]
}

/** Asks engine and oracle so many questions, the same for the same seed. Stops after ten differences. */
export function compareClocks(options: {
  cases: number
  seed: number
  onProgress?: (comparison: Comparison) => void
}): Comparison {
  const random = randomStream(options.seed, 'clocks')
  const seen = new Set<string>()
  const comparison: Comparison = {
    cases: 0,
    withOpenTime: 0,
    windowsWithChange: 0,
    windows: 0,
    zones: 0,
    differences: [],
  }
  while (comparison.cases < options.cases && comparison.differences.length < 10) {
    const zone = drawZone(random)
    seen.add(zone)
    const { fromMs, minutes, hasChange } = drawWindow(random, zone)
    const walls = wallTimes(zone, fromMs, minutes)
    comparison.windows++
    comparison.windowsWithChange += hasChange ? 1 : 0
    comparison.zones = seen.size
    for (let count = 0; count < CALENDARS_A_WINDOW && comparison.cases < options.cases; count++) {
      compareOn(random, { zone, fromMs, walls }, comparison, options.cases)
    }
    options.onProgress?.(comparison)
  }
  return comparison
}

function drawZone(random: Random): string {
  return random.pick(random.chance(0.75) ? ZONES.odd : ZONES.ordinary)
}

/** In three of four cases a year in which the zone changes its offset, if one is found soon: Kathmandu did it once. */
function drawYear(random: Random, zone: string): { year: number; changes: readonly number[] } {
  const tries = random.chance(0.75) ? 40 : 0
  for (let count = 0; count < tries; count++) {
    const year = random.integer(FIRST_YEAR, LAST_YEAR)
    const changes = changesIn(zone, year)
    if (changes.length > 0) return { year, changes }
  }
  return { year: random.integer(FIRST_YEAR, LAST_YEAR), changes: [] }
}

/** A stretch of 2 to 12 days: mostly around a change of the offset, else around New Year, 29 February or anywhere. */
function drawWindow(random: Random, zone: string): { fromMs: number; minutes: number; hasChange: boolean } {
  const minutes = random.integer(2, 12) * DAY_MINUTES
  const { year, changes } = drawYear(random, zone)
  const anywhere = [Date.UTC(year, 0, 1), Date.UTC(year, 1, 28), Date.UTC(year, random.integer(0, 11), 15)]
  const middle = random.pick(changes.length > 0 ? changes : anywhere)
  const fromMs = middle - random.integer(Math.floor(minutes * 0.2), Math.floor(minutes * 0.8)) * MINUTE_MS
  return { fromMs, minutes, hasChange: changes.length > 0 }
}

function compareOn(
  random: Random,
  { zone, fromMs, walls }: { zone: string; fromMs: number; walls: WallTime[] },
  comparison: Comparison,
  casesMax: number,
): void {
  const document = drawCalendar(random, zone, walls[0]?.date ?? '', walls.length / DAY_MINUTES)
  const calendar = openCalendar(document)
  const window = openMinutes(document, fromMs, walls)
  const endMs = fromMs + walls.length * MINUTE_MS
  for (let count = 0; count < QUESTIONS_A_CALENDAR && comparison.cases < casesMax; count++) {
    const startMs = drawInstant(random, window, fromMs, endMs)
    const untilMs = drawInstant(random, window, startMs, endMs)
    const openMs = walkBetween(window, startMs, untilMs)
    const about = { zone, fromMs: startMs, document }
    const measured = answer(() => workingTimeBetween(calendar, startMs, untilMs))
    if (measured !== openMs) {
      comparison.differences.push({ ...about, question: 'between', value: untilMs, engine: measured, oracle: openMs })
    }
    // What ends exactly with an interval, what ends within one, and what needs nothing.
    const durationMs = random.chance(0.5) ? openMs : random.integer(0, Math.floor(openMs / 1_000)) * 1_000
    const dueMs = walkToDue(window, startMs, durationMs)
    if (dueMs === undefined) throw new Error('a duration that is open within the window has its end there')
    const computed = answer(() => addWorkingTime(calendar, startMs, durationMs))
    if (computed !== dueMs) {
      comparison.differences.push({ ...about, question: 'due', value: durationMs, engine: computed, oracle: dueMs })
    }
    comparison.cases++
    comparison.withOpenTime += durationMs > 0 ? 1 : 0
  }
  refuseEarlyDue(random, { calendar, window, endMs }, { zone, document }, comparison)
}

/** What is more than the window has left must not be due within it. */
function refuseEarlyDue(
  random: Random,
  { calendar, window, endMs }: { calendar: Calendar; window: Window; endMs: number },
  about: { zone: string; document: CalendarDocument },
  comparison: Comparison,
): void {
  const fromMs = drawInstant(random, window, window.fromMs, endMs)
  const durationMs = walkBetween(window, fromMs, endMs) + 1_000
  const dueMs = answer(() => findDue(calendar, fromMs, durationMs) ?? Number.POSITIVE_INFINITY)
  if (typeof dueMs === 'number' && dueMs > endMs) return
  comparison.differences.push({ ...about, question: 'due', fromMs, value: durationMs, engine: dueMs, oracle: endMs })
}

/** Exact to the second; often where something opens or closes, or a second beside it. */
function drawInstant(random: Random, window: Window, fromMs: number, endMs: number): number {
  const drawn = fromMs + random.integer(0, Math.floor((endMs - fromMs) / 1_000) - 1) * 1_000
  if (random.chance(0.5)) return drawn
  let minute = Math.ceil((drawn - window.fromMs) / MINUTE_MS)
  while (minute < window.isOpen.length && window.isOpen[minute] === window.isOpen[minute - 1]) minute++
  const atEdge = window.fromMs + minute * MINUTE_MS + random.integer(-1, 1) * 1_000
  return atEdge > fromMs && atEdge < endMs ? atEdge : drawn
}

function answer(ask: () => number): number | string {
  try {
    return ask()
  } catch (error) {
    return String(error)
  }
}
