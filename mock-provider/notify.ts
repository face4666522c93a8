import type { NotifyMode } from './options.ts'
import type { Random } from './random.ts'
import { untilAborted, wait } from './wait.ts'

/**
 * POST /notify, the unstable receiver of notifications.
 *
 * As shipped, in this order: the attempt is counted (by ticket_id alone, whatever the tenant) → it takes 0.1 to 0.5 s →
 * 503 while its own circuit is open → 500 on a ticket's first and second attempt → 200 from the third on, again and
 * again, for it does not recognise repeats. Ten 500s in a row, over all tickets, open the circuit for 30 s; attempts
 * made meanwhile still count, and a 200 ends the row.
 */
export type Notification = { ticket_id: string; tenant_id: string; urgency: string; reason: string }
export type NotifyAnswer = { status: 200 | 500 | 503; body: Record<string, unknown> }
export type NotifiedTicket = { ticket_id: string; attempts: number; sent: number }

export const FAILURES_THAT_OPEN_THE_CIRCUIT = 10
export const CIRCUIT_OPEN_SECONDS = 30
const FAILING_ATTEMPTS = 2
/** Beyond this many tickets the one seen first is forgotten, so that a provider left running stays bounded. */
const REMEMBERED_TICKETS = 100_000

export type NotifySettings = { mode: NotifyMode; delayMinMs: number; delayMaxMs: number; slowMs: number }
export type Notify = {
  /**
   * The answer, or null when there is none to give. `callerGone` ends a call that hangs, `closing` ends any: a caller
   * who hangs up on an ordinary call does not undo its effects.
   */
  receive(
    notification: Notification,
    signals: { callerGone: AbortSignal; closing: AbortSignal },
  ): Promise<NotifyAnswer | null>
  tickets(): NotifiedTicket[]
  clear(): void
}

export function createNotify(settings: () => NotifySettings, now: () => number, random: () => Random): Notify {
  const tickets = new Map<string, NotifiedTicket>()
  let failuresInARow = 0
  let openUntil = 0

  const countAttempt = (ticketId: string): NotifiedTicket => {
    const ticket = tickets.get(ticketId) ?? { ticket_id: ticketId, attempts: 0, sent: 0 }
    ticket.attempts += 1
    tickets.set(ticketId, ticket)
    if (tickets.size > REMEMBERED_TICKETS) tickets.delete(tickets.keys().next().value ?? ticketId)
    return ticket
  }

  const sent = (ticket: NotifiedTicket, attempt: number): NotifyAnswer => {
    ticket.sent += 1
    return { status: 200, body: { status: 'sent', ticket_id: ticket.ticket_id, attempts: attempt } }
  }
  const failed = (attempt: number): NotifyAnswer => ({
    status: 500,
    body: { detail: `Service Unavailable (Attempt ${attempt})` },
  })

  const asShipped = (ticket: NotifiedTicket, attempt: number): NotifyAnswer => {
    if (now() < openUntil) return { status: 503, body: { detail: 'Service Unavailable - Circuit Open' } }
    if (attempt > FAILING_ATTEMPTS) {
      failuresInARow = 0
      return sent(ticket, attempt)
    }
    failuresInARow += 1
    if (failuresInARow >= FAILURES_THAT_OPEN_THE_CIRCUIT) {
      openUntil = now() + CIRCUIT_OPEN_SECONDS * 1000
      failuresInARow = 0
    }
    return failed(attempt)
  }

  return {
    async receive(notification, { callerGone, closing }) {
      const { mode, delayMinMs, delayMaxMs, slowMs } = settings()
      const behaviour = mode === 'random' ? drawBehaviour(random()) : mode
      const ticket = countAttempt(notification.ticket_id)
      const attempt = ticket.attempts
      if (behaviour === 'hanging') {
        await untilAborted(callerGone)
        return null
      }
      const delayMs = behaviour === 'slow' ? slowMs : random().integer(delayMinMs, Math.max(delayMinMs, delayMaxMs))
      if (!(await wait(delayMs, closing))) return null
      if (behaviour === 'shipped') return asShipped(ticket, attempt)
      return behaviour === 'failing' ? failed(attempt) : sent(ticket, attempt)
    },
    tickets: () => [...tickets.values()].map((ticket) => ({ ...ticket })),
    clear() {
      tickets.clear()
      failuresInARow = 0
      openUntil = 0
    },
  }
}

/** Mode `random`: half the calls succeed, three in ten fail, one in ten is slow and one in ten hangs. */
function drawBehaviour(random: Random): Exclude<NotifyMode, 'random' | 'shipped'> {
  const drawn = random.fraction()
  if (drawn < 0.5) return 'ok'
  if (drawn < 0.8) return 'failing'
  return drawn < 0.9 ? 'slow' : 'hanging'
}
