import { z } from 'zod'
import type { TenantId } from '../../kernel/tenant-id.ts'
import {
  EventId,
  type Hub,
  lastEventId,
  type Route,
  reply,
  TenantQuery,
  tenantRoute,
} from '../../platform/http/index.ts'
import { lastChange } from './store.ts'

/** Changes of a tenant's signals as they happen. */
export const signalStreamRoute = (hub: Hub<TenantId>): Route =>
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
      const asked = lastEventId(request, query.last_event_id)
      const latest = await lastChange(tx)
      // A database that went back to an earlier state gives those numbers again: who waited past them would miss all.
      const position = asked === undefined ? latest : Math.min(asked, latest)
      return reply(200, hub.subscribe(tenantId, position))
    },
  })
