import { z } from 'zod'
import type { FeedHoliday } from '../calendars/calendar.ts'
import { COUNTRIES, isRegion } from './public-holidays.ts'

export const FEEDS_A_CALENDAR_MAX = 10
/** Over all feeds of a calendar: each becomes part of every version. */
export const FEED_DAYS_MAX = 3_000
/** From the first day of the year before to the end of the fifth year ahead. */
const YEARS_BACK = 1
const YEARS = 7
const URL_CHARACTERS_MAX = 2_000

export const FeedName = z
  .string()
  .trim()
  .min(1)
  .max(80)
  .refine((text) => !/[\p{Cc}\p{Cs}]/u.test(text), 'must not contain control characters')

/** What somebody asks for; a file comes as an upload. */
export const NewFeedBody = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('country'),
      country: z.enum(Object.keys(COUNTRIES)).meta({ description: 'See `GET /public-holidays/countries`' }),
      region: z.string().max(20).optional(),
    })
    .refine(({ country, region }) => region === undefined || isRegion(country, region), {
      ...{ path: ['region'], error: 'is not a region of this country; see GET /public-holidays/countries' },
    }),
  z.strictObject({
    kind: z.literal('url'),
    name: FeedName,
    url: z
      .string()
      .max(URL_CHARACTERS_MAX)
      // What calendars call an https address to subscribe to.
      .overwrite((text) => text.replace(/^webcals?:\/\//i, 'https://'))
      .refine((text) => URL.canParse(text), 'must be an address')
      .meta({ description: 'Of an iCalendar file; encrypted and never shown again' }),
  }),
])
export type NewFeed = z.output<typeof NewFeedBody>

export type FeedWindow = { firstYear: number; count: number; first: string; last: string }

/** Of which dates feeds are asked. */
export function feedWindow(now: Date): FeedWindow {
  const firstYear = now.getUTCFullYear() - YEARS_BACK
  return { firstYear, count: YEARS, first: `${firstYear}-01-01`, last: `${firstYear + YEARS - 1}-12-31` }
}

/** In one order, so that feeds that say the same make no new version; what two of them say stands there once. */
export function mergeHolidays(lists: readonly (readonly FeedHoliday[])[]): FeedHoliday[] {
  const keyOf = ({ from, to, name }: FeedHoliday) => JSON.stringify([from, to, name])
  const byKey = new Map(lists.flat().map(({ from, to, name }) => [keyOf({ from, to, name }), { from, to, name }]))
  return [...byKey].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, holiday]) => holiday)
}

export const countDays = (holidays: readonly FeedHoliday[]): number =>
  holidays.reduce((sum, { from, to }) => sum + (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1, 0)
