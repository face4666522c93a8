import { afterAll } from 'vitest'
import { encodeCursor, type MountedRoute } from '../../src/platform/http/index.ts'
import { type FakeReceiver, startFakeReceiver } from '../fakes/receiver.ts'
import { startFakeZendesk } from '../fakes/zendesk.ts'
import { type factories, PASSWORD } from '../harness/factories.ts'

/** A tenant and one thing of each kind in it. */
export type Things = {
  tenantId: string
  ticketId: string
  /** Of the same tenant. */
  otherTicketId: string
  taskId: string
  jobId: string
  personId: string
  /** Of that person. */
  email: string
  sessionId: string
  sessionToken: string
  apiKeyId: string
  invitationId: string
  connectorId: string
  rejectId: string
  signalId: string
  /** A signal about the clock of a ticket. */
  alertId: string
  operatorSignalId: string
  helpdeskUrl: string
  channelId: string
  deliveryId: string
  subscriptionId: string
  calendarId: string
  feedId: string
  /** Still there when the routes that delete have had their turn. */
  lastingCalendarId: string
  /** Of a kind of tasks of the tenant's own, behind `custom.`. */
  kindName: string
  vehicleId: string
  driverId: string
  stopId: string
  pathId: string
  routeId: string
  tripId: string
  riderId: string
  /** Of an action that cannot be taken back any more. */
  receiptId: string
  /** With a letter, findings and documents to send. */
  caseId: string
  documentId: string
  /** As the calendar. */
  lastingCaseId: string
}

const ZENDESK_CREDENTIALS = { email: 'agent@example.com', api_token: 'zendesk-token' }

/** A helpdesk that lets connectors in; the system under test has to allow 127.0.0.1. */
let started: ReturnType<typeof startFakeZendesk> | undefined
const helpdesk = () => {
  started ??= startFakeZendesk()
  return started
}
/** Of webhooks that are never called. */
const WEBHOOK_URL = 'http://127.0.0.1:9/hook'
/** Where the others lead. */
let receiving: Promise<FakeReceiver> | undefined
const receiver = () => {
  receiving ??= startFakeReceiver()
  return receiving
}
afterAll(async () => {
  await Promise.all([started, receiving].map(async (server) => (await server)?.close()))
})

export async function makeThings(tenantId: string, make: ReturnType<typeof factories>): Promise<Things> {
  await make.makePolicy(tenantId)
  const signalId = await make.makeSignal(tenantId)
  const jobId = await make.makeJob(tenantId)
  return {
    ...{ tenantId, jobId, taskId: await make.makeTask(tenantId) },
    ticketId: await make.makeTicket(tenantId),
    otherTicketId: await make.makeTicket(tenantId),
    alertId: await make.makeSignal(tenantId, 'sla.breached'),
    ...(await makeAccount(tenantId, make)),
    apiKeyId: (await make.makeKey(tenantId, ['ticket.read'])).apiKeyId,
    helpdeskUrl: (await helpdesk()).url,
    connectorId: await make.makeConnector(tenantId, (await helpdesk()).url),
    rejectId: await make.makeReject(tenantId, jobId),
    signalId,
    deliveryId: await make.makeDelivery(tenantId, signalId),
    operatorSignalId: await make.makeOperatorSignal(),
    ...(await make.makeChannel(tenantId, `${(await receiver()).url}/hook`)),
    ...(await make.makeCalendar(tenantId)),
    lastingCalendarId: (await make.makeCalendar(tenantId)).calendarId,
    kindName: await make.makeKind(tenantId),
    ...(await make.makeFleet(tenantId)),
    ...(await make.makeDenialCase(tenantId)),
    lastingCaseId: (await make.makeDenialCase(tenantId)).caseId,
    invitationId: (await make.makeInvitation(tenantId, 'viewer')).invitation_id ?? '',
  }
}

/** About a task of a caller. */
const ofTask =
  (body?: Record<string, unknown>) =>
  ({ taskId }: Things) => ({ params: { task_id: taskId }, ...(body ? { body } : {}) })

/** Somebody with an account, for the routes about it. */
export async function makeAccount(tenantId: string, make: ReturnType<typeof factories>) {
  const { personId, email, token, sessionId } = await make.makePerson(tenantId, 'viewer')
  return { personId, email, sessionToken: token, sessionId }
}

/** A request that the route accepts. */
export type Sample = {
  params?: Record<string, string>
  query?: Record<string, string>
  body?: Record<string, unknown>
  /** Of a route that takes uploads, of the first type that it takes. */
  upload?: string
}

const inTenant =
  (query: Record<string, string> = {}) =>
  ({ tenantId }: Things) => ({
    query: { tenant_id: tenantId, ...query },
  })
const ofCustomKind =
  (body?: Record<string, unknown>) =>
  ({ tenantId, kindName }: Things) => ({
    ...{ params: { kind: `custom.${kindName}` }, query: { tenant_id: tenantId } },
    ...(body ? { body } : {}),
  })
