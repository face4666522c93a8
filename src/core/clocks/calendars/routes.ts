import { z } from 'zod'
import { moment } from '../../../kernel/moment.ts'
import type { Tx } from '../../../platform/database/index.ts'
import {
  decodeCursor,
  invalid,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  TenantQuery,
  tenantRoute,
  toPage,
} from '../../../platform/http/index.ts'
import { calendarDocument } from '../engine/calendar-document.ts'
import { openIntervals } from '../engine/working-time.ts'
import { calendarNotFound } from '../faults.ts'
import { addCalendar } from './add-calendar.ts'
import { ALWAYS_ID } from './calendar.ts'
import { type CalendarChanged, changeCalendar, removeCalendar } from './change-calendar.ts'
import type { OpenedCalendars } from './opened-calendars.ts'
import { type CalendarRow, findCalendar, listCalendars, listVersions } from './store.ts'
import {
  alwaysRow,
  CalendarSummary,
  CalendarView,
  PreviewView,
  presentCalendar,
  presentIntervals,
  presentSummary,
  presentVersion,
  VersionView,
} from './view.ts'

const PREVIEW_DAYS_MAX = 366
const PREVIEW_INTERVALS_MAX = 500
const DAY_MS = 86_400_000

export const CalendarIdField = z.union([z.uuid(), z.literal(ALWAYS_ID)])
const CalendarName = z
  .string()
  .trim()
  .min(1)
  .max(80)
  .refine((text) => !/[\p{Cc}\p{Cs}]/u.test(text), 'must not contain control characters')
const version = z.coerce.number().int().min(1).optional()

const byName = z.tuple([z.string()])
const byVersion = z.tuple([z.int()])

