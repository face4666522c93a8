import { sql } from 'kysely'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import type { TermsChange } from '../clock/terms.ts'
import type { Calendar } from '../engine/working-time.ts'
import { ALWAYS_ID } from './calendar.ts'
import type { OpenedCalendars } from './opened-calendars.ts'

/** Tenants whose calendars are kept in memory. */
const TENANTS_MAX = 200

export type CalendarInForce = { calendar: Calendar; key: string }

/** The calendars of a tenant as they were and are. */
export type CalendarsOverTime = {
  /** Changes whenever one of them is changed, added, renamed or removed. */
  key: string
  /** The names of those that can be chosen, `always` among them, with their ids. */
  names: ReadonlyMap<string, string>
  /**
   * By name or id: the version in force at an instant; before the first one, the first one. A removed calendar is found while its
   * versions are kept, by its name only while no other one has it. Null when there is none.
   */
  at(nameOrId: string, atMs: number): CalendarInForce | null
  /** When one of these became another one. */
  changesOf(namesOrIds: readonly string[]): TermsChange[]
}

type Head = { calendar_id: string; name: string; version: number; removed_at: Date | null }
type Version = CalendarInForce & { fromMs: number; version: number }
type Held = { name: string; versions: Version[] }

export type ReadCalendars = (tx: Tx, tenantId: TenantId) => Promise<CalendarsOverTime>

/** Reads a tenant's calendars; one statement while nothing has changed since. */
export function readingCalendars(opened: OpenedCalendars): ReadCalendars {
  const kept = new Map<string, CalendarsOverTime>()
  return async (tx, tenantId) => {
    const { rows } = await sql<Head>`
      select calendar_id, name, version, removed_at from calendars order by removed_at nulls first, calendar_id`.execute(
      tx,
    )
    const key = rows
      .map(({ calendar_id, name, version, removed_at }) => `${calendar_id}@${version}${removed_at ? '-' : ''} ${name}`)
      .join('\n')
    const known = kept.get(tenantId)
    if (known?.key === key) return known
    const calendars = await overTime(tx, { tenantId, key, heads: rows, opened })
    kept.delete(tenantId)
    kept.set(tenantId, calendars)
    for (const oldest of kept.keys()) {
      if (kept.size <= TENANTS_MAX) break
      kept.delete(oldest)
    }
    return calendars
  }
}

type Reading = { tenantId: TenantId; key: string; heads: readonly Head[]; opened: OpenedCalendars }

async function overTime(tx: Tx, { tenantId, key, heads, opened }: Reading): Promise<CalendarsOverTime> {
  const { rows } = await sql<{ calendar_id: string; version: number; in_force_from: Date }>`
    select calendar_id, version, in_force_from from calendar_versions order by calendar_id, version`.execute(tx)
  const byId = new Map<string, Held>(heads.map(({ calendar_id, name }) => [calendar_id, { name, versions: [] }]))
  for (const { calendar_id: calendarId, version, in_force_from } of rows) {
    const calendar = await opened.open(tx, { tenantId, calendarId, version })
    const one = { calendar, key: `${calendarId}@${version}`, fromMs: in_force_from.getTime(), version }
    byId.get(calendarId)?.versions.push(one)
  }
  const always = await opened.open(tx, { tenantId, calendarId: ALWAYS_ID, version: 1 })
  const alwaysHeld: Held = {
    name: ALWAYS_ID,
    versions: [{ calendar: always, key: `${ALWAYS_ID}@1`, fromMs: 0, version: 1 }],
  }
  byId.set(ALWAYS_ID, alwaysHeld)
  const byName = new Map<string, Held>([[ALWAYS_ID, alwaysHeld]])
  for (const { calendar_id, name } of heads) if (!byName.has(name)) byName.set(name, byId.get(calendar_id) as Held)
  const find = (nameOrId: string) => byId.get(nameOrId) ?? byName.get(nameOrId)
  return {
    key,
    names: new Map([
      [ALWAYS_ID, ALWAYS_ID],
      ...heads
        .filter(({ removed_at }) => removed_at === null)
        .map(({ name, calendar_id }) => [name, calendar_id] as const),
    ]),
    at: (nameOrId, atMs) => {
      const versions = find(nameOrId)?.versions ?? []
      return versions.findLast(({ fromMs }) => fromMs <= atMs) ?? versions[0] ?? null
    },
    changesOf: (namesOrIds) =>
      [...new Set(namesOrIds.map(find))].flatMap((held) =>
        (held?.versions ?? []).slice(1).map(({ fromMs, version }) => ({
          ...{ atMs: fromMs, change: 'calendar_changed' as const, reason: `${held?.name}: version ${version}` },
        })),
      ),
  }
}