const NO_TASK = '00000000-0000-4000-8000-000000000000'
/** Of a program that works outside. */
const worker =
  (body: Record<string, unknown>) =>
  ({ tenantId }: Things) => ({ query: { tenant_id: tenantId }, body })
const ofTenant =
  (sample: Omit<Sample, 'params'> = {}) =>
  ({ tenantId }: Things) => ({ params: { tenant_id: tenantId }, ...sample })
const ofConnector =
  (sample: Omit<Sample, 'params' | 'query'> = {}) =>
  ({ tenantId, connectorId }: Things) => ({
    params: { connector_id: connectorId },
    query: { tenant_id: tenantId },
    ...sample,
  })
const ofSignal =
  (sample: Omit<Sample, 'params' | 'query'> = {}) =>
  ({ tenantId, signalId }: Things) => ({
    params: { signal_id: signalId },
    query: { tenant_id: tenantId },
    ...sample,
  })
const ofOperatorSignal = ({ operatorSignalId }: Things) => ({ params: { signal_id: operatorSignalId } })
const ofChannel =
  (sample: Omit<Sample, 'params' | 'query'> = {}) =>
  ({ tenantId, channelId }: Things) => ({
    params: { channel_id: channelId },
    query: { tenant_id: tenantId },
    ...sample,
  })
const ofSubscription =
  (sample: Omit<Sample, 'params' | 'query'> = {}) =>
  ({ tenantId, subscriptionId }: Things) => ({
    params: { subscription_id: subscriptionId },
    query: { tenant_id: tenantId },
    ...sample,
  })
const ofReject = ({ tenantId, rejectId }: Things) => ({
  params: { reject_id: rejectId },
  query: { tenant_id: tenantId },
})

const ofDelivery = ({ tenantId, deliveryId }: Things) => ({
  params: { delivery_id: deliveryId },
  query: { tenant_id: tenantId },
})
const ofCalendar =
  (sample: Omit<Sample, 'params'> = {}) =>
  ({ tenantId, calendarId }: Things) => ({
    params: { calendar_id: calendarId },
    ...sample,
    query: { tenant_id: tenantId, ...sample.query },
  })
const ofCase =
  (sample: Omit<Sample, 'params' | 'query'> = {}, params: Record<string, string> = {}) =>
  ({ tenantId, caseId }: Things) => ({
    params: { case_id: caseId, ...params },
    query: { tenant_id: tenantId },
    ...sample,
  })
const ofDocument = ({ tenantId, caseId, documentId }: Things) => ({
  params: { case_id: caseId, document_id: documentId },
  query: { tenant_id: tenantId },
})
const ofFeed = ({ tenantId, calendarId, feedId }: Things) => ({
  params: { calendar_id: calendarId, feed_id: feedId },
  query: { tenant_id: tenantId },
})
const ofFleet =
  (params: (things: Things) => Record<string, string>, query: Record<string, string> = {}) =>
  (things: Things) => ({ params: params(things), query: { tenant_id: things.tenantId, ...query } })
/** Each time another week: what blocks once cannot be blocked twice. */
let blocks = 0
const blockOf = ({ vehicleId }: Things) => {
  const from = Date.parse('2030-01-01T00:00:00Z') + ++blocks * 7 * 86_400_000
  return {
    ...{ vehicle_id: vehicleId, kind: 'maintenance', reason: 'a sample' },
    ...{ from: new Date(from).toISOString(), to: new Date(from + 3_600_000).toISOString() },
  }
}
const POLICY = { rules: [{ name: 'all', targets: { first_response: 60, resolution: 'PT8H' } }] }
const ICALENDAR = [
  ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:sample', 'BEGIN:VEVENT', 'UID:1', 'DTSTART;VALUE=DATE:20200501'],
  ...['RRULE:FREQ=YEARLY', 'SUMMARY:May Day', 'END:VEVENT', 'END:VCALENDAR'],
].join('\r\n')
const CALENDAR = {
  zone: 'Europe/Berlin',
  weekly: { mon: [{ start: '09:00', end: '17:30' }] },
  holidays: [{ kind: 'yearly', month: 12, day: 25, name: 'Christmas' }],
  special_days: [{ date: '2026-12-24', intervals: [{ start: '09:00', end: '12:00' }] }],
}
const ofAlert =
  (sample: Omit<Sample, 'params' | 'query'> = {}) =>
  ({ tenantId, alertId }: Things) => ({ params: { alert_id: alertId }, query: { tenant_id: tenantId }, ...sample })
