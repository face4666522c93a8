import {
  basic,
  type FakeHelpdesk,
  type FakeTicket,
  limitPerMinute,
  type Reply,
  serveHelpdesk,
  wireTime,
} from './helpdesk.ts'

export type FakeZendeskOptions = {
  email?: string
  api_token?: string
  oauth_token?: string
  /** Only admins may read the export. */
  role?: 'admin' | 'agent'
  /** Of the export; 0 = unlimited. Zendesk's own is 10. */
  callsPerMinute?: number
  /** Pages are never larger, whatever is asked for. */
  pageSizeMax?: number
  now?: () => Date
}

type Kept = { sequence: number; changedAt: Date; isRemoved: boolean; body: Record<string, unknown> }

/**
 * A Zendesk account in memory: `users/me`, the cursor-based ticket export, single tickets. The export is ordered by when
 * tickets changed last; unlike Zendesk's it holds nothing back for a minute, so that tests need not wait.
 *
 * @see https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/#incremental-ticket-export-cursor-based
 */
export async function startFakeZendesk(options: FakeZendeskOptions = {}): Promise<FakeHelpdesk> {
  const { email = 'agent@example.com', api_token = 'zendesk-token', oauth_token = 'zendesk-oauth' } = options
  const { role = 'admin', callsPerMinute = 0, pageSizeMax = 1_000, now = () => new Date() } = options
  const tickets = new Map<string, Kept>()
  let sequence = 0
  const keys = [basic(`${email}/token`, api_token), `Bearer ${oauth_token}`]
  const limit = limitPerMinute(callsPerMinute, now)

  const server = await serveHelpdesk({
    now,
    admit: ({ path }) => (path.includes('/incremental/') ? limit() : null),
    throttled: {
      error: 'APIRateLimitExceeded',
      description: 'Number of allowed incremental ticket export API requests per minute exceeded',
    },
    answer: ({ path, query, authorization }) => {
      const isKnown = keys.includes(authorization ?? '')
      if (path === '/api/v2/users/me.json')
        return { status: 200, body: { user: isKnown ? user(role, email) : ANONYMOUS } }
      if (!isKnown) return { status: 401, body: { error: "Couldn't authenticate you" } }
      if (path === '/api/v2/incremental/tickets/cursor.json') return exportPage(query)
      const [, id] = /^\/api\/v2\/tickets\/(\d+)\.json$/.exec(path) ?? []
      const kept = tickets.get(id ?? '')
      if (kept === undefined || kept.isRemoved) return NOT_FOUND
      return { status: 200, body: { ticket: kept.body } }
    },
  })

  function exportPage(query: URLSearchParams): Reply {
    if (role !== 'admin') {
      return { status: 403, body: { error: 'Forbidden', description: 'You do not have access to this page.' } }
    }
    const cursor = query.get('cursor')
    const start = query.get('start_time')
    const after = cursor === null ? 0 : sequenceOf(cursor)
    if (after === null || (cursor === null && !/^\d+$/.test(start ?? ''))) {
      return { status: 400, body: { error: 'InvalidValue', description: 'start_time or cursor is invalid' } }
    }
    const size = Math.min(Number(query.get('per_page') ?? 1_000), pageSizeMax)
    const waiting = [...tickets.values()]
      .filter((kept) => kept.sequence > after && kept.changedAt.getTime() / 1_000 >= Number(start ?? 0))
      .sort((one, other) => one.sequence - other.sequence)
    const page = waiting.slice(0, size)
    const last = page.at(-1)
    const next = last === undefined ? cursor : cursorOf(last)
    const isMeasured = query.get('include')?.split(',').includes('metric_sets') ?? false
    const path = `${server.url}/api/v2/incremental/tickets/cursor.json`
    return {
      status: 200,
      body: {
        tickets: page.map(({ body, isRemoved, changedAt }) => ({
          ...body,
          ...(isMeasured ? {} : { metric_set: undefined }),
          ...(isRemoved ? { status: 'deleted' } : {}),
          generated_timestamp: Math.floor(changedAt.getTime() / 1_000),
        })),
        after_url: next === null ? null : `${path}?cursor=${encodeURIComponent(next)}`,
        after_cursor: next,
        before_url: null,
        before_cursor: null,
        end_of_stream: waiting.length === page.length,
      },
    }
  }

  const change = (id: string, isRemoved: boolean) => {
    const kept = tickets.get(id)
    if (kept === undefined) throw new Error(`the fake has no ticket ${id}`)
    sequence += 1
    const body = { ...kept.body, updated_at: wireTime(now()) }
    tickets.set(id, { sequence, changedAt: now(), isRemoved, body })
  }

  return {
    ...server,
    put: (ticket) => {
      sequence += 1
      const id = String(ticket.id ?? sequence)
      const changedAt = ticket.updated_at === undefined ? now() : new Date(ticket.updated_at)
      const before = tickets.get(id)?.body ?? blank(Number(id), server.url, changedAt)
      const body = { ...before, ...written(ticket), updated_at: wireTime(changedAt), ...ticket.raw }
      tickets.set(id, { sequence, changedAt, isRemoved: false, body })
      return id
    },
    remove: (id) => change(id, true),
    restore: (id) => change(id, false),
  }
}

const NOT_FOUND = { status: 404, body: { error: 'RecordNotFound', description: 'Not found' } }
const ANONYMOUS = { id: null, name: 'Anonymous user', email: 'invalid@example.com', role: 'end-user' }

const user = (role: string, email: string) => ({ id: 369531345753, name: 'Sample agent', email, role })

/** Looks like Zendesk's, and as there nobody but the fake may look inside. */
const cursorOf = ({ sequence, changedAt }: Kept) =>
  Buffer.from(`${Math.floor(changedAt.getTime() / 1_000)}.0||${sequence}|`).toString('base64')

function sequenceOf(cursor: string): number | null {
  const [, sequence] = /^\d+\.0\|\|(\d+)\|$/.exec(Buffer.from(cursor, 'base64').toString()) ?? []
  return sequence === undefined ? null : Number(sequence)
}

function written(ticket: FakeTicket): Record<string, unknown> {
  return {
    ...(ticket.subject === undefined ? {} : { subject: ticket.subject, raw_subject: ticket.subject }),
    ...(ticket.message === undefined ? {} : { description: ticket.message }),
    ...(ticket.status === undefined
      ? {}
      : { status: { open: 'open', pending: 'pending', closed: 'solved' }[ticket.status] }),
    ...(ticket.source === undefined
      ? {}
      : { via: { channel: ticket.source, source: { from: {}, to: {}, rel: null } } }),
    ...(ticket.customer_id === undefined ? {} : { requester_id: ticket.customer_id }),
    ...(ticket.created_at === undefined ? {} : { created_at: ticket.created_at }),
  }
}

const blank = (id: number, url: string, at: Date): Record<string, unknown> => ({
  url: `${url}/api/v2/tickets/${id}.json`,
  id,
  external_id: null,
  via: { channel: 'web', source: { from: {}, to: {}, rel: null } },
  created_at: wireTime(at),
  type: null,
  subject: `Ticket ${id}`,
  raw_subject: `Ticket ${id}`,
  description: `What ticket ${id} says`,
  priority: null,
  status: 'open',
  custom_status_id: 12480498776781,
  recipient: null,
  requester_id: 377922500012,
  submitter_id: 377922500012,
  tags: [],
  custom_fields: [],
  is_public: true,
})
