import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { call } from './call.ts'
import { administer } from './server.ts'
import { OPERATOR_TOKEN } from './system.ts'

export type Role = 'viewer' | 'agent' | 'manager' | 'owner'
export type Member = { personId: string; email: string; token: string; sessionId: string }

export const PASSWORD = 'correct horse battery'

type Answer = Record<string, string>

const DENIAL_LETTER = readFileSync(new URL('../../eval/denials/letters/pa_denial_001.txt', import.meta.url), 'utf8')

/** Makes what tests need through the public API, as a customer would; `url` is where the system serves. */
export function factories(system: { readonly url: string; readonly databaseUrl: string }) {
  /** Sends and expects success; the body of the answer. */
  const make = async (path: string, body: unknown, token = OPERATOR_TOKEN): Promise<Answer> => {
    const answer = await call<Answer>(`${system.url}/api/v1${path}`, { method: 'POST', token, body })
    if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`)
    return answer.body
  }

  const insertReturning = (statement: string, values: unknown[]): Promise<string> =>
    administer(system.databaseUrl, async (superuser) => {
      const { rows } = await superuser.query<{ id: string }>(statement, values)
      return rows[0]?.id ?? ''
    })

  /** Its token, also where it goes by mail: then as if that mail had been written. */
  const makeInvitation = async (tenantId: string, role: Role, email = `${randomUUID()}@example.com`) => {
    const made = await make(`/tenants/${tenantId}/invitations`, { email, role })
    if (made.token) return made
    const token = `sbi_${randomUUID()}`
    await insertReturning(
      'update invitations set token_hash = sha256($2::text::bytea) where invitation_id = $1 returning invitation_id as id',
      [made.invitation_id, token],
    )
    return { ...made, token }
  }

  /** Does a safe action as the operator; its result. */
  const doSafely = async (tenantId: string, action: string, parameters: Record<string, unknown>) => {
    type Applied = { receipt_id: string; steps: { result: Record<string, string> }[] }
    const body = { steps: [{ action, parameters }] }
    const done = (await make(`/actions/apply?tenant_id=${tenantId}`, body)) as unknown as Applied
    return { ...done.steps[0]?.result, receipt_id: done.receipt_id } as Record<string, string>
  }

  return {
    makeInvitation,

    makeTenant: (tenantId: string) => make('/tenants', { tenant_id: tenantId, name: `Tenant ${tenantId}` }),

    /** Somebody who accepted an invitation to the tenant and signed in. */
    makePerson: async (tenantId: string, role: Role): Promise<Member> => {
      const [email, password] = [`${randomUUID()}@example.com`, PASSWORD]
      const { token: invitation } = await makeInvitation(tenantId, role, email)
      await make('/invitations/accept', { token: invitation, name: `A ${role}`, password })
      const session = await call<{ token: string; person: { id: string } }>(`${system.url}/api/v1/auth/sign-in`, {
        ...{ method: 'POST', body: { email, password } },
      })
      const { token, person } = session.body
      const listed = await call<{ sessions: { session_id: string }[] }>(`${system.url}/api/v1/auth/sessions`, { token })
      return { personId: person.id, email, token, sessionId: listed.body.sessions[0]?.session_id ?? '' }
    },

    makeKey: async (tenantId: string, permissions: readonly string[]) => {
      const { api_key_id: apiKeyId = '', secret = '' } = await make(`/tenants/${tenantId}/api-keys`, {
        ...{ name: 'a key of the tests', permissions },
      })
      return { apiKeyId, secret }
    },

    /** A queued ingestion job, which is also a task. */
    makeJob: async (tenantId: string) => (await make(`/ingest/run?tenant_id=${tenantId}`, undefined)).job_id ?? '',

    /** One of a caller, that waits until tomorrow. */
    makeTask: async (tenantId: string) => {
      const run_at = new Date(Date.now() + 86_400_000).toISOString()
      return (await make(`/tasks?tenant_id=${tenantId}`, { title: 'A task', run_at })).task_id ?? ''
    },

    /** One whose credentials nobody can open. */
    makeConnector: (tenantId: string, helpdeskUrl: string) =>
      insertReturning(
        `insert into connectors (tenant_id, connector_id, name, kind, settings, sealed_credentials, account, calls_per_minute, checked_at, created_by)
         values ($1, gen_random_uuid(), 'helpdesk', 'zendesk', jsonb_build_object('base_url', $2::text), '', 'An agent', 10, now(), 'operator')
         returning connector_id as id`,
        [tenantId, helpdeskUrl],
      ),

    /** With the holidays of a country. */
    /** A kind of tasks of the tenant's own; its name behind `custom.`. */
    makeKind: async (tenantId: string) => {
      const name = randomUUID()
      const put = await call(`${system.url}/api/v1/worker/kinds/custom.${name}?tenant_id=${tenantId}`, {
        ...{ method: 'PUT', token: OPERATOR_TOKEN, body: { about: 'Renders', payload_schema: { type: 'object' } } },
      })
      if (put.status >= 300) throw new Error(`a kind was not registered: ${put.status} ${put.text}`)
      return name
    },

    makeCalendar: async (tenantId: string) => {
      const document = { zone: 'Europe/Berlin', weekly: { mon: [{ start: '09:00', end: '17:30' }] } }
      const made = await make(`/calendars?tenant_id=${tenantId}`, { name: `calendar ${randomUUID()}`, document })
      const calendarId = made.calendar_id ?? ''
      const federal = { kind: 'country', country: 'US' }
      const feed = await make(`/calendars/${calendarId}/feeds?tenant_id=${tenantId}`, federal)
      return { calendarId, feedId: feed.feed_id ?? '' }
    },

    /** One thing of each kind that a fleet has, and the receipt of adding the vehicle. */
    makeFleet: async (tenantId: string) => {
      const vehicle = await doSafely(tenantId, 'vehicle.add', { registration: 'KA-01-0001', kind: 'bus', seats: 40 })
      const driver = await doSafely(tenantId, 'driver.add', { name: 'A driver', phone: '+91 80 0000 0001' })
      const stopId = (await doSafely(tenantId, 'stop.add', { name: 'A stop' })).stop_id ?? ''
      const otherStop = (await doSafely(tenantId, 'stop.add', { name: 'Another stop' })).stop_id ?? ''
      const stops = [stopId, otherStop].map((stop_id, at) => ({ stop_id, minutes: at * 10, metres: at * 1_000 }))
      const pathId = (await doSafely(tenantId, 'path.add', { name: 'A path', stops })).path_id ?? ''
      const route = { name: 'A route', path_id: pathId, direction: 'up', departs: '08:00', planned_seats: 20 }
      const { route_id: routeId = '' } = await doSafely(tenantId, 'route.add', { ...route, valid_from: '2030-01-01' })
      const trip = { path_id: pathId, date: '2030-01-01', departs: '08:00', seats: 20 }
      const { trip_id: tripId = '' } = await doSafely(tenantId, 'trip.add', trip)
      const riderId = (await doSafely(tenantId, 'rider.add', { name: 'A rider' })).rider_id ?? ''
      const { vehicle_id: vehicleId = '', receipt_id: receiptId = '' } = vehicle
      return { vehicleId, driverId: driver.driver_id ?? '', receiptId, stopId, pathId, routeId, tripId, riderId }
    },

    /** The next version of the tenant's SLA policy. */
    makePolicy: async (tenantId: string): Promise<number> => {
      const document = { rules: [{ name: randomUUID(), targets: { resolution: 60 } }] }
      const url = `${system.url}/api/v1/sla/policy?tenant_id=${tenantId}`
      const put = { method: 'PUT' as const, token: OPERATOR_TOKEN, body: { document } }
      return (await call<{ version: number }>(url, put)).body.version
    },

    /** One for a letter that was read: with findings and documents. */
    makeDenialCase: async (tenantId: string) => {
      const { case_id: caseId = '' } = await make(`/cases?tenant_id=${tenantId}`, {})
      const letter = `${system.url}/api/v1/cases/${caseId}/documents?tenant_id=${tenantId}&doc_type=denial_letter`
      const added = await call<{ document_id: string }>(letter, {
        ...{ method: 'POST', token: OPERATOR_TOKEN, body: DENIAL_LETTER },
        headers: { 'content-type': 'application/octet-stream' },
      })
      await make(`/cases/${caseId}/run?tenant_id=${tenantId}`, undefined)
      return { caseId, documentId: added.body.document_id }
    },

    /** A webhook, and a subscription to all signals. */
    makeChannel: async (tenantId: string, webhookUrl: string) => {
      const webhook = { kind: 'webhook', name: 'a webhook', url: webhookUrl }
      const { channel_id: channelId = '' } = await make(`/channels?tenant_id=${tenantId}`, webhook)
      const { subscription_id: subscriptionId = '' } = await make(`/subscriptions?tenant_id=${tenantId}`, {
        channel_id: channelId,
      })
      return { channelId, subscriptionId }
    },

    makeReject: (tenantId: string, jobId: string) =>
      insertReturning(
        `insert into ingestion_rejects (tenant_id, external_id, job_id, reason, body)
         values ($1, $2, $3, 'status: unknown', '{}') returning reject_id as id`,
        [tenantId, randomUUID(), jobId],
      ),

    /** A dead one. */
    makeDelivery: (tenantId: string, signalId: string) =>
      insertReturning(
        `insert into deliveries (tenant_id, channel_id, signal_id, circuit, subject, state, ended_at)
         select tenant_id, channel_id, $2, circuit, 'thing:1', 'dead', now() from channels where tenant_id = $1 and kind = 'notify'
         returning delivery_id as id`,
        [tenantId, signalId],
      ),

    /** An open one. */
    makeSignal: (tenantId: string, kind = 'test.signal') =>
      insertReturning(
        `insert into signals (tenant_id, kind, subject, severity, title, dedupe_key)
         values ($1, $3, 'thing:1', 'warning', 'Somebody has to look', $2) returning signal_id as id`,
        [tenantId, randomUUID(), kind],
      ),

    makeOperatorSignal: () =>
      insertReturning(
        `insert into platform.operator_signals (kind, subject, severity, title, dedupe_key)
         values ('test.signal', 'thing:1', 'warning', 'Somebody has to look', $1) returning signal_id as id`,
        [randomUUID()],
      ),

    makeTicket: (tenantId: string) =>
      insertReturning(
        `insert into tickets (tenant_id, external_id, source, customer_id, subject, message, status, created_at, updated_at)
         values ($1, $2, 'email', 'customer-1', 'A subject', 'A message', 'open', now(), now()) returning ticket_id as id`,
        [tenantId, randomUUID()],
      ),
  }
}
