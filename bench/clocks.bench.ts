import {
  addWorkingTime,
  type Calendar,
  type ClockEvent,
  calendarDocument,
  foldClock,
  openCalendar,
  placeEvents,
  type Terms,
  workingTimeBetween,
} from '../src/core/clocks/index.ts'
import { benchOpenClocks } from './open-clocks.fixture.ts'

const QUESTIONS = 500_000
const FOLDS = 20_000
const ROUNDS = 7
const SECOND = 1_000
const DAY_MS = 86_400_000

const split = [
  { start: '08:30', end: '12:15' },
  { start: '13:00', end: '17:45' },
]

/** An office with a lunch break, a Saturday morning, a night shift over midnight, a zone with summer time, and holidays of all kinds. */
const document = calendarDocument.parse({
  zone: 'America/New_York',
  weekly: {
    ...{ mon: split, tue: split, wed: split, thu: [...split, { start: '22:00', end: '06:00' }], fri: split },
    sat: [{ start: '09:00', end: '12:00' }],
    sun: [{ start: '00:30', end: '03:30' }],
  },
  holidays: [
    { kind: 'yearly', month: 1, day: 1, observed: 'nearest_weekday' },
    { kind: 'weekday', month: 5, weekday: 'mon', nth: -1 },
    { kind: 'yearly', month: 7, day: 4, observed: 'nearest_weekday' },
    { kind: 'weekday', month: 11, weekday: 'thu', nth: 4 },
    { kind: 'easter', days: -2 },
    { kind: 'range', from: '2026-12-24', to: '2027-01-02' },
  ],
  special_days: [{ date: '2026-11-27', intervals: [{ start: '10:00', end: '14:00' }] }],
})

/**
 * Prints deadlines a second on one core, what the first question of a year costs, and a walk by the hour of the same questions; then
 * what clocks of subjects cost in a database.
 */
export async function bench(): Promise<void> {
  benchEngine()
  await benchOpenClocks()
}

function benchEngine(): void {
  const calendar = openCalendar(document)
  const froms = Float64Array.from({ length: QUESTIONS }, (_, place) =>
    draw(place, Date.UTC(2025, 0, 1), 3 * 365 * DAY_MS),
  )
  const durations = Float64Array.from({ length: QUESTIONS }, (_, place) => draw(place * 7 + 3, 0, 15 * DAY_MS))

  const coldMs = [1, 2, 3, 4, 5].map((zone) => {
    const fresh = openCalendar({
      ...document,
      zone: ['Europe/Berlin', 'Asia/Tehran', 'Africa/Cairo', 'Asia/Amman', 'America/Havana'][zone - 1] ?? '',
    })
    return millisecondsOf(() => fresh.year(2026))
  })
  const yearMs = [2031, 2032, 2033, 2034, 2035].map((year) => millisecondsOf(() => calendar.year(year)))
  console.log(`first year of a zone     ${coldMs.map((ms) => ms.toFixed(1)).join(', ')} ms`)
  console.log(`a further year           ${yearMs.map((ms) => ms.toFixed(2)).join(', ')} ms`)

  const rates = { due: [] as number[], between: [] as number[], stepped: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    rates.due.push(
      rateOf(QUESTIONS, (place) => addWorkingTime(calendar, froms[place] as number, durations[place] as number)),
    )
    rates.between.push(
      rateOf(QUESTIONS, (place) => {
        const from = froms[place] as number
        return workingTimeBetween(calendar, from, from + (durations[place] as number))
      }),
    )
    rates.stepped.push(
      rateOf(QUESTIONS / 1_000, (place) => dueBySteps(calendar, froms[place] as number, durations[place] as number)),
    )
  }
  console.log(`deadlines                ${perSecond(rates.due)}`)
  console.log(`measured stretches       ${perSecond(rates.between)}`)
  const folds = Array.from({ length: ROUNDS }, () => rateOf(FOLDS, (place) => foldOne(calendar, place)))
  console.log(`clocks from 12 events    ${perSecond(folds)}`)
  console.log(
    `deadlines, hour by hour  ${perSecond(rates.stepped)}   (what the same costs where nothing is expanded beforehand)`,
  )
}

