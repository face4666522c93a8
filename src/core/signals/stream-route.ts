import { z } from 'zod'
import { invalid, type Route, reply, TenantQuery, tenantRoute } from '../../platform/http/index.ts'
import type { Hub } from './hub.ts'
import { lastChange } from './store.ts'

const EventId = z.string().regex(/^\d{1,15}$/, 'must be the id of an event')

/** Changes of a tenant's signals as they happen. */
export const signalStreamRoute = (hub: Hub): Route =>
  tenantRoute({
    operationId: 'followSignals',
    method: 'GET',
    path: '/signals/stream',
    tag: 'Signals',
    summary: 'Follow a tenant’s signals: each time one changes, an event with the signal as it is now',
    access: 'signal.read',
    tenant: 'query',
    live: 'events',
    query: z.strictObject({
      ...TenantQuery,
      last_event_id: EventId.optional().meta({
        description:
          'Go on after this event: what changed since comes first, each signal as it is now; 0 begins with all that there are. Without it the stream tells what changes from now on. The header `Last-Event-ID` goes before.',
      }),
    }),
    responses: { 200: z.unknown() },
    handle: async ({ tx, tenantId, query, request }) => {
      const asked = readLastEventId(request.headers['last-event-id']) ?? query.last_event_id
      const latest = await lastChange(tx)
      // A database that went back to an earlier state gives those numbers again: who waited past them would miss all.
      const position = asked === undefined ? latest : Math.min(Number(asked), latest)
      return reply(200, hub.subscribe(tenantId, position))
    },
  })

/** A browser that comes back sends it beside the address that it began with. */
function readLastEventId(header: string | string[] | undefined): string | undefined {
  if (header === undefined || header === '') return undefined
  const checked = EventId.safeParse(header)
  if (checked.success) return checked.data
  throw invalid([{ in: 'header', field: 'Last-Event-ID', message: 'must be the id of an event' }])
}
