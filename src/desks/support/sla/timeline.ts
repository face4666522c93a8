import { z } from 'zod'
import type { ClockEvent, ClockTarget, HistoryEntry, PlacedEvent, SubjectClocks } from '../../../core/clocks/index.ts'
import { assertNever } from '../../../kernel/assert-never.ts'

const timestamp = z.iso.datetime()

const EffectView = z.object({
  clock: z.enum(['response', 'next_response', 'resolution']),
  change: z.string().meta({
    description:
      'started, paused, resumed, breached, met, met_late, reopened, cancelled, moved, policy_changed, calendar_changed, absorbed',
  }),
  deadline_before: timestamp.nullable(),
  deadline_after: timestamp.nullable(),
  elapsed_seconds: z.number(),
  paused_seconds: z.number(),
  text: z.string().meta({ description: 'What it did to the deadline, in words' }),
})

export const TimelineView = z
  .array(
    z.object({
      at: timestamp,
      what: z.enum(['opened', 'status', 'replied', 'moved', 'absorbed', 'merged', 'cancelled', 'clock']).meta({
        description: '`clock`: nobody did anything; time, a policy or a calendar did',
      }),
      text: z.string(),
      told_at: timestamp
        .nullable()
        .meta({ description: 'Where it counts from another instant than it names: that one' }),
      effects: z.array(EffectView),
    }),
  )
  .meta({ id: 'SlaTimeline' })
type Timeline = z.output<typeof TimelineView>
type Effect = z.output<typeof EffectView>

const NAMES: Readonly<Record<ClockTarget, { clock: Effect['clock']; name: string }>> = {
  first_response: { clock: 'response', name: 'First response' },
  next_response: { clock: 'next_response', name: 'Next response' },
  resolution: { clock: 'resolution', name: 'Resolution' },
}

/** Everything that happened to a ticket until the moment of reading, in its order, and what each did to the deadlines. */
export function timelineOf({ events, clocks, nowMs }: SubjectClocks): Timeline {
  const inZone = localTimes()
  const lines = clocks.flatMap(({ target, rounds }) =>
    rounds.flatMap(({ history, zone }) =>
      history.map((entry) => ({ entry, effect: effectOf(target, entry, inZone(zone)) })),
    ),
  )
  const byEvent = Map.groupBy(lines, ({ entry }) => entry.eventId)
  const happened = events
    .filter(({ atMs }) => atMs <= nowMs)
    .map((placed): Timeline[number] => ({
      at: iso(placed.atMs),
      what: placed.event.kind,
      text: `${describe(placed.event)}${remarkOn(placed)}`,
      told_at: placed.flag === null ? null : iso(placed.event.atMs),
      effects: (byEvent.get(placed.event.eventId) ?? []).map(({ effect }) => effect),
    }))
  const byItself = [
    ...Map.groupBy(byEvent.get(null) ?? [], ({ entry }) => `${entry.atMs} ${entry.change} ${entry.reason}`).values(),
  ]
  const passed = byItself.flatMap((together): Timeline => {
    const [first] = together
    if (first === undefined) return []
    return [
      {
        at: iso(first.entry.atMs),
        what: 'clock',
        text: sayChange(first.entry),
        told_at: null,
        effects: together.map(({ effect }) => effect),
      },
    ]
  })
  return [...happened, ...passed].toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at))
}

const iso = (atMs: number) => new Date(atMs).toISOString()

function describe(event: ClockEvent): string {
  switch (event.kind) {
    case 'opened':
      return `Opened (${sayAttributes(event.attributes)})`
    case 'status':
      return `Status: ${event.status}`
    case 'replied':
      return event.by === 'us' ? 'We answered' : 'The customer wrote'
    case 'moved':
      return `Now ${sayAttributes(event.attributes)}`
    case 'absorbed':
      return `Ticket ${event.from} was merged into this one`
    case 'merged':
      return `Merged into ticket ${event.into}`
    case 'cancelled':
      return `No longer measured: ${event.reason}`
    default:
      return assertNever(event)
  }
}

const SAID = ['priority', 'tier', 'customer', 'source', 'tag'] as const

const sayAttributes = (attributes: Readonly<Record<string, string | readonly string[] | null>>): string =>
  SAID.flatMap((name) => {
    const value = attributes[name]
    if (value === undefined || value === null || value.length === 0) return []
    return `${name} ${typeof value === 'string' ? value : value.join(', ')}`
  }).join('; ')

const REMARKS = {
  future: 'it was dated ahead, and counts from when it was heard of',
  too_old: 'it was dated more than a year before it was heard of, and counts from a year before',
  before_opening: 'it was dated before the opening, and counts from it',
} as const
const remarkOn = ({ flag }: PlacedEvent) => (flag === null ? '' : ` (${REMARKS[flag]})`)

function sayChange({ change, reason }: HistoryEntry): string {
  if (change === 'breached') return 'The deadline passed'
  if (change === 'policy_changed') return `Another policy is in force: ${reason}`
  if (change === 'calendar_changed') return `The calendar was changed: ${reason}`
  return `${change}: ${reason}`
}

function effectOf(target: ClockTarget, entry: HistoryEntry, said: (atMs: number) => string): Effect {
  const { clock, name } = NAMES[target]
  return {
    ...{ clock, change: entry.change },
    deadline_before: entry.dueBeforeMs === null ? null : iso(entry.dueBeforeMs),
    deadline_after: entry.dueAfterMs === null ? null : iso(entry.dueAfterMs),
    ...{ elapsed_seconds: entry.elapsedMs / 1_000, paused_seconds: entry.pausedMs / 1_000 },
    text: `${name}: ${sayEffect(entry, said)}`,
  }
}

function sayEffect({ change, dueBeforeMs, dueAfterMs }: HistoryEntry, said: (atMs: number) => string): string {
  const due = dueAfterMs === null ? 'no deadline' : said(dueAfterMs)
  switch (change) {
    case 'started':
      return dueAfterMs === null ? 'begins without a deadline' : `due ${due}`
    case 'paused':
      return dueBeforeMs === null ? 'paused' : `paused; it was due ${said(dueBeforeMs)}`
    case 'resumed':
      return `goes on; due ${due}`
    case 'breached':
      return `breached ${due}`
    case 'met':
      return 'met in time'
    case 'met_late':
      return 'met, late'
    case 'reopened':
      return `goes on where it stopped; due ${due}`
    case 'cancelled':
      return 'cancelled'
    default:
      if (dueBeforeMs === dueAfterMs) return `the deadline stays ${due}`
      return `the deadline moves${dueBeforeMs === null ? '' : ` from ${said(dueBeforeMs)}`} to ${due}`
  }
}

/** How people of a zone say an instant. */
function localTimes() {
  const known = new Map<string, (atMs: number) => string>()
  return (timeZone: string) => {
    const before = known.get(timeZone)
    if (before) return before
    const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long', timeZone })
    const say = (atMs: number) => format.format(atMs)
    known.set(timeZone, say)
    return say
  }
}
