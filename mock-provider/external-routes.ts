import { detail, type Incoming, type Reply } from './exchange.ts'
import { checkListQuery, checkNotification } from './fastapi-validation.ts'
import type { Route } from './faults.ts'
import type { Provider } from './provider.ts'

/** The route a path belongs to, with the ticket id where it carries one. */
export function routeOf(path: string): { route: Route; id?: string } | undefined {
  switch (path) {
    case '/external/support-tickets':
    case '/external/deleted-tickets':
    case '/notify':
    case '/health':
    case '/rate-limit/status':
      return { route: path }
  }
  const id = /^\/external\/support-tickets\/([^/]+)$/.exec(path)?.[1]
  return id === undefined ? undefined : { route: '/external/support-tickets/{id}', id: decode(id) }
}

/** Answers a call to the provider proper, without any fault. */
export async function answer(provider: Provider, incoming: Incoming): Promise<Reply> {
  const found = routeOf(incoming.path)
  if (!found) return detail(404, 'Not Found')
  const method = found.route === '/notify' ? 'POST' : 'GET'
  if (incoming.method !== method) return detail(405, 'Method Not Allowed', { allow: method })
  switch (found.route) {
    case '/external/support-tickets':
      return listTickets(provider, incoming)
    case '/external/support-tickets/{id}':
      return withinRate(provider, () => oneTicket(provider, found.id ?? ''))
    case '/external/deleted-tickets':
      return withinRate(provider, () => ok({ deleted_ids: provider.tickets().deletedIds() }))
    case '/notify':
      return notify(provider, incoming)
    case '/health':
      return ok({ status: 'ok', service: 'mock-external-api' })
    case '/rate-limit/status':
      return ok(provider.rateWindow.status())
  }
}

function listTickets(provider: Provider, incoming: Incoming): Reply {
  const checked = checkListQuery(incoming.query, provider.knobs().pageSizeCap)
  // Validation comes before the limiter: a call that is wrong costs no budget.
  if ('problems' in checked) return detail(422, checked.problems)
  return withinRate(provider, () => {
    const page = provider.tickets().page(checked.value)
    provider.drift()
    return ok(page)
  })
}

function oneTicket(provider: Provider, id: string): Reply {
  const ticket = provider.tickets().find(id)
  if (ticket === 'unknown') return detail(404, 'Ticket not found')
  return ticket === 'deleted' ? detail(404, 'Ticket deleted') : ok(ticket)
}

async function notify(provider: Provider, incoming: Incoming): Promise<Reply> {
  const checked = checkNotification(incoming.body, incoming.contentType)
  if ('problems' in checked) return detail(422, checked.problems)
  return provider.notify.receive(checked.value, incoming)
}

function withinRate(provider: Provider, admitted: () => Reply): Reply {
  const retryAfter = provider.rateWindow.admit()
  return retryAfter === null ? admitted() : detail(429, 'Too Many Requests', { 'retry-after': String(retryAfter) })
}

const ok = (body: unknown): Reply => ({ status: 200, body })

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
