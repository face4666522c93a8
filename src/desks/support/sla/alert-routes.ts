import { z } from 'zod'
import {
  findSignal,
  handleSignal,
  listSignals,
  readUntil,
  SEVERITIES,
  SIGNALS,
  SignalQuery,
  SNOOZE_DAYS_MAX,
  snoozeSignal,
  statesOf,
} from '../../../core/signals/index.ts'
import { moment } from '../../../kernel/moment.ts'
import type { Tx } from '../../../platform/database/index.ts'
import {
  decodeCursor,
  linkHeader,
  PageQuery,
  type Route,
  reply,
  TenantQuery,
  tenantRoute,
  toPage,
} from '../../../platform/http/index.ts'
import { ALERT_TYPES, isSlaKind, KIND_OF, presentAlert, SLA_KINDS, SlaAlertView } from './alerts.ts'
import { alertNotFound } from './faults.ts'

async function requireAlert(tx: Tx, signalId: string): Promise<void> {
  const signal = await findSignal(SIGNALS, tx, signalId)
  if (!signal || !isSlaKind(signal.kind)) throw alertNotFound()
}

/** Signals about clocks of tickets, under the names of the desk. What is done to one is done to its signal. */
export function alertRoutes(): Route[] {
  const ofAlert = {
    tag: 'SLA',
    tenant: 'query',
    access: 'signal.handle',
    method: 'POST',
    params: z.strictObject({ alert_id: z.uuid() }),
    query: z.strictObject(TenantQuery),
    responses: { 200: SlaAlertView },
  } as const
  const transition = (name: 'acknowledge' | 'resolve', operationId: string, summary: string) =>
    tenantRoute({
      operationId,
      ...ofAlert,
      path: `/sla/alerts/:alert_id/${name}`,
      summary,
      handle: async ({ tx, tenantId, caller, params: { alert_id: signalId } }) => {
        await requireAlert(tx, signalId)
        return reply(200, presentAlert(await handleSignal(tx, name, { tenantId, signalId, by: caller.id })))
      },
    })
  return [
    tenantRoute({
      operationId: 'listSlaAlerts',
      method: 'GET',
      path: '/sla/alerts',
      tag: 'SLA',
      summary: 'List what was told of clocks, newest first; without what is resolved or snoozed unless asked for',
      access: 'sla.read',
      tenant: 'query',
      query: z.strictObject({
        ...{ ...TenantQuery, ...PageQuery, state: SignalQuery.state },
        alert_type: z.enum(ALERT_TYPES).optional(),
        minimum_severity: z.enum(SEVERITIES).optional(),
        ticket_id: z.uuid().optional().meta({ description: 'Ours; without what tells of many tickets together' }),
        include_snoozed: z.enum(['true', 'false']).optional(),
      }),
      responses: { 200: z.object({ alerts: z.array(SlaAlertView), next_cursor: z.string().nullable() }) },
      handle: async ({ tx, query, request }) => {
        const { limit, cursor, state, alert_type, ticket_id, include_snoozed } = query
        const [before] = decodeCursor(cursor, z.tuple([z.uuid()])) ?? []
        const { rows, found } = await listSignals(SIGNALS, tx, {
          ...{ states: statesOf(state), kinds: alert_type === undefined ? SLA_KINDS : [KIND_OF[alert_type]] },
          ...{ minimumSeverity: query.minimum_severity, before, limit: limit + 1 },
          subject: ticket_id === undefined ? undefined : `ticket:${ticket_id.toLowerCase()}`,
          awakeAt: include_snoozed === 'true' ? undefined : new Date(),
        })
        const page = toPage(rows, limit, ({ signal_id }) => [signal_id], found)
        const body = { alerts: page.rows.map(presentAlert), next_cursor: page.nextCursor }
        return reply(200, body, linkHeader(request.originalUrl, page.nextCursor))
      },
    }),
    transition('acknowledge', 'acknowledgeSlaAlert', 'Say that somebody has it: the caller; the first one stays'),
    transition('resolve', 'resolveSlaAlert', 'Say that it is over'),
    tenantRoute({
      operationId: 'snoozeSlaAlert',
      ...ofAlert,
      path: '/sla/alerts/:alert_id/snooze',
      summary: `Keep an alert out of the list until a moment within ${SNOOZE_DAYS_MAX} days; null shows it again`,
      body: z.strictObject({ until: moment.nullable() }),
      handle: async ({ tx, tenantId, caller, params: { alert_id: signalId }, body }) => {
        await requireAlert(tx, signalId)
        const until = readUntil(body.until, Date.now())
        return reply(200, presentAlert(await snoozeSignal(tx, until, { tenantId, signalId, by: caller.id })))
      },
    }),
  ]
}
