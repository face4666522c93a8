import { ALWAYS, calendarDocument } from '../engine/calendar-document.ts'
import { type Calendar, openCalendar } from '../engine/working-time.ts'
import type { Clock } from './clock.ts'
import { type ClockEvent, placeEvents } from './event.ts'
import { foldClock } from './fold-clock.ts'
import type { Attributes, ClockTarget, Terms, TermsAt, TermsChange, Threshold } from './terms.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DONE = new Set(['resolved', 'closed'])
export const PENDING = ['pending_customer', 'pending_vendor']

const split = [
  { start: '09:00', end: '12:00' },
  { start: '13:00', end: '17:30' },
]
export const CALENDARS: Record<'always' | 'office' | 'nights', Calendar> = {
  always: openCalendar(ALWAYS),
  office: openCalendar(
    calendarDocument.parse({
      zone: 'Europe/Berlin',
      weekly: { mon: split, tue: split, wed: split, thu: split, fri: split },
      holidays: [{ kind: 'date', date: '2026-05-01' }],
    }),
  ),
  nights: openCalendar(
    calendarDocument.parse({
      zone: 'America/New_York',
      weekly: Object.fromEntries(
        ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((day) => [day, [{ start: '22:00', end: '06:00' }]]),
      ),
    }),
  ),
}
export type CalendarName = keyof typeof CALENDARS

/** A version of a policy: minutes by priority, multiplied by tier. */
export type PolicyVersion = {
  fromMs: number
  minutes: Partial<Record<string, number>>
  multipliers?: Partial<Record<string, number>>
  calendar?: CalendarName
  pausing?: readonly string[]
  thresholds?: readonly Threshold[]
}

/** The terms of policies that replace each other; the first one holds from the beginning. */
export function policies(versions: readonly PolicyVersion[]): { termsAt: TermsAt; changes: TermsChange[] } {
  const sorted = versions.toSorted((one, other) => one.fromMs - other.fromMs)
  return {
    termsAt: ({ atMs, attributes }) => {
      const version = sorted.findLast(({ fromMs }) => fromMs <= atMs) ?? sorted[0]
      return version ? termsOf(version, sorted.indexOf(version), attributes) : null
    },
    changes: sorted
      .slice(1)
      .map(({ fromMs }, place) => ({ atMs: fromMs, change: 'policy_changed', reason: `version ${place + 2}` })),
  }
}

function termsOf(version: PolicyVersion, place: number, attributes: Attributes): Terms | null {
  const base = version.minutes[String(attributes.priority)]
  if (base === undefined) return null
  const name = version.calendar ?? 'always'
  return {
    targetMs: base * (version.multipliers?.[String(attributes.tier)] ?? 1) * MINUTE,
    ...{ calendar: CALENDARS[name], calendarKey: `${name}@1`, policyKey: `policy@${place + 1}` },
    ...{ pausing: new Set(version.pausing ?? PENDING), thresholds: version.thresholds ?? [] },
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
/** An event without what most tests do not care about. */
export type Happening = DistributiveOmit<ClockEvent, 'eventId' | 'atMs' | 'receivedMs'>

/** Events with ids of their own, heard of as they happened. */
export const log = (...happenings: readonly [at: number, what: Happening][]): ClockEvent[] =>
  happenings.map(([atMs, what], place) => ({ ...what, eventId: `event-${place}`, atMs, receivedMs: atMs }))

export const fold = (
  target: ClockTarget,
  events: readonly ClockEvent[],
  { termsAt, changes }: { termsAt: TermsAt; changes: readonly TermsChange[] },
  nowMs: number,
): Clock | null => foldClock({ target, events: placeEvents(events), changes, termsAt, done: DONE }, nowMs)