const everySlaFilter = {
  ...{ customer_tier: 'business', priority: 'high', status: 'open', sla_state: 'at_risk', group: 'network' },
  ...{ assignee: 'ada', due_before: '2999-01-01T00:00:00Z' },
}
const everyReportFilter = {
  ...{ from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z', sla_type: 'response', customer_tier: 'business' },
  ...{ priority: 'high', group: 'network', assignee: 'ada' },
}
const page = { query: { limit: '2' } }

const everyTicketFilter = {
  ...{ sentiment: 'neutral', requires_action: 'false', source: 'email', customer_id: 'customer-1', origin: 'provider' },
  ...{ created_from: '2000-01-01T00:00:00Z', created_to: '2999-01-01T00:00:00Z', include_deleted: 'true' },
  ...{ updated_from: '2000-01-01T00:00:00Z', updated_to: '2999-01-01T00:00:00Z', q: 'subject' },
  keyword: 'refund',
}

/** For every route one request that it accepts. A new route needs its line here, or the route tests fail. */
const SAMPLES: Record<string, (things: Things) => Sample> = {
  'GET /health': () => ({}),
  'GET /health/live': () => ({}),
  'GET /health/ready': () => ({}),
  'GET /metrics': () => ({}),
  'GET /api/v1/link': () => ({}),
  'GET /errors/:code': () => ({ params: { code: 'http.invalid' } }),

  'POST /api/v1/tenants': () => ({ body: { tenant_id: 'sample', name: 'Sample', time_zone: 'Europe/Berlin' } }),
  'GET /api/v1/tenants': () => page,
  'GET /api/v1/tenants/:tenant_id': ofTenant(),
  'PATCH /api/v1/tenants/:tenant_id': ofTenant({ body: { name: 'Renamed', time_zone: 'UTC' } }),
  'GET /api/v1/tenants/:tenant_id/audit': ofTenant(page),
  'GET /api/v1/tenants/:tenant_id/retention': ofTenant(),
  'PUT /api/v1/tenants/:tenant_id/retention': ofTenant({ body: { days: { tasks: 30, audit_log: 365 } } }),
  'GET /api/v1/tenants/:tenant_id/stats': ofTenant({
    query: { from: '2026-01-01T00:00:00Z', to: '2999-01-01T00:00:00Z' },
  }),

  'POST /api/v1/auth/sign-in': () => ({ body: { email: 'nobody@example.com', password: 'wrong but well-formed' } }),
  'POST /api/v1/auth/sign-out': () => ({}),
  'GET /api/v1/auth/session': () => ({}),
  'GET /api/v1/auth/sessions': () => page,
  'DELETE /api/v1/auth/sessions/:session_id': ({ sessionId }) => ({ params: { session_id: sessionId } }),
  'POST /api/v1/auth/sign-out-everywhere': () => ({}),
  'POST /api/v1/auth/sign-in/second-factor': () => ({ body: { challenge: '2fa-of-nobody.none', code: '123456' } }),
  'POST /api/v1/auth/second-factor': () => ({ body: { password: PASSWORD } }),
  'POST /api/v1/auth/second-factor/confirm': () => ({ body: { code: '123456' } }),
  'POST /api/v1/auth/second-factor/recovery-codes': () => ({ body: { password: PASSWORD } }),
  'POST /api/v1/auth/second-factor/disable': () => ({ body: { password: PASSWORD } }),
  'POST /api/v1/auth/token': () => ({
    body: { grant: 'password', email: 'nobody@example.com', password: 'wrong but well-formed' },
  }),
  'POST /api/v1/auth/token/refresh': () => ({ body: { refresh_token: 'sbf_of-nobody' } }),
  'POST /api/v1/auth/token/revoke': () => ({ body: { token: 'sbf_of-nobody' } }),
  'GET /api/v1/.well-known/jwks.json': () => ({}),
  'POST /api/v1/operator/signing-keys/replace': () => ({}),
  'GET /api/v1/worker/kinds': inTenant(),
  'GET /api/v1/worker/kinds/:kind': ofCustomKind(),
  'PUT /api/v1/worker/kinds/:kind': ofCustomKind({ about: 'Renders', payload_schema: { type: 'object' } }),
  'DELETE /api/v1/worker/kinds/:kind': ofCustomKind(),
  'POST /api/v1/worker/lease': worker({ kinds: ['custom.render'], wait_seconds: 0 }),
  'POST /api/v1/worker/heartbeat': worker({ task_id: NO_TASK, fencing: 1 }),
  'POST /api/v1/worker/complete': worker({ task_id: NO_TASK, fencing: 1 }),
  'POST /api/v1/worker/fail': worker({ task_id: NO_TASK, fencing: 1, message: 'Out of paper' }),
  'POST /api/v1/auth/forgot-password': () => ({ body: { email: 'nobody@example.com' } }),
  'POST /api/v1/auth/reset-password': () => ({
    body: { token: 'sbr_of-nobody', new_password: 'another horse battery' },
  }),
  'POST /api/v1/auth/prove-address': () => ({}),
  'POST /api/v1/auth/confirm-address': () => ({ body: { token: 'sbv_of-nobody' } }),
  'POST /api/v1/operator/password-resets': ({ email }) => ({ body: { email, removes_second_factor: true } }),
  'POST /api/v1/auth/change-password': () => ({
    body: { current_password: PASSWORD, new_password: 'another horse battery' },
  }),

  'GET /api/v1/tenants/:tenant_id/members': ofTenant(page),
  'PATCH /api/v1/tenants/:tenant_id/members/:person_id': ({ tenantId, personId }) => ({
    params: { tenant_id: tenantId, person_id: personId },
    body: { role: 'viewer' },
  }),
  'DELETE /api/v1/tenants/:tenant_id/members/:person_id': ({ tenantId, personId }) => ({
    params: { tenant_id: tenantId, person_id: personId },
  }),
  'POST /api/v1/tenants/:tenant_id/invitations': ofTenant({ body: { email: 'new@example.com', role: 'viewer' } }),
  'GET /api/v1/tenants/:tenant_id/invitations': ofTenant(page),
  'DELETE /api/v1/tenants/:tenant_id/invitations/:invitation_id': ({ tenantId, invitationId }) => ({
    params: { tenant_id: tenantId, invitation_id: invitationId },
  }),
  'POST /api/v1/invitations/accept': () => ({
    body: { token: 'sbi_of-nobody', name: 'New Person', password: 'long enough to be one' },
  }),
  'POST /api/v1/tenants/:tenant_id/api-keys': ofTenant({
    body: { name: 'sample', permissions: ['ticket.read'], expires_at: '2999-01-01T00:00:00Z' },
  }),
  'GET /api/v1/tenants/:tenant_id/api-keys': ofTenant(page),
  'DELETE /api/v1/tenants/:tenant_id/api-keys/:api_key_id': ({ tenantId, apiKeyId }) => ({
    params: { tenant_id: tenantId, api_key_id: apiKeyId },
  }),

  'GET /api/v1/request-secrets': inTenant(),
  'PUT /api/v1/request-secrets': (things) => ({
    ...inTenant()(things),
    body: { name: 'sample', value: 'Bearer sample', host: 'api.example.com' },
  }),
  'DELETE /api/v1/request-secrets/:name': (things) => ({ ...inTenant()(things), params: { name: 'sample' } }),
  'GET /api/v1/tasks': inTenant({ limit: '2', status: 'queued', kind: 'ingestion.run' }),
  'POST /api/v1/tasks': (things) => ({ ...inTenant()(things), body: { title: 'A sample' } }),
  'POST /api/v1/tasks/bulk': (things) => ({ ...inTenant()(things), body: { tasks: [{ title: 'A sample' }] } }),
  'POST /api/v1/tasks/cancel': inTenant({ q: 'nothing is called this', preview: 'true' }),
  'POST /api/v1/tasks/retry': inTenant({ q: 'nothing is called this', preview: 'true' }),
  'GET /api/v1/tasks/:task_id': ofTask(),
  'GET /api/v1/tasks/:task_id/events': ofTask(),
  'GET /api/v1/tasks/:task_id/explain': ofTask(),
  'GET /api/v1/tasks/:task_id/report': ofTask(),
  'PATCH /api/v1/tasks/:task_id': ofTask({ title: 'Another title' }),
  'PUT /api/v1/tasks/:task_id': ofTask({ title: 'Another title' }),
  'POST /api/v1/tasks/:task_id/retry': ofTask(),
  'POST /api/v1/tasks/:task_id/process': ofTask(),
  'POST /api/v1/tasks/:task_id/cancel': ofTask(),
  'DELETE /api/v1/tasks/:task_id': ofTask(),

  'GET /api/v1/signals': inTenant({
    ...{ limit: '2', state: 'open', kind: 'test.signal', minimum_severity: 'info', subject: 'thing:1' },
    include_snoozed: 'true',
  }),
  'GET /api/v1/deliveries': inTenant({ limit: '2', state: 'dead' }),
  'GET /api/v1/deliveries/:delivery_id': ofDelivery,
  'POST /api/v1/deliveries/:delivery_id/redrive': ofDelivery,
  'POST /api/v1/deliveries/redrive': inTenant(),
  'GET /api/v1/circuit/:name/status': () => ({ params: { name: 'notify' } }),
  'POST /api/v1/circuit/:name/reset': () => ({ params: { name: 'notify' } }),
  'GET /api/v1/circuits': inTenant(),
  'GET /api/v1/signals/stream': inTenant({ last_event_id: '0' }),
  'GET /api/v1/signals/:signal_id': ofSignal(),
  'POST /api/v1/signals/:signal_id/acknowledge': ofSignal(),
  'POST /api/v1/signals/:signal_id/snooze': (things) => ({
    ...ofSignal()(things),
    body: { until: new Date(Date.now() + 3_600_000).toISOString() },
  }),
  'POST /api/v1/signals/:signal_id/resolve': ofSignal(),
  'GET /api/v1/admin/status': () => ({}),
  'GET /api/v1/operator/task-shares/:tenant_id': ({ tenantId }) => ({ params: { tenant_id: tenantId } }),
  'PUT /api/v1/operator/task-shares/:tenant_id': ({ tenantId }) => ({
    ...{ params: { tenant_id: tenantId }, body: { weight: 2 } },
  }),
  'GET /api/v1/operator/signals': () => ({
    query: { limit: '2', state: 'all', kind: 'test.signal', minimum_severity: 'info' },
  }),
  'POST /api/v1/operator/signals/:signal_id/acknowledge': ofOperatorSignal,
  'POST /api/v1/operator/signals/:signal_id/resolve': ofOperatorSignal,

  'POST /api/v1/ingest/run': inTenant(),
  'GET /api/v1/ingest/progress/:job_id': ({ jobId }) => ({ params: { job_id: jobId } }),
  'GET /api/v1/ingest/progress/:job_id/stream': ({ jobId }) => ({ params: { job_id: jobId } }),
  'POST /api/v1/ingest/:job_id/confirm-deletions': ({ jobId }) => ({ params: { job_id: jobId } }),
  'GET /api/v1/ingest/status': inTenant(),
  'GET /api/v1/ingest/logs': inTenant({ limit: '2', status: 'queued' }),
  'GET /api/v1/ingest/rejects': inTenant({ limit: '2', job_id: '00000000-0000-4000-8000-000000000000' }),
  'GET /api/v1/ingest/rejects/groups': (things) => inTenant({ job_id: things.jobId })(things),
  'DELETE /api/v1/ingest/rejects': inTenant({ job_id: '00000000-0000-4000-8000-000000000000' }),
  'DELETE /api/v1/ingest/rejects/:reject_id': ofReject,
  'POST /api/v1/ingest/rejects/:reject_id/retry': ofReject,
  'POST /api/v1/ingest/import/preview': (things) => ({
    ...inTenant({ preset: 'zendesk', zone: 'Europe/Berlin', mapping: '{"constants":{"source":"mail"}}' })(things),
    upload: '{"id":1,"requester_id":2,"subject":"s","description":"m","created_at":"2026-01-01T00:00:00Z"}',
  }),
  'POST /api/v1/ingest/import': (things) => ({
    ...inTenant()(things),
    upload: '{"id":"sample","customer_id":"c","subject":"s","message":"m","created_at":"2026-01-01T00:00:00Z"}',
  }),
  'POST /api/v1/channels': (things) => ({
    ...inTenant()(things),
    body: { kind: 'webhook', name: 'sample', url: WEBHOOK_URL },
  }),
  'GET /api/v1/channels': inTenant({ limit: '2' }),
  'GET /api/v1/channels/:channel_id': ofChannel(),
  'PATCH /api/v1/channels/:channel_id': (things) => ({
    ...ofChannel()(things),
    body: { name: 'renamed', is_enabled: true, url: WEBHOOK_URL },
  }),
  'DELETE /api/v1/channels/:channel_id': ofChannel(),
  'POST /api/v1/channels/:channel_id/rotate-secret': ofChannel(),
  'POST /api/v1/channels/:channel_id/test': ofChannel(),
  'POST /api/v1/channels/:channel_id/ask-for-confirmation': ofChannel(),
  'POST /api/v1/channels/confirm-address': () => ({ body: { token: 'sbc_of-nobody' } }),
  'POST /api/v1/subscriptions': (things) => ({
    ...inTenant()(things),
    body: {
      ...{ channel_id: things.channelId, kinds: ['ticket.urgent'], minimum_severity: 'warning' },
      quiet_hours: { from: '22:00', to: '07:00' },
    },
  }),
  'GET /api/v1/subscriptions': (things) => inTenant({ limit: '2', channel_id: things.channelId })(things),
  'GET /api/v1/subscriptions/:subscription_id': ofSubscription(),
  'PATCH /api/v1/subscriptions/:subscription_id': ofSubscription({
    body: { kinds: [], minimum_severity: 'critical', quiet_hours: { from: '00:00', to: '23:59' } },
  }),
  'DELETE /api/v1/subscriptions/:subscription_id': ofSubscription(),
  'POST /api/v1/calendars': (things) => ({ ...inTenant()(things), body: { name: 'sample', document: CALENDAR } }),
  'GET /api/v1/calendars': inTenant({ limit: '2' }),
  'GET /api/v1/calendars/:calendar_id': ofCalendar({ query: { version: '1' } }),
  'GET /api/v1/calendars/:calendar_id/versions': ofCalendar(page),
  'GET /api/v1/calendars/:calendar_id/preview': ofCalendar({
    query: { from: '2026-03-02T00:00:00Z', to: '2026-03-09T00:00:00+01:00' },
  }),
  'PUT /api/v1/calendars/:calendar_id': ofCalendar({ body: { name: 'renamed', document: CALENDAR, version: 1 } }),
  'DELETE /api/v1/calendars/:calendar_id': ofCalendar(),
  'GET /api/v1/public-holidays/countries': inTenant(),
  'GET /api/v1/public-holidays': inTenant({ country: 'DE', year: '2026', region: 'BY' }),
  'GET /api/v1/calendars/:calendar_id/feeds': ofCalendar(),
  'POST /api/v1/calendars/:calendar_id/feeds': ofCalendar({ body: { kind: 'country', country: 'DE', region: 'BY' } }),
  'POST /api/v1/calendars/:calendar_id/feeds/file': ({ tenantId, lastingCalendarId }) => ({
    ...{
      params: { calendar_id: lastingCalendarId },
      query: { tenant_id: tenantId, name: 'sample' },
      upload: ICALENDAR,
    },
  }),
  'POST /api/v1/calendars/:calendar_id/feeds/:feed_id/refresh': ofFeed,
  'DELETE /api/v1/calendars/:calendar_id/feeds/:feed_id': ofFeed,
  'GET /api/v1/actions': inTenant({ place: 'vehicle' }),
  'POST /api/v1/actions/:name/preview': (things) => ({
    ...{ ...inTenant()(things), params: { name: 'vehicle.block' } },
    body: { parameters: blockOf(things) },
  }),
  'POST /api/v1/actions/preview': (things) => ({
    ...inTenant()(things),
    body: { steps: [{ action: 'vehicle.block', parameters: blockOf(things) }] },
  }),
  'POST /api/v1/actions/apply': (things) => ({
    ...inTenant()(things),
    body: { steps: [{ action: 'vehicle.block', parameters: blockOf(things) }], on_behalf_of: 'person:somebody' },
  }),
  'GET /api/v1/actions/receipts': inTenant({
    ...{ limit: '2', actor: 'operator', action: 'vehicle.block', subject: 'vehicle:1' },
  }),
  'GET /api/v1/actions/receipts/:receipt_id': ({ tenantId, receiptId }) => ({
    ...{ params: { receipt_id: receiptId }, query: { tenant_id: tenantId } },
  }),
  'GET /api/v1/fleet/vehicles': inTenant({ limit: '2', q: 'blue bus' }),
  'GET /api/v1/fleet/vehicles/:vehicle_id': ({ tenantId, vehicleId }) => ({
    ...{ params: { vehicle_id: vehicleId }, query: { tenant_id: tenantId, from: '2030-01-01T00:00:00Z' } },
  }),
  'GET /api/v1/fleet/drivers': inTenant({ limit: '2', q: 'a' }),
  'GET /api/v1/fleet/drivers/:driver_id': ({ tenantId, driverId }) => ({
    ...{ params: { driver_id: driverId }, query: { tenant_id: tenantId, from: '2030-01-01T00:00:00Z' } },
  }),
  'GET /api/v1/fleet/duty-rules': inTenant(),
  'GET /api/v1/sla/policy': inTenant({ version: '1' }),
  'PUT /api/v1/sla/policy': (things) => ({ ...inTenant()(things), body: { document: POLICY, note: 'sample' } }),
  'DELETE /api/v1/sla/policy': inTenant(),
  'GET /api/v1/sla/policy/versions': inTenant({ limit: '2' }),
  'POST /api/v1/sla/policy/restore': (things) => ({ ...inTenant()(things), body: { version: 1 } }),
  'POST /api/v1/sla/policy/validate': (things) => ({ ...inTenant()(things), body: { document: POLICY } }),
  'POST /api/v1/sla/policy/preview': (things) => ({
    ...inTenant()(things),
    body: { document: POLICY, limit: 5 },
  }),
  'GET /api/v1/operator/sla/policy': () => ({}),
  'POST /api/v1/cases': (things) => ({ ...inTenant()(things), body: { mode: 'fast', user_context: { state: 'NC' } } }),
  'GET /api/v1/cases': inTenant({ limit: '2', status: 'review' }),
  'GET /api/v1/cases/:case_id': ofCase(),
  'PATCH /api/v1/cases/:case_id': ofCase({ body: { assignee: 'somebody' } }),
  'POST /api/v1/cases/:case_id/documents': ({ tenantId, lastingCaseId }) => ({
    params: { case_id: lastingCaseId },
    query: { tenant_id: tenantId, doc_type: 'correspondence', name: 'note.txt' },
    upload: 'A note about the call with the insurer, of which nothing else is known.',
  }),
  'GET /api/v1/cases/:case_id/documents': ofCase(),
  'GET /api/v1/cases/:case_id/documents/:document_id/text': ofDocument,
  'POST /api/v1/cases/:case_id/run': ofCase(),
  'GET /api/v1/cases/:case_id/findings': ofCase(),
  'PUT /api/v1/cases/:case_id/facts/:field': ofCase({ body: { value: '2500.00' } }, { field: 'amounts.billed' }),
  'DELETE /api/v1/cases/:case_id/facts/:field': ofCase({}, { field: 'amounts.billed' }),
  'GET /api/v1/cases/:case_id/pack': ofCase(),
  'PUT /api/v1/cases/:case_id/pack/:document': ofCase({ body: { text: 'Call them.' } }, { document: 'call_script.md' }),
  'POST /api/v1/cases/:case_id/pack/overrule': ofCase({
    body: { document: 'fax_cover.md', text: '[Fill in: number of pages]', reason: 'It is written by hand.' },
  }),
  'POST /api/v1/cases/:case_id/pack/approve': ofCase({ body: { version: 1 } }),
  'DELETE /api/v1/cases/:case_id/documents/:document_id': ofDocument,
  'DELETE /api/v1/cases/:case_id': ofCase(),
  'GET /api/v1/fleet/stops': inTenant({ limit: '2', q: 'stop' }),
  'GET /api/v1/fleet/stops/:stop_id': ofFleet(({ stopId }) => ({ stop_id: stopId })),
  'GET /api/v1/fleet/paths': inTenant({ limit: '2' }),
  'GET /api/v1/fleet/paths/:path_id': ofFleet(({ pathId }) => ({ path_id: pathId })),
  'GET /api/v1/fleet/routes': (things) => inTenant({ limit: '2', path_id: things.pathId })(things),
  'GET /api/v1/fleet/routes/:route_id': ofFleet(({ routeId }) => ({ route_id: routeId })),
  'GET /api/v1/fleet/trips': (things) =>
    inTenant({
      ...{ limit: '2', from: '2030-01-01', to: '2030-01-02', status: 'scheduled', q: 'path' },
      ...{ vehicle_id: things.vehicleId, driver_id: things.driverId },
    })(things),
  'GET /api/v1/fleet/trips/:trip_id': ofFleet(({ tripId }) => ({ trip_id: tripId })),
  'GET /api/v1/fleet/trips/:trip_id/suggestions': ofFleet(({ tripId }) => ({ trip_id: tripId }), {
    ...{ for: 'vehicle', limit: '2' },
  }),
  'GET /api/v1/fleet/trips/:trip_id/bookings': ofFleet(({ tripId }) => ({ trip_id: tripId })),
  'GET /api/v1/fleet/attention': inTenant({ date: '2030-01-01' }),
  'GET /api/v1/fleet/summary': inTenant({ date: '2030-01-01' }),
  'GET /api/v1/fleet/most-used-vehicles': inTenant({ days: '7', limit: '2' }),
  'GET /api/v1/fleet/riders': inTenant({ limit: '2', q: 'rider' }),
  'GET /api/v1/fleet/riders/:rider_id': ofFleet(({ riderId }) => ({ rider_id: riderId })),
  'GET /api/v1/fleet/overbooked': inTenant({ from: '2030-01-01', to: '2030-01-02' }),
  'GET /api/v1/fleet/demand': inTenant({ from: '2030-01-01', to: '2030-01-02', by: 'office', limit: '2' }),
  'POST /api/v1/connectors': (things) => ({
    ...inTenant()(things),
    body: {
      ...{ name: 'sample', kind: 'zendesk', calls_per_minute: 10, settings: { base_url: things.helpdeskUrl } },
      credentials: ZENDESK_CREDENTIALS,
    },
  }),
  'GET /api/v1/connectors': inTenant({ limit: '2' }),
  'GET /api/v1/connectors/:connector_id': ofConnector(),
  'PATCH /api/v1/connectors/:connector_id': (things) => ({
    ...ofConnector()(things),
    body: { calls_per_minute: 20, credentials: ZENDESK_CREDENTIALS },
  }),
  'DELETE /api/v1/connectors/:connector_id': ofConnector(),
  'DELETE /api/v1/ingest/schedule': inTenant(),
  'PUT /api/v1/ingest/schedule': (things) => ({ ...inTenant()(things), body: { every_minutes: 60 } }),
  'GET /api/v1/tickets/:ticket_id/history': ({ tenantId, ticketId }) => ({
    params: { ticket_id: ticketId },
    query: { tenant_id: tenantId, limit: '2' },
  }),
  'DELETE /api/v1/ingest/:job_id': ({ jobId }) => ({ params: { job_id: jobId } }),

  'POST /api/v1/classify': (things) => ({
    ...inTenant()(things),
    body: { subject: 'Refund', message: 'It is broken.' },
  }),
  'GET /api/v1/classification/rules': inTenant(),
  'PUT /api/v1/classification/rules': (things) => ({ ...inTenant()(things), body: {} }),
  'DELETE /api/v1/classification/rules': inTenant(),
  'POST /api/v1/tickets/reclassify': inTenant(),
  'GET /api/v1/tickets/corrections': inTenant(),
  'PATCH /api/v1/tickets/:ticket_id/classification': ({ tenantId, ticketId }) => ({
    params: { ticket_id: ticketId },
    query: { tenant_id: tenantId },
    body: { urgency: 'high', sentiment: 'negative', requires_action: true },
  }),
  'DELETE /api/v1/tickets/:ticket_id/classification': ({ tenantId, ticketId }) => ({
    params: { ticket_id: ticketId },
    query: { tenant_id: tenantId },
  }),
  'POST /api/v1/sla/tickets': (things) => ({
    ...inTenant()(things),
    body: {
      tickets: [{ id: 'T-1', subject: 'VPN', content: 'It is down.', priority: 'high', customer_tier: 'business' }],
    },
  }),
  'GET /api/v1/sla/tickets/:ticket_id': ({ tenantId, ticketId }) => ({
    ...{ params: { ticket_id: ticketId }, query: { tenant_id: tenantId } },
  }),
  'POST /api/v1/sla/tickets/:ticket_id/merge': ({ tenantId, ticketId, otherTicketId }) => ({
    ...{ params: { ticket_id: ticketId }, query: { tenant_id: tenantId }, body: { into: otherTicketId } },
  }),
  'GET /api/v1/sla/dashboard': inTenant({ ...everySlaFilter, limit: '2' }),
  'GET /api/v1/sla/dashboard/export': inTenant(everySlaFilter),
  'GET /api/v1/sla/report': inTenant({ ...everyReportFilter, by: 'week' }),
  'GET /api/v1/sla/report/rows': inTenant({ ...everyReportFilter, outcome: 'missed', limit: '2' }),
  'GET /api/v1/sla/report/export': inTenant({ ...everyReportFilter, outcome: 'met' }),
  'GET /api/v1/sla/alerts': (things) => ({
    ...inTenant({
      ...{ limit: '2', state: 'all', alert_type: 'breach', minimum_severity: 'warning', include_snoozed: 'true' },
      ticket_id: '00000000-0000-4000-8000-000000000000',
    })(things),
  }),
  'POST /api/v1/sla/alerts/:alert_id/acknowledge': ofAlert(),
  'POST /api/v1/sla/alerts/:alert_id/resolve': ofAlert(),
  'POST /api/v1/sla/alerts/:alert_id/snooze': ofAlert({ body: { until: null } }),
  'PATCH /api/v1/sla/tickets/:ticket_id': ({ tenantId, ticketId }) => ({
    params: { ticket_id: ticketId },
    query: { tenant_id: tenantId },
    body: { ...{ priority: 'high', customer_tier: null, group: 'network', assignee: null, tags: ['vpn'] } },
  }),
  'GET /api/v1/tickets': inTenant({
    ...{ ...everyTicketFilter, status: 'open', urgency: 'low', limit: '2', sort: '-created_at' },
    cursor: encodeCursor(['-created_at', '2999-01-01T00:00:00Z', '00000000-0000-4000-8000-000000000000']),
  }),
  'GET /api/v1/tickets/urgent': inTenant({ ...everyTicketFilter, sort: 'relevance', page: '1', page_size: '2' }),
  'GET /api/v1/tickets/export': inTenant({ ...everyTicketFilter, status: 'open', urgency: 'low', format: 'ndjson' }),
  'GET /api/v1/tickets/:ticket_id': ({ tenantId, ticketId }) => ({
    ...{ params: { ticket_id: ticketId }, query: { tenant_id: tenantId } },
  }),
}

export const nameOf = ({ url, route }: MountedRoute) => `${route.method} ${url}`

/** A request that the route accepts, about these things. */
export function sampleOf(mounted: MountedRoute, things: Things): Sample {
  const sample = SAMPLES[nameOf(mounted)]
  if (!sample) {
    throw new Error(
      `No sample for ${nameOf(mounted)}. Add a request that it accepts to SAMPLES in test/routes/samples.ts.`,
    )
  }
  return sample(things)
}

/** The parameters in a route's path that name a thing, without the tenant. */
export const thingParameters = ({ url }: MountedRoute) =>
  [...url.matchAll(/:(\w+)/g)].flatMap(([, name]) => (name !== undefined && name !== 'tenant_id' ? [name] : []))

/** Samples for routes that no longer exist. */
export const staleSamples = (routes: readonly MountedRoute[]) => {
  const names = new Set(routes.map(nameOf))
  return Object.keys(SAMPLES).filter((name) => !names.has(name))
}

/** Path and query of a request. */
export function addressOf({ url }: MountedRoute, { params = {}, query = {} }: Sample): string {
  const path = url.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  const search = new URLSearchParams(query).toString()
  return search === '' ? path : `${path}?${search}`
}

/** How often anybody outside was called by what the samples are about. */
export async function callsOutside(): Promise<number> {
  const all = await Promise.all([receiver(), helpdesk()])
  return all.reduce((sum, outside) => sum + outside.calls().length, 0)
}
