import { Readable } from 'node:stream'
import { z } from 'zod'
import { invalid, type Route, reply, TenantQuery, tenantRoute } from '../../../platform/http/index.ts'
import { ALWAYS_ID } from '../calendars/calendar.ts'
import { requireOwnCalendar } from '../calendars/change-calendar.ts'
import { CalendarIdField } from '../calendars/routes.ts'
import { clockFault, feedUnreadable } from '../faults.ts'
import { addFeed, removeFeed, requireFeed } from './change-feeds.ts'
import { FeedName, feedWindow, type NewFeed, NewFeedBody } from './feed.ts'
import { readBounded } from './fetch-feed.ts'
import { COUNTRIES, isRegion, publicHolidays } from './public-holidays.ts'
import type { FeedReading } from './read-feed.ts'
import { ICALENDAR_BYTES_MAX } from './read-icalendar.ts'
import { type FeedDependencies, refreshFeed } from './refresh-feeds.ts'
import { listFeeds } from './store.ts'
import { CountryHolidays, CountryView, FeedView, presentCountry, presentFeed } from './view.ts'

/** Where holidays come from; what waits for somebody outside is done before the transaction opens. */
export function feedRoutes(dependencies: FeedDependencies): Route[] {
  const { database, sealer, readFeed, onChanged } = dependencies
  const inTenant = { tag: 'Calendars', tenant: 'query', query: z.strictObject(TenantQuery) } as const
  const ofCalendar = { ...inTenant, params: z.strictObject({ calendar_id: CalendarIdField }) }
  const ofFeed = { ...inTenant, params: z.strictObject({ calendar_id: CalendarIdField, feed_id: z.uuid() }) }

  return [
    tenantRoute({
      ...inTenant,
      operationId: 'listHolidayCountries',
      method: 'GET',
      path: '/public-holidays/countries',
      summary: 'List the countries and regions whose public holidays are built in; others publish iCalendar feeds',
      access: 'calendar.read',
      responses: { 200: z.object({ countries: z.array(CountryView) }) },
      handle: async () => reply(200, { countries: Object.keys(COUNTRIES).map(presentCountry) }),
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'listPublicHolidays',
      method: 'GET',
      path: '/public-holidays',
      summary: 'List the public holidays of a country, or of a region of it, in one year',
      access: 'calendar.read',
      query: z.strictObject({
        ...TenantQuery,
        country: z.enum(Object.keys(COUNTRIES)),
        year: z.coerce.number().int().min(2000).max(2050),
        region: z.string().max(20).optional(),
      }),
      responses: { 200: CountryHolidays },
      handle: async ({ query: { country, year, region } }) => {
        if (region !== undefined && !isRegion(country, region)) {
          throw invalid([{ in: 'query', field: 'region', message: 'is not a region of this country' }])
        }
        const holidays = await publicHolidays({ country, region }, { firstYear: year, count: 1 })
        const sorted = holidays.toSorted((one, other) => one.from.localeCompare(other.from))
        return reply(200, { holidays: sorted.map(({ from, name }) => ({ date: from, name })) })
      },
    }),
    tenantRoute({
      ...ofCalendar,
      operationId: 'listCalendarFeeds',
      method: 'GET',
      path: '/calendars/:calendar_id/feeds',
      summary: 'List where a calendar’s holidays come from, and how reading them went; ten at most',
      access: 'calendar.read',
      responses: { 200: z.object({ feeds: z.array(FeedView) }) },
      handle: async ({ tx, params: { calendar_id } }) => {
        if (calendar_id === ALWAYS_ID) return reply(200, { feeds: [] })
        await requireOwnCalendar(tx, calendar_id)
        return reply(200, { feeds: (await listFeeds(tx, calendar_id)).map(presentFeed) })
      },
    }),
    tenantRoute({
      ...ofCalendar,
      operationId: 'addCalendarFeed',
      method: 'POST',
      path: '/calendars/:calendar_id/feeds',
      summary:
        'Let a calendar have the public holidays of a country, or those of an iCalendar address; read now and then by itself',
      access: 'calendar.manage',
      body: NewFeedBody,
      responses: { 201: FeedView },
      prepare: async ({ tenantId, params, body, signal }) => {
        await database.withTenant(tenantId, (tx) => requireOwnCalendar(tx, params.calendar_id))
        return demandSaid(await readFeed(body, feedWindow(new Date()), signal))
      },
      handle: async ({ tx, tenantId, caller, params: { calendar_id: calendarId }, body, prepared: said }) => {
        const who = { tenantId, calendarId, changedBy: caller.id }
        const feed = await addFeed(tx, sealer, who, { ...describeFeed(body), said, now: new Date() })
        await onChanged(tx, tenantId, caller.id)
        return reply(201, presentFeed(feed))
      },
    }),
    tenantRoute({
      ...ofCalendar,
      operationId: 'uploadCalendarFeed',
      method: 'POST',
      path: '/calendars/:calendar_id/feeds/file',
      summary:
        'Let a calendar have the holidays of an iCalendar file; a file of the same name takes the place of the one before',
      access: 'calendar.manage',
      query: z.strictObject({ ...TenantQuery, name: FeedName }),
      upload: ['text/calendar'],
      responses: { 201: FeedView },
      prepare: async ({ tenantId, params, request: { body }, signal }) => {
        await database.withTenant(tenantId, (tx) => requireOwnCalendar(tx, params.calendar_id))
        const file = await readBounded(body instanceof Readable ? body : [])
        if (!file) throw feedUnreadable(`it is larger than ${ICALENDAR_BYTES_MAX / 1_048_576} MB`)
        return demandSaid(await readFeed({ kind: 'file', body: file }, feedWindow(new Date()), signal))
      },
      handle: async ({
        tx,
        tenantId,
        caller,
        params: { calendar_id: calendarId },
        query: { name },
        prepared: said,
      }) => {
        const who = { tenantId, calendarId, changedBy: caller.id }
        const feed = await addFeed(tx, sealer, who, { kind: 'file', name, settings: {}, said, now: new Date() })
        await onChanged(tx, tenantId, caller.id)
        return reply(201, presentFeed(feed))
      },
    }),
    tenantRoute({
      ...ofFeed,
      operationId: 'refreshCalendarFeed',
      method: 'POST',
      path: '/calendars/:calendar_id/feeds/:feed_id/refresh',
      summary: 'Read a feed again now; `failure` says why that did not work, and what it said before stays',
      access: 'calendar.manage',
      responses: { 200: FeedView },
      prepare: async ({ tenantId, caller, params: { calendar_id, feed_id: feedId }, signal }) => {
        const feed = await database.withTenant(tenantId, (tx) => requireFeed(tx, calendar_id, feedId))
        if (feed.kind === 'file') throw isFile()
        await refreshFeed(dependencies, { tenant: tenantId, feedId, changedBy: caller.id }, signal)
      },
      handle: async ({ tx, params }) =>
        reply(200, presentFeed(await requireFeed(tx, params.calendar_id, params.feed_id))),
    }),
    tenantRoute({
      ...ofFeed,
      operationId: 'removeCalendarFeed',
      method: 'DELETE',
      path: '/calendars/:calendar_id/feeds/:feed_id',
      summary: 'Remove a feed and, from now on, its holidays',
      access: 'calendar.manage',
      responses: { 204: z.undefined() },
      handle: async ({ tx, tenantId, caller, params: { calendar_id: calendarId, feed_id } }) => {
        await removeFeed(tx, { tenantId, calendarId, changedBy: caller.id }, feed_id)
        await onChanged(tx, tenantId, caller.id)
        return reply(204)
      },
    }),
  ]
}

/** @throws clocks.feed_unreadable */
function demandSaid(reading: FeedReading): Exclude<FeedReading, { failure: string }> {
  if ('failure' in reading) throw feedUnreadable(reading.failure)
  return reading
}

function describeFeed(body: NewFeed) {
  if (body.kind === 'url') {
    return { kind: body.kind, name: body.name, settings: { host: new URL(body.url).host }, url: body.url }
  }
  const { country, region } = body
  const names = [COUNTRIES[country]?.name, region === undefined ? undefined : COUNTRIES[country]?.regions[region]]
  const name = names.filter((each) => each !== undefined).join(', ')
  return { kind: body.kind, name, settings: { country, ...(region === undefined ? {} : { region }) } }
}

const isFile = () =>
  clockFault('clocks.feed_is_a_file', {
    public: 'This feed is a file. Send the new one with POST /calendars/{calendar_id}/feeds/file and the same name.',
    internal: 'a file was to be read again',
  })
