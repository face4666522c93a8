import { randomUUID } from 'node:crypto'
import type { TenantId } from '../../../kernel/tenant-id.ts'
import type { Tx } from '../../../platform/database/index.ts'
import { recordAudit } from '../../audit/index.ts'
import type { CalendarDocument } from '../engine/calendar-document.ts'
import { clockFault } from '../faults.ts'
import { ALWAYS_ID } from './calendar.ts'
import { insertCalendar, lockCalendars, lookAround } from './store.ts'

export const CALENDARS_MAX = 100

/** Stores a calendar and its first version; answers its id. @throws clocks.calendar_name_taken, clocks.too_many_calendars */
export async function addCalendar(
  tx: Tx,
  calendar: { tenantId: TenantId; name: string; document: CalendarDocument; addedBy: string },
): Promise<string> {
  const { tenantId, name, document, addedBy } = calendar
  await lockCalendars(tx)
  const { count } = await demandFreeName(tx, { name })
  if (count >= CALENDARS_MAX) {
    throw clockFault('clocks.too_many_calendars', {
      public: `A tenant has at most ${CALENDARS_MAX} calendars. Delete one that is not needed any more.`,
      internal: `the tenant has ${count} calendars`,
    })
  }
  const calendarId = randomUUID()
  await insertCalendar(tx, { calendarId, name, document, createdBy: addedBy })
  const [subject, details] = [`calendar:${calendarId}`, { name, zone: document.zone }]
  await recordAudit(tx, { tenantId, actor: addedBy, action: 'calendar.add', subject, details })
  return calendarId
}

/** Under the lock. @throws clocks.calendar_name_taken */
export async function demandFreeName(tx: Tx, wanted: { name: string; calendarId?: string }) {
  const around = await lookAround(tx, wanted)
  if (!around.hasName && wanted.name !== ALWAYS_ID) return around
  throw clockFault('clocks.calendar_name_taken', {
    public: `There is a calendar called “${wanted.name}” already. Choose another name.`,
    internal: 'calendar name taken',
  })
}
