import {
  basic,
  type FakeHelpdesk,
  type FakeTicket,
  limitPerMinute,
  type Reply,
  serveHelpdesk,
  wireTime,
} from './helpdesk.ts'

export type FakeFreshdeskOptions = {
  api_key?: string
  /** An agent without access to tickets is refused the list. */
  role?: 'agent' | 'no_tickets'
  /** Of the account; 0 = unlimited. */
  callsPerMinute?: number
  now?: () => Date
}

type Kept = { changedAt: Date; body: Record<string, unknown> }

const PAGES_MAX = 300
const LISTED_BY_DEFAULT_DAYS = 30

/**
 * A Freshdesk account in memory: `agents/me`, the list of tickets with its numbered pages that move while they are read,
 * single tickets.
 *
 * @see https://developers.freshdesk.com/api/#list_all_tickets
 */
export async function startFakeFreshdesk(options: FakeFreshdeskOptions = {}): Promise<FakeHelpdesk> {
  const { api_key = 'freshdesk-key', role = 'agent', callsPerMinute = 0, now = () => new Date() } = options
  const tickets = new Map<string, Kept>()
  let idsGiven = 0
  /** Sorting 30,000 tickets for each of 300 pages takes longer than serving them. */
  let ordered: Kept[] | undefined

  const server = await serveHelpdesk({
    now,
    admit: limitPerMinute(callsPerMinute, now),
    throttled: { message: 'You have exceeded the limit of requests per minute' },
    answer: ({ path, query, authorization }) => {
      if (authorization !== basic(api_key, 'X'))
        return refusal(401, 'invalid_credentials', 'You have to be logged in to perform this action.')
      if (path === '/api/v2/agents/me') return { status: 200, body: AGENT }
      if (role === 'no_tickets') return refusal(403, 'access_denied', 'You are not authorized to perform this action.')
      if (path === '/api/v2/tickets') return listPage(query)
      const [, id] = /^\/api\/v2\/tickets\/(\d+)$/.exec(path) ?? []
      const kept = tickets.get(id ?? '')
      return kept === undefined ? { status: 404 } : { status: 200, body: kept.body }
    },
  })

  function listPage(query: URLSearchParams): Reply {
    const page = Number(query.get('page') ?? 1)
    const size = Number(query.get('per_page') ?? 30)
    if (page > PAGES_MAX) {
      return invalid('page', 'You cannot access tickets beyond the 300th page. Please provide a smaller page number.')
    }
    if (size > 100) return invalid('per_page', 'It should be a Positive Integer less than or equal to 100')
    if (query.get('order_by') !== 'updated_at' && query.has('order_by'))
      return invalid('order_by', 'Unknown to this fake')
    const matching = matchingTickets(query)
    const shown = matching.slice((page - 1) * size, page * size)
    const included = query.get('include')?.split(',') ?? []
    const isDescribed = included.includes('description')
    const hasStats = included.includes('stats')
    query.set('page', String(page + 1))
    return {
      status: 200,
      body: shown.map(({ body }) => ({
        ...body,
        ...(isDescribed ? {} : { description: undefined, description_text: undefined }),
        ...(hasStats ? {} : { stats: undefined }),
      })),
      headers: matching.length > page * size ? { link: `<${server.url}/api/v2/tickets?${query}>; rel="next"` } : {},
    }
  }

  function matchingTickets(query: URLSearchParams): Kept[] {
    const filter = query.get('filter')
    const since = query.has('updated_since') ? Date.parse(query.get('updated_since') ?? '') : null
    const oldest = now().getTime() - LISTED_BY_DEFAULT_DAYS * 86_400_000
    ordered ??= [...tickets.values()].sort(
      (one, other) =>
        one.changedAt.getTime() - other.changedAt.getTime() || Number(one.body.id) - Number(other.body.id),
    )
    return ordered.filter(({ changedAt, body }) => {
      if (since === null ? Date.parse(String(body.created_at)) < oldest : changedAt.getTime() < since) return false
      if (filter === 'deleted') return body.deleted === true
      if (filter === 'spam') return body.spam === true && body.deleted !== true
      return body.deleted !== true && body.spam !== true
    })
  }

  const keep = (id: string, kept: Kept) => {
    tickets.set(id, kept)
    ordered = undefined
  }

  const change = (id: string, fields: Record<string, unknown>) => {
    const kept = tickets.get(id)
    if (kept === undefined) throw new Error(`the fake has no ticket ${id}`)
    const changedAt = inWholeSeconds(now())
    keep(id, { changedAt, body: { ...kept.body, updated_at: wireTime(changedAt), ...fields } })
  }

  return {
    ...server,
    put: (ticket) => {
      idsGiven += 1
      const id = String(ticket.id ?? idsGiven)
      const changedAt = inWholeSeconds(ticket.updated_at === undefined ? now() : new Date(ticket.updated_at))
      const before = tickets.get(id)?.body ?? blank(Number(id), changedAt)
      keep(id, { changedAt, body: { ...before, ...written(ticket), updated_at: wireTime(changedAt), ...ticket.raw } })
      return id
    },
    remove: (id) => change(id, { deleted: true }),
    restore: (id) => change(id, { deleted: undefined }),
  }
}

const AGENT = {
  available: true,
  occasional: false,
  id: 1,
  ticket_scope: 1,
  contact: { active: true, email: 'rachel@freshdesk.com', name: 'Rachel', time_zone: 'Chennai' },
}

const refusal = (status: number, code: string, message: string): Reply => ({ status, body: { code, message } })

const invalid = (field: string, message: string): Reply => ({
  status: 400,
  body: { description: 'Validation failed', errors: [{ field, message, code: 'invalid_value' }] },
})

const inWholeSeconds = (at: Date) => new Date(Math.floor(at.getTime() / 1_000) * 1_000)

function written(ticket: FakeTicket): Record<string, unknown> {
  const { message } = ticket
  return {
    ...(ticket.subject === undefined ? {} : { subject: ticket.subject }),
    ...(message === undefined
      ? {}
      : { description: message === null ? null : `<div>${message}</div>`, description_text: message }),
    ...(ticket.status === undefined ? {} : { status: { open: 2, pending: 3, closed: 5 }[ticket.status] }),
    ...(ticket.source === undefined ? {} : { source: { email: 1, web: 2, chat: 7 }[ticket.source] }),
    ...(ticket.customer_id === undefined ? {} : { requester_id: ticket.customer_id }),
    ...(ticket.created_at === undefined ? {} : { created_at: ticket.created_at }),
  }
}

const blank = (id: number, at: Date): Record<string, unknown> => ({
  cc_emails: [],
  fwd_emails: [],
  reply_cc_emails: [],
  fr_escalated: false,
  spam: false,
  email_config_id: null,
  group_id: null,
  priority: 1,
  requester_id: 6012691534,
  responder_id: null,
  source: 2,
  company_id: null,
  status: 2,
  subject: `Ticket ${id}`,
  product_id: null,
  type: null,
  due_by: wireTime(at),
  fr_due_by: wireTime(at),
  is_escalated: false,
  custom_fields: {},
  id,
  created_at: wireTime(at),
  tags: [],
  description: `<div>What ticket ${id} says</div>`,
  description_text: `What ticket ${id} says`,
})
