/**
 * A process of its own that reads one iCalendar text from its input and answers whole days as JSON: whatever the text does to
 * the parser, it does to this process alone. Arguments: the first and the last date.
 */
import { text } from 'node:stream/consumers'
import ical, { type VEvent } from 'node-ical'
import type { ReadIcalendar } from './read-icalendar.ts'

const DAY_MS = 86_400_000
const NAME_CHARACTERS_MAX = 200
const DAYS_MAX = 2_000

// The process runs in UTC, so midnight is the date.
const dateOf = (at: Date) => at.toISOString().slice(0, 10)
const nameOf = (summary: VEvent['summary']) => String(typeof summary === 'string' ? summary : (summary?.val ?? ''))

function read(body: string, first: string, last: string): ReadIcalendar {
  if (!/^\uFEFF?\s*BEGIN:VCALENDAR/.test(body))
    return { failure: 'it is no iCalendar file: it does not begin with BEGIN:VCALENDAR' }
  const [from, to] = [new Date(`${first}T00:00:00Z`), new Date(`${last}T00:00:00Z`)]
  const found: { from: string; to: string; name: string }[] = []
  let leftOut = 0
  for (const component of Object.values(ical.sync.parseICS(body))) {
    if (component?.type !== 'VEVENT') continue
    const event = component as VEvent
    if (event.status === 'CANCELLED') continue
    if (event.datetype !== 'date') {
      leftOut += 1
      continue
    }
    for (const instance of ical.expandRecurringEvent(event, { from, to, expandOngoing: true })) {
      // Its end is the day after; some write the same day.
      const end = new Date(Math.max(instance.end.getTime() - DAY_MS, instance.start.getTime()))
      const cut = { from: dateOf(instance.start), to: dateOf(end) }
      // What ends where the time asked for begins is expanded too.
      if (cut.to < first || cut.from > last) continue
      found.push({
        from: cut.from < first ? first : cut.from,
        to: cut.to > last ? last : cut.to,
        name: nameOf(instance.summary).slice(0, NAME_CHARACTERS_MAX),
      })
      if (found.length > DAYS_MAX) return { failure: `it has more than ${DAYS_MAX} events of whole days` }
    }
  }
  return { holidays: found, leftOut }
}

const [, , first = '', last = ''] = process.argv
let answer: ReadIcalendar
try {
  answer = read(await text(process.stdin), first, last)
} catch (error) {
  answer = { failure: `it cannot be read: ${error instanceof Error ? error.message.slice(0, 200) : 'unknown reason'}` }
}
process.stdout.write(JSON.stringify(answer))
