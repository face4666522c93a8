import type { MockProvider, Ticket } from '../../mock-provider/index.ts'
import type { ExpectedTicket } from './ticket-differences.ts'

type Version = Omit<Ticket, 'id'>
/** What may be stored of a ticket: nothing yet, or a version, live or deleted. */
type Stored = { version: Version | null; isLive: boolean }
/** A ticket at the provider, and all that may be stored of it: a run that did not end well may have seen it or not. */
type Modelled = { current: Version; isDeleted: boolean; possible: Stored[] }

const NOTHING: Stored = { version: null, isLive: false }
const isUsable = ({ status }: Version) => ['open', 'pending', 'closed'].includes(status)
const key = ({ version, isLive }: Stored) => JSON.stringify([version, isLive])

/**
 * The rules of ingestion as a map of tickets. Every change is made to the provider and to the model; observations say
 * what runs may or must have seen.
 */
export function ticketModel(helpdesk: MockProvider) {
  const tickets = new Map<string, Modelled>()
  const ofTenants = (tenants: readonly string[]) =>
    [...tickets.values()].filter(({ current }) => tenants.includes(current.tenant_id))

  /** What is stored after a run has seen the ticket as it is now. */
  const seen = (stored: Stored, { current, isDeleted }: Modelled): Stored => {
    if (isDeleted) return { ...stored, isLive: false }
    // Set aside, never deleted: whatever is stored stays.
    if (!isUsable(current)) return stored
    const isNewer = stored.version === null || Date.parse(current.updated_at) >= Date.parse(stored.version.updated_at)
    return { version: isNewer ? current : stored.version, isLive: true }
  }
  const distinct = (states: Stored[]) => [...new Map(states.map((state) => [key(state), state])).values()]

  return {
    /** In the order of insertion. */
    ids: (tenant: string) => [...tickets].filter(([, { current }]) => current.tenant_id === tenant).map(([id]) => id),

    insert: (ticket: Partial<Ticket> & { tenant_id: string }) => {
      const { id, ...version } = helpdesk.insertTicket(ticket)
      tickets.set(id, { current: version, isDeleted: false, possible: [NOTHING] })
    },

    change: (id: string, fields: Partial<Omit<Version, 'created_at'>> & { updated_at: string }) => {
      helpdesk.changeTicket(id, fields)
      const ticket = tickets.get(id)
      if (ticket) ticket.current = { ...ticket.current, ...fields }
    },

    setDeleted: (id: string, isDeleted: boolean) => {
      if (isDeleted) helpdesk.deleteTicket(id)
      else helpdesk.restoreTicket(id)
      const ticket = tickets.get(id)
      if (ticket) ticket.isDeleted = isDeleted
    },

    current: (id: string) => tickets.get(id)?.current,

    /** A run of these tenants goes on, or went on until now, that may see what is there now. */
    mayHaveSeen: (tenants: readonly string[]) => {
      for (const ticket of ofTenants(tenants)) {
        ticket.possible = distinct([...ticket.possible, ...ticket.possible.map((stored) => seen(stored, ticket))])
      }
    },

    /** A run of these tenants has completed while nothing changed. */
    hasSeen: (tenants: readonly string[]) => {
      for (const ticket of ofTenants(tenants)) {
        ticket.possible = distinct(ticket.possible.map((stored) => seen(stored, ticket)))
      }
    },

    /** What has to be stored: of several possibilities the one that `actual` has, else any. */
    expected: (tenants: readonly string[], actual: (id: string) => Date | undefined): ExpectedTicket[] =>
      [...tickets].flatMap(([external_id, { current, possible }]) => {
        if (!tenants.includes(current.tenant_id)) return []
        const time = actual(external_id)?.getTime()
        const fits = ({ version, isLive }: Stored) =>
          time === undefined ? !isLive : isLive && version !== null && Date.parse(version.updated_at) === time
        const { version, isLive } = possible.find(fits) ?? possible[0] ?? NOTHING
        return version && isLive ? [{ external_id, ...version }] : []
      }),
  }
}
