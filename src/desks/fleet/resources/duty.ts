import { z } from 'zod'

/** How long a driver may work. Hours and minutes as people say them; the default is that of EU 561/2006 for one driver. */
export const dutyRules = z.strictObject({
  hours_per_day: z.number().min(1).max(24).default(9),
  hours_per_week: z.number().min(1).max(168).default(56),
  hours_without_break: z.number().min(0.5).max(24).default(4.5),
  break_minutes: z.int().min(0).max(240).default(45),
  rest_hours: z.number().min(0).max(24).default(11),
  /** After each trip, before the next one: vehicle and driver are taken for it. */
  turnaround_minutes: z.int().min(0).max(240).default(10),
})
export type DutyRules = z.output<typeof dutyRules>
export const DEFAULT_RULES: DutyRules = dutyRules.parse({})

/** A stretch of work: [startMs, endMs). */
export type Work = { startMs: number; endMs: number }

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/**
 * What breaks the rules when somebody works all of these stretches, as sentences; none when nothing does. `dayOf` gives the local
 * day of an instant as a number of days since 1970-01-01, which was a Thursday; weeks begin on Monday.
 */
export function dutyComplaints(work: readonly Work[], rules: DutyRules, dayOf: (ms: number) => number): string[] {
  const sorted = work.toSorted((a, b) => a.startMs - b.startMs)
  return [
    ...tooLong(sorted, dayOf, rules.hours_per_day, 'a day'),
    ...tooLong(sorted, (ms) => Math.floor((dayOf(ms) + 3) / 7), rules.hours_per_week, 'a week'),
    ...withoutBreak(sorted, rules),
    ...withoutRest(sorted, rules),
  ]
}

/** Work counts to the day on which it begins. */
function tooLong(work: readonly Work[], group: (ms: number) => number, most: number, what: string): string[] {
  const sums = new Map<number, number>()
  for (const { startMs, endMs } of work) sums.set(group(startMs), (sums.get(group(startMs)) ?? 0) + endMs - startMs)
  const worst = Math.max(0, ...sums.values())
  return worst > most * HOUR_MS ? [`would drive ${hours(worst)} h in ${what}, of ${most} h at the most`] : []
}

function withoutBreak(work: readonly Work[], { hours_without_break: most, break_minutes: pause }: DutyRules): string[] {
  let [drivenMs, endedMs] = [0, Number.NEGATIVE_INFINITY]
  for (const { startMs, endMs } of work) {
    if (startMs - endedMs >= pause * MINUTE_MS) drivenMs = 0
    drivenMs += endMs - startMs
    endedMs = endMs
    if (drivenMs > most * HOUR_MS)
      return [`would drive ${hours(drivenMs)} h without a break of ${pause} min, of ${most} h at the most`]
  }
  return []
}

/** Stretches with less than the rest between them are one duty, which leaves room for the rest in its 24 hours. */
function withoutRest(work: readonly Work[], { rest_hours: rest }: DutyRules): string[] {
  let [beganMs, endedMs] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { startMs, endMs } of work) {
    if (startMs - endedMs >= rest * HOUR_MS) beganMs = startMs
    endedMs = endMs
    const lastsMs = endMs - beganMs
    if (lastsMs > (24 - rest) * HOUR_MS) return [`would be on duty for ${hours(lastsMs)} h without ${rest} h of rest`]
  }
  return []
}

const hours = (ms: number) => Math.round((ms / HOUR_MS) * 10) / 10