/** A ticket's life of a fortnight: paused three times, moved, answered, resolved, reopened; with a new version of the policy on the way. */
function foldOne(calendar: Calendar, place: number): number {
  const startMs = draw(place, Date.UTC(2025, 0, 1), 365 * DAY_MS)
  const statuses = [
    'open',
    'pending_customer',
    'in_progress',
    'pending_customer',
    'open',
    'resolved',
    'open',
    'pending_vendor',
    'open',
  ]
  const events: ClockEvent[] = statuses.map((status, day) => {
    const at = { eventId: `e${day}`, atMs: startMs + day * DAY_MS, receivedMs: startMs + day * DAY_MS }
    return day === 0 ? { ...at, kind: 'opened', status, attributes: {} } : { ...at, kind: 'status', status }
  })
  for (const day of [3, 6, 7]) {
    const atMs = startMs + day * DAY_MS + 1_000
    events.push({ kind: 'moved', attributes: { tier: `${day}` }, eventId: `m${day}`, atMs, receivedMs: atMs })
  }
  const thresholds = [{ key: 'warning', kind: 'percent_left', percent: 15 }] as const
  const terms: Terms = {
    ...{ targetMs: 20 * 3_600_000, calendar, thresholds, policyKey: 'p@1', calendarKey: 'c@1' },
    pausing: new Set(['pending_customer', 'pending_vendor']),
  }
  const clock = foldClock(
    {
      ...{ target: 'resolution', events: placeEvents(events), done: new Set(['resolved', 'closed']) },
      changes: [{ atMs: startMs + 5 * DAY_MS + 1, change: 'policy_changed', reason: '2' }],
      termsAt: ({ atMs }) => (atMs > startMs + 5 * DAY_MS ? { ...terms, targetMs: 25 * 3_600_000 } : terms),
    },
    startMs + 14 * DAY_MS,
  )
  return clock?.elapsedMs ?? 0
}

/** Whole seconds from `from`, spread without a pattern, the same in every run. */
function draw(place: number, from: number, spanMs: number): number {
  const share = ((place * 2_654_435_761) % 4_294_967_296) / 4_294_967_296
  return from + Math.floor((share * spanMs) / SECOND) * SECOND
}

const formats = new Intl.DateTimeFormat('en-US', {
  timeZone: document.zone,
  hourCycle: 'h23',
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
})

/** As people write it first: ask the zone for the local time of each hour, and see whether the office is open. Not exact. */
function dueBySteps(calendar: Calendar, fromMs: number, durationMs: number): number {
  let [atMs, leftMs] = [fromMs, durationMs]
  while (leftMs > 0) {
    const [day = '', time = ''] = formats.format(atMs).split(' ')
    const intervals = calendar.document.weekly[day.slice(0, 3).toLowerCase() as 'mon'] ?? []
    if (intervals.some(({ start, end }) => time >= start && time < end)) leftMs -= 3_600_000
    atMs += 3_600_000
  }
  return atMs
}

function rateOf(count: number, work: (place: number) => number): number {
  let sum = 0
  const began = process.cpuUsage()
  for (let place = 0; place < count; place++) sum += work(place)
  const { user, system } = process.cpuUsage(began)
  // The sum is used, so that no engine may leave the work out.
  if (sum === 42) console.log(sum)
  return count / ((user + system) / 1_000_000)
}

function millisecondsOf(work: () => unknown): number {
  const began = performance.now()
  work()
  return performance.now() - began
}

function perSecond(rates: readonly number[]): string {
  const sorted = rates.toSorted((a, b) => a - b)
  const show = (rate: number | undefined) => Math.round(rate ?? 0).toLocaleString('en')
  return `${show(sorted[Math.floor(sorted.length / 2)]).padStart(10)} a second   (${show(sorted[0])} to ${show(sorted.at(-1))})`
}
