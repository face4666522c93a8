import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/harness/database.ts'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { calendarDocument } from '../engine/calendar-document.ts'
import { someTenant } from '../subjects/clock-kind.fixture.ts'
import { addCalendar } from './add-calendar.ts'
import { readingCalendars } from './calendars-over-time.ts'
import { changeCalendar, removeCalendar } from './change-calendar.ts'
import { openedCalendars } from './opened-calendars.ts'

const db = testDatabase()
const read = readingCalendars(openedCalendars())
const zoned = (zone: string) => calendarDocument.parse({ zone, weekly: { mon: [{ start: '09:00', end: '17:00' }] } })
const inTenant = <T>(tenantId: TenantId, work: (tx: Tx) => Promise<T>) => db.database.withTenant(tenantId, work)
const calendarsOf = (tenantId: TenantId) => inTenant(tenantId, (tx) => read(tx, tenantId))
const add = (tenantId: TenantId, name: string, zone: string) =>
  inTenant(tenantId, (tx) => addCalendar(tx, { tenantId, name, document: zoned(zone), addedBy: 'test' }))

describe('calendars over time', () => {
  it('are in force from version to version, the first one from the beginning', async () => {
    const tenantId = await someTenant(db.database)
    const calendarId = await add(tenantId, 'office', 'Europe/Berlin')
    await inTenant(tenantId, (tx) =>
      changeCalendar(tx, { tenantId, calendarId, changedBy: 'test' }, { document: zoned('Europe/Lisbon') }),
    )
    const [second] = await inTenant(tenantId, async (tx) => {
      const { rows } = await sql<{ in_force_from: Date }>`
        select in_force_from from calendar_versions where version = 2`.execute(tx)
      return rows
    })
    const fromMs = second?.in_force_from.getTime() ?? 0
    const calendars = await calendarsOf(tenantId)
    const zoneAt = (atMs: number) => calendars.at('office', atMs)?.calendar.document.zone
    expect([zoneAt(0), zoneAt(fromMs - 1), zoneAt(fromMs)]).toEqual(['Europe/Berlin', 'Europe/Berlin', 'Europe/Lisbon'])
    expect(calendars.at(calendarId, fromMs)?.key).toBe(`${calendarId}@2`)
    expect(calendars.changesOf(['office', 'always'])).toEqual([
      { atMs: fromMs, change: 'calendar_changed', reason: 'office: version 2' },
    ])
    expect(calendars.at('nowhere', fromMs)).toBeNull()
    expect(calendars.at('always', fromMs)?.key).toBe('always@1')
  })

  it('are found by name while no other one has it, and by id when they were removed', async () => {
    const tenantId = await someTenant(db.database)
    const first = await add(tenantId, 'office', 'Europe/Berlin')
    await inTenant(tenantId, (tx) => removeCalendar(tx, { tenantId, calendarId: first, changedBy: 'test' }))
    const removed = await calendarsOf(tenantId)
    expect([...removed.names.keys()]).toEqual(['always'])
    expect(removed.at('office', Date.now())?.key).toBe(`${first}@1`)
    const second = await add(tenantId, 'office', 'Asia/Tokyo')
    const both = await calendarsOf(tenantId)
    expect(both.at('office', Date.now())?.key).toBe(`${second}@1`)
    expect(both.at(first, Date.now())?.key).toBe(`${first}@1`)
  })

  it('are the same object until one of them changes, and of one tenant alone', async () => {
    const [tenantId, other] = [await someTenant(db.database), await someTenant(db.database)]
    const calendarId = await add(tenantId, 'office', 'Europe/Berlin')
    const before = await calendarsOf(tenantId)
    expect(await calendarsOf(tenantId)).toBe(before)
    expect((await calendarsOf(other)).at(calendarId, 0)).toBeNull()
    await inTenant(tenantId, (tx) => changeCalendar(tx, { tenantId, calendarId, changedBy: 'test' }, { name: 'house' }))
    const after = await calendarsOf(tenantId)
    expect(after.key).not.toBe(before.key)
    expect([after.at('house', 0)?.key, after.at('office', 0)]).toEqual([`${calendarId}@1`, null])
  })
})
