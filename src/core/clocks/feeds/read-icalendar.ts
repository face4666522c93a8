import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { FeedHoliday } from '../calendars/calendar.ts'

/** What an iCalendar text says of whole days; `leftOut` events have times and are no holidays. Or why it says nothing. */
export type ReadIcalendar = { holidays: FeedHoliday[]; leftOut: number } | { failure: string }

export const ICALENDAR_BYTES_MAX = 2_097_152
/** What reading one text may cost. */
const LIMITS = { withinSeconds: 10, memoryMegabytes: 128 }
/** Processes that read at the same time; more wait. */
const READERS_MAX = 2

const CHILD = fileURLToPath(new URL('./icalendar-child.ts', import.meta.url))

let reading = 0
const waiting: (() => void)[] = []

/**
 * Reads the holidays of an iCalendar text between two dates (`YYYY-MM-DD`, both included) in a process of its own, which is
 * killed when it takes more than ten seconds or 128 MB: repetitions make a few lines as long as one likes.
 */
export async function readIcalendar(
  body: Buffer,
  { first, last }: { first: string; last: string },
  limits = LIMITS,
): Promise<ReadIcalendar> {
  if (reading >= READERS_MAX) await new Promise<void>((free) => waiting.push(free))
  reading += 1
  try {
    return await readInChild(body, [first, last], limits)
  } finally {
    reading -= 1
    waiting.shift()?.()
  }
}

async function readInChild(body: Buffer, dates: string[], limits: typeof LIMITS): Promise<ReadIcalendar> {
  const child = spawn(process.execPath, [`--max-old-space-size=${limits.memoryMegabytes}`, CHILD, ...dates], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { TZ: 'UTC' },
    timeout: limits.withinSeconds * 1_000,
    killSignal: 'SIGKILL',
  })
  const ended = new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (_code, signal) => resolve(signal))
  })
  // A child that dies early does not take the rest; how it ended says so.
  child.stdin.on('error', () => {})
  child.stdin.end(body)
  const [answer, signal] = await Promise.all([text(child.stdout), ended])
  if (answer !== '') return JSON.parse(answer) as ReadIcalendar
  if (signal === 'SIGKILL') return { failure: `reading it takes more than ${limits.withinSeconds} seconds` }
  return { failure: `reading it takes more than ${limits.memoryMegabytes} MB of memory` }
}
