import { z } from 'zod'
import { moment } from '../../kernel/moment.ts'
import { tenantId } from '../../kernel/tenant-id.ts'
import type { Database } from '../../platform/database/index.ts'
import {
  decodeCursor,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  TenantIdField,
  TenantQuery,
  tenantRoute,
  toPage,
} from '../../platform/http/index.ts'
import { signalNotFound } from './faults.ts'
import { handleSignal, snoozeSignal } from './handle-signal.ts'
import { readUntil, SignalQuery, SNOOZE_DAYS_MAX, statesOf } from './query.ts'
import { presentSignal, SignalView } from './signal-view.ts'
import type { Transition } from './state.ts'
import { findSignal, findTenantOfSignal, lastChange, listSignals, SIGNALS } from './store.ts'

export function signalRoutes(database: Database): Route[] {
  const findTenant = async (signalId: string) => {
    const found = await database.readAcrossTenants('a signal is asked for by its id alone', (tx) =>
      findTenantOfSignal(tx, signalId),
    )
    return found === null ? null : tenantId(found)
  }
  const ofSignal = {
    tag: 'Signals',
    tenant: { of: ({ signal_id }: { signal_id: string }) => findTenant(signal_id), absent: signalNotFound },
    params: z.strictObject({ signal_id: z.uuid() }),
    query: z.strictObject({ tenant_id: TenantIdField.optional() }),
    responses: { 200: SignalView },
  }
  const transition = (name: Transition, operationId: string, summary: string) =>
    tenantRoute({
      ...ofSignal,
      operationId,
      method: 'POST',
      path: `/signals/:signal_id/${name}`,
      summary,
      access: 'signal.handle',
      handle: async ({ tx, tenantId, caller, params: { signal_id: signalId } }) =>
        reply(200, presentSignal(await handleSignal(tx, name, { tenantId, signalId, by: caller.id }))),
    })
  return [
    tenantRoute({
      operationId: 'listSignals',
      method: 'GET',
      path: '/signals',
      tag: 'Signals',
      summary: 'List what needs somebody, newest first; without what is resolved or snoozed unless asked for',
      access: 'signal.read',
      tenant: 'query',
      query: z.strictObject({
        ...TenantQuery,
        ...PageQuery,
        ...SignalQuery,
        subject: z.string().min(1).max(300).optional().meta({ example: 'ticket:<ticket_id>' }),
        include_snoozed: z.enum(['true', 'false']).optional(),
      }),
      responses: {
        200: z.strictObject({
          signals: z.array(SignalView),
          next_cursor: z.string().nullable(),
          last_event_id: z
            .string()
            .meta({ description: 'A stream from here on tells all that changes after this list' }),
        }),
      },
      handle: async ({ tx, query, request }) => {
        const { limit, state, kind, minimum_severity: minimumSeverity, subject } = query
        const [before] = decodeCursor(query.cursor, z.tuple([z.uuid()])) ?? []
        // First: what changes between the two is in the list and told again, rather than neither.
        const lastEventId = String(await lastChange(tx))
        const awakeAt = query.include_snoozed === 'true' ? undefined : new Date()
        const filter = {
          states: statesOf(state),
          kinds: kind === undefined ? undefined : [kind],
          minimumSeverity,
          subject,
          awakeAt,
          before,
          limit: limit + 1,
        }
        const { rows, found } = await listSignals(SIGNALS, tx, filter)
        const page = toPage(rows, limit, ({ signal_id }) => [signal_id], found)
        return reply(
          200,
          { signals: page.rows.map(presentSignal), next_cursor: page.nextCursor, last_event_id: lastEventId },
          linkHeader(request.originalUrl, page.nextCursor),
        )
      },
    }),
    tenantRoute({
      ...ofSignal,
      operationId: 'showSignal',
      method: 'GET',
      path: '/signals/:signal_id',
      summary: 'Show a signal',
      access: 'signal.read',
      handle: async ({ tx, params: { signal_id } }) => {
        const signal = await findSignal(SIGNALS, tx, signal_id)
        if (!signal) throw signalNotFound()
        return reply(200, presentSignal(signal))
      },
    }),
    transition('acknowledge', 'acknowledgeSignal', 'Say that somebody has it: the caller; the first one stays'),
    transition('resolve', 'resolveSignal', 'Say that it is over'),
    tenantRoute({
      ...ofSignal,
      operationId: 'snoozeSignal',
      method: 'POST',
      path: '/signals/:signal_id/snooze',
      summary: `Keep a signal out of the list until a moment within ${SNOOZE_DAYS_MAX} days; null shows it again`,
      access: 'signal.handle',
      body: z.strictObject({ until: moment.nullable() }),
      handle: async ({ tx, tenantId, caller, params: { signal_id: signalId }, body }) => {
        const until = readUntil(body.until, Date.now())
        return reply(200, presentSignal(await snoozeSignal(tx, until, { tenantId, signalId, by: caller.id })))
      },
    }),
  ]
}