/** Calendars, their versions, and when they are open. */
export function calendarRoutes({
  opened,
  onChanged,
}: {
  opened: OpenedCalendars
  onChanged: CalendarChanged
}): Route[] {
  const inTenant = { tag: 'Calendars', tenant: 'query', query: z.strictObject(TenantQuery) } as const
  const ofCalendar = { ...inTenant, params: z.strictObject({ calendar_id: CalendarIdField }) }

  return [
    tenantRoute({
      ...inTenant,
      operationId: 'addCalendar',
      method: 'POST',
      path: '/calendars',
      summary: 'Add a calendar: when work is done, and when not',
      access: 'calendar.manage',
      body: z.strictObject({ name: CalendarName, document: calendarDocument }),
      responses: { 201: CalendarView },
      handle: async ({ tx, tenantId, caller, body }) => {
        const calendarId = await addCalendar(tx, { ...body, tenantId, addedBy: caller.id })
        await onChanged(tx, tenantId, caller.id)
        const location = `/api/v1/calendars/${calendarId}?tenant_id=${tenantId}`
        return reply(201, presentCalendar(await requireCalendar(tx, { tenantId, calendarId })), { location })
      },
    }),
    tenantRoute({
      ...inTenant,
      operationId: 'listCalendars',
      method: 'GET',
      path: '/calendars',
      summary: 'List a tenant’s calendars by name; `always` is built in and not listed',
      access: 'calendar.read',
      query: z.strictObject({ ...TenantQuery, ...PageQuery }),
      responses: { 200: z.object({ calendars: z.array(CalendarSummary), next_cursor: z.string().nullable() }) },
      handle: async ({ tx, query: { limit, cursor }, request }) => {
        const [after] = decodeCursor(cursor, byName) ?? []
        const found = await listCalendars(tx, { after, limit: limit + 1 })
        const { rows, nextCursor } = toPage(found, limit, (row) => [row.name])
        const body = { calendars: rows.map(presentSummary), next_cursor: nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, nextCursor))
      },
    }),
    tenantRoute({
      ...ofCalendar,
      operationId: 'showCalendar',
      method: 'GET',
      path: '/calendars/:calendar_id',
      summary: 'Show a calendar as it is in force, or an earlier version of it',
      access: 'calendar.read',
      query: z.strictObject({ ...TenantQuery, version }),
      responses: { 200: CalendarView },
      handle: async ({ tx, tenantId, params, query }) => {
        const wanted = { tenantId, calendarId: params.calendar_id, version: query.version }
        return reply(200, presentCalendar(await requireCalendar(tx, wanted)))
      },
    }),
    tenantRoute({
      ...ofCalendar,
      operationId: 'listCalendarVersions',
      method: 'GET',
      path: '/calendars/:calendar_id/versions',
      summary: 'List the versions of a calendar, newest first',
      access: 'calendar.read',
      query: z.strictObject({ ...TenantQuery, ...PageQuery }),
      responses: { 200: z.object({ versions: z.array(VersionView), next_cursor: z.string().nullable() }) },
      handle: async ({ tx, tenantId, params: { calendar_id: calendarId }, query: { limit, cursor }, request }) => {
        const calendar = await requireCalendar(tx, { tenantId, calendarId })
        const [before] = decodeCursor(cursor, byVersion) ?? []
        const isAlways = calendarId === ALWAYS_ID
        const found = isAlways ? [calendar] : await listVersions(tx, calendarId, { before, limit: limit + 1 })
        const { rows, nextCursor } = toPage(found, limit, (row) => [row.version])
        const body = { versions: rows.map(presentVersion), next_cursor: nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, nextCursor))
      },
    }),
    tenantRoute({
      ...ofCalendar,
      operationId: 'previewCalendar',
      method: 'GET',
      path: '/calendars/:calendar_id/preview',
      summary: 'Show when a calendar is open between two moments',
      access: 'calendar.read',
      query: z.strictObject({ ...TenantQuery, from: moment, to: moment, version }),
      responses: { 200: PreviewView },
      handle: async ({ tx, tenantId, params: { calendar_id: calendarId }, query }) => {
        const [fromMs, toMs] = demandStretch(query)
        const row = await requireCalendar(tx, { tenantId, calendarId, version: query.version })
        const calendar = await opened.open(tx, { tenantId, calendarId, version: row.version })
        const found = openIntervals(calendar, { fromMs, toMs, intervalsMax: PREVIEW_INTERVALS_MAX + 1 })
        const more = found[PREVIEW_INTERVALS_MAX]
        const intervals = presentIntervals(row.document.zone, found.slice(0, PREVIEW_INTERVALS_MAX))
        return reply(200, {
          ...{ calendar_id: calendarId, version: row.version, zone: row.document.zone, intervals },
          open_seconds: intervals.reduce((sum, { seconds }) => sum + seconds, 0),
          next_from: more ? new Date(more.startMs).toISOString() : null,
        })
      },
    }),
    tenantRoute({
      ...ofCalendar,
      operationId: 'changeCalendar',
      method: 'PUT',
      path: '/calendars/:calendar_id',
      summary: 'Rename a calendar, or give it a new version, in force from now on; the earlier ones stay',
      access: 'calendar.manage',
      body: z.strictObject({
        name: CalendarName.optional(),
        document: calendarDocument.optional(),
        version: z
          .int()
          .min(1)
          .optional()
          .meta({ description: 'The version that was read; refused when it is not in force any more' }),
      }),
      responses: { 200: CalendarView },
      handle: async ({ tx, tenantId, caller, params: { calendar_id: calendarId }, body }) => {
        const changed = await changeCalendar(tx, { tenantId, calendarId, changedBy: caller.id }, body)
        await onChanged(tx, tenantId, caller.id)
        return reply(200, presentCalendar(changed))
      },
    }),
    tenantRoute({
      ...ofCalendar,
      operationId: 'removeCalendar',
      method: 'DELETE',
      path: '/calendars/:calendar_id',
      summary: 'Remove a calendar; what was measured with it stays as it was',
      access: 'calendar.manage',
      responses: { 204: z.undefined() },
      handle: async ({ tx, tenantId, caller, params: { calendar_id: calendarId } }) => {
        await removeCalendar(tx, { tenantId, calendarId, changedBy: caller.id })
        await onChanged(tx, tenantId, caller.id)
        return reply(204)
      },
    }),
  ]
}

/** @throws clocks.calendar_not_found */
export async function requireCalendar(
  tx: Tx,
  wanted: { tenantId: string; calendarId: string; version?: number | undefined },
): Promise<CalendarRow> {
  const { tenantId, calendarId, version } = wanted
  if (calendarId === ALWAYS_ID && (version ?? 1) === 1) return alwaysRow(tenantId)
  const row = calendarId === ALWAYS_ID ? undefined : await findCalendar(tx, calendarId, version)
  if (!row) throw calendarNotFound()
  return row
}

/** @throws http.invalid */
function demandStretch({ from, to }: { from: string; to: string }): [fromMs: number, toMs: number] {
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)]
  const refuse = (message: string) => invalid([{ in: 'query', field: 'to', message }])
  if (toMs <= fromMs) throw refuse('must be later than `from`')
  if (toMs - fromMs > PREVIEW_DAYS_MAX * DAY_MS) throw refuse(`must lie within ${PREVIEW_DAYS_MAX} days of \`from\``)
  return [fromMs, toMs]
}
