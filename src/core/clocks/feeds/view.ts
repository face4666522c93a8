import { z } from 'zod'
import { countDays } from './feed.ts'
import { COUNTRIES } from './public-holidays.ts'
import type { FeedRow } from './store.ts'

const timestamp = z.iso.datetime()

export const FeedView = z
  .object({
    feed_id: z.uuid(),
    calendar_id: z.uuid(),
    kind: z.enum(['country', 'url', 'file']),
    name: z.string(),
    settings: z
      .object({ country: z.string().optional(), region: z.string().optional(), host: z.string().optional() })
      .meta({ description: 'The country, or the host of the address' }),
    days: z.int().meta({ description: 'How many days are holidays by it' }),
    events_left_out: z.int().meta({ description: 'Events with times of day, which are no holidays' }),
    read_at: timestamp,
    next_read_at: timestamp.nullable(),
    failures: z.int().meta({ description: 'How often in a row it could not be read' }),
    failure: z.string().nullable(),
    created_by: z.string(),
    created_at: timestamp,
  })
  .meta({ id: 'CalendarFeed' })

export const CountryView = z
  .object({
    country: z.string(),
    name: z.string(),
    regions: z.array(z.object({ region: z.string(), name: z.string() })),
  })
  .meta({ id: 'HolidayCountry' })

export const CountryHolidays = z
  .object({ holidays: z.array(z.object({ date: z.iso.date(), name: z.string() })) })
  .meta({ id: 'PublicHolidays' })

/** Without its address. */
export const presentFeed = (row: FeedRow): z.output<typeof FeedView> => ({
  ...{ feed_id: row.feed_id, calendar_id: row.calendar_id, kind: row.kind, name: row.name, settings: row.settings },
  ...{ days: countDays(row.holidays), events_left_out: row.left_out, read_at: row.read_at.toISOString() },
  ...{ next_read_at: row.next_read_at?.toISOString() ?? null, failures: row.failures, failure: row.failure },
  ...{ created_by: row.created_by, created_at: row.created_at.toISOString() },
})

export function presentCountry(country: string): z.output<typeof CountryView> {
  const { name = '', regions = {} } = COUNTRIES[country] ?? {}
  return {
    country,
    name,
    regions: Object.entries(regions).map(([region, regionName]) => ({ region, name: regionName })),
  }
}
