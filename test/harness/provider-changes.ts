import type { MockProvider, Ticket } from '../../mock-provider/index.ts'
import type { Random } from '../../mock-provider/random.ts'

/**
 * Later than anything the provider says by itself, so that a change given this time is the newest; and not ahead of our
 * clock, where times do not win. What one file changes takes less than these days in seconds.
 */
const FIRST_CHANGE_AT = Math.floor(Date.now() / 1_000) * 1_000 - 7 * 86_400_000

/** A clock for `updated_at` that never stands still, so that of two changes one is newer: the provider's own has seconds. */
export function changeClock(): () => string {
  let seconds = 0
  return () => {
    seconds += 1
    return new Date(FIRST_CHANGE_AT + seconds * 1_000).toISOString()
  }
}

/**
 * Changes a few tickets of each tenant as its customers and agents would: new ones, changed ones, a moved `updated_at`,
 * deleted and restored ones.
 */
export function changeSomeTickets(
  helpdesk: MockProvider,
  tickets: readonly { external_id: string; tenant_id: string }[],
  random: Random,
  now: () => string,
): void {
  const drawn = random.sample(tickets, 9).map(({ external_id }) => external_id)
  const [changed, touched, doomed] = [drawn.slice(0, 4), drawn.slice(4, 6), drawn.slice(6)]
  for (const id of random.sample(helpdesk.deletedIds(), 2)) helpdesk.restoreTicket(id)
  for (const id of changed) helpdesk.changeTicket(id, { ...newContent(random), updated_at: now() })
  for (const id of touched) helpdesk.changeTicket(id, { updated_at: now() })
  for (const id of doomed) helpdesk.deleteTicket(id)
  for (const { tenant_id } of random.sample(tickets, 2)) {
    // Somewhere among the others: at the end it would move no page border.
    const created_at = new Date(Date.parse('2026-01-01T00:00:00Z') + random.integer(0, 500) * 3_600_000).toISOString()
    helpdesk.insertTicket({ tenant_id, created_at, updated_at: now(), ...newContent(random) })
  }
}

/** One or more fields with values that no other change has. */
export function newContent(random: Random): Partial<Ticket> {
  const once = random.integer(0, 2 ** 31).toString(36)
  const all = {
    subject: `Subject ${once}`,
    message: `Message ${once}`,
    customer_id: `cust_${once}`,
    source: `src_${once}`,
  }
  return Object.fromEntries(random.sample(Object.entries(all), random.integer(1, 4)))
}
