import { z } from 'zod'
import { ALWAYS, calendarDocument } from '../engine/calendar-document.ts'
import { localTime } from '../engine/local-time.ts'
import type { OpenInterval } from '../engine/working-time.ts'
import { ALWAYS_ID } from './calendar.ts'
import type { CalendarRow, CalendarSummaryRow, VersionRow } from './store.ts'

const timestamp = z.iso.datetime()

const summary = {
  calendar_id: z.string().meta({ description: 'A UUID, or `always`' }),
  tenant_id: z.string(),
  name: z.string(),
  version: z.int(),
  zone: z.string(),
  changed_by: z.string(),
  changed_at: timestamp.meta({ description: 'Since when this version is in force' }),
  created_by: z.string(),
  created_at: timestamp,
}

export const CalendarSummary = z.object(summary).meta({ id: 'CalendarSummary' })

export const CalendarView = z
  .object({
    ...summary,
    document: calendarDocument,
    feed_holidays: z
      .array(z.object({ from: z.iso.date(), to: z.iso.date(), name: z.string() }))
      .meta({ description: 'What feeds said when this version was made' }),
  })
  .meta({ id: 'Calendar' })

export const VersionView = z
  .object({ version: z.int(), changed_by: z.string(), changed_at: timestamp })
  .meta({ id: 'CalendarVersion' })

const local = z.string().meta({ description: 'Local time with its offset', example: '2026-03-02T09:00:00+01:00' })

export const PreviewView = z
  .object({
    calendar_id: z.string(),
    version: z.int(),
    zone: z.string(),
    open_seconds: z.int().meta({ description: 'Of the intervals listed here' }),
    intervals: z.array(z.object({ start: local, end: local, seconds: z.int() })),
    next_from: timestamp
      .nullable()
      .meta({ description: 'Where to go on when there are more; null when these are all' }),
  })
  .meta({ id: 'CalendarPreview' })

export function presentSummary(row: CalendarSummaryRow) {
  return {
    ...{ calendar_id: row.calendar_id, tenant_id: row.tenant_id, name: row.name, version: row.version, zone: row.zone },
    ...{ changed_by: row.made_by, changed_at: row.in_force_from.toISOString() },
    ...{ created_by: row.created_by, created_at: row.created_at.toISOString() },
  }
}

export const presentCalendar = (row: CalendarRow) => ({
  ...presentSummary({ ...row, zone: row.document.zone }),
  document: row.document,
  feed_holidays: row.feed_holidays,
})

export const presentVersion = ({ version, made_by, in_force_from }: VersionRow) => ({
  ...{ version, changed_by: made_by, changed_at: in_force_from.toISOString() },
})

/** As if the tenant had made it. */
export function alwaysRow(tenantId: string): CalendarRow {
  const since = new Date(0)
  return {
    ...{
      tenant_id: tenantId,
      calendar_id: ALWAYS_ID,
      name: ALWAYS_ID,
      version: 1,
      document: ALWAYS,
      feed_holidays: [],
    },
    ...{ made_by: 'system', in_force_from: since, created_by: 'system', created_at: since },
  }
}

/** Whole seconds: intervals begin and end with minutes, and only the asked stretch cuts into one. */
export function presentIntervals(zone: string, intervals: readonly OpenInterval[]) {
  return intervals.map(({ startMs, endMs }) => ({
    ...{ start: localTime(zone, startMs), end: localTime(zone, endMs), seconds: Math.round((endMs - startMs) / 1_000) },
  }))
}
