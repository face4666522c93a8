import type { CallPage } from './call-log.ts'
import type { Fault } from './faults.ts'
import type { NotifiedTicket } from './notify.ts'
import type { Options } from './options.ts'
import type { Provider } from './provider.ts'
import type { Ticket, TicketCounts } from './tickets.ts'

/** What can be done to a running provider, in process and over `/_control` alike. */
export type ProviderControl = {
  knobs(): Readonly<Options>
  /** Sets knobs at once; `port` and `host` stay. Throws an OptionsError that names the bound. */
  set(changes: Partial<Options>): void
  counts(): TicketCounts
  deletedIds(): string[]
  modifiedIds(): string[]
  /** Adds a ticket; what is not given gets a default, `created_at` the time of the call. */
  insertTicket(fields?: Partial<Ticket>): Ticket
  /** Sets fields of a ticket; `updated_at` is the time of the call unless given, and is no longer redrawn. */
  changeTicket(id: string, fields: Partial<Omit<Ticket, 'id' | 'created_at'>>): void
  deleteTicket(id: string): void
  restoreTicket(id: string): void
  /** Replaces the faults that are up; an empty list takes all down. */
  setFaults(faults: readonly Fault[]): void
  faults(): Fault[]
  /** The calls after the sequence number `since`, oldest first. */
  calls(since?: number, limit?: number): CallPage
  clearCalls(): void
  /** Who was notified, how often it was tried and how often it was sent. */
  notifications(): NotifiedTicket[]
  /** Draws other deleted and modified tickets and starts limiter and /notify afresh, as a restart does. */
  restart(): void
  /** Back to how it was started, faults and call log included. */
  reset(): void
}

/** Thrown for a request of the control that cannot be carried out. */
export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly status: 404 | 409 | 422

  constructor(status: 404 | 409 | 422, sentence: string) {
    super(sentence)
    this.status = status
  }
}

const CHANGEABLE = ['tenant_id', 'source', 'customer_id', 'subject', 'message', 'status', 'updated_at']
const INSERTABLE = ['id', 'created_at', ...CHANGEABLE]

export function createControl(provider: Provider, now: () => number): ProviderControl {
  const known = (id: string) => {
    if (!provider.tickets().has(id)) throw new ControlError(404, `There is no ticket ${id}.`)
    return id
  }
  return {
    knobs: provider.knobs,
    set(changes) {
      for (const name of ['port', 'host'] as const) {
        if (changes[name] !== undefined) throw new ControlError(422, `${name} is fixed once it is listening.`)
      }
      provider.set(changes)
    },
    counts: () => provider.tickets().counts(),
    deletedIds: () => provider.tickets().deletedIds(),
    modifiedIds: () => provider.tickets().modifiedIds(),
    insertTicket(fields = {}) {
      checkFields(fields, INSERTABLE)
      if (fields.id !== undefined && provider.tickets().has(fields.id)) {
        throw new ControlError(409, `There is a ticket ${fields.id} already.`)
      }
      return provider.insert(fields)
    },
    changeTicket(id, fields) {
      checkFields(fields, CHANGEABLE)
      const updatedAt = `${new Date(now()).toISOString().slice(0, 19)}Z`
      provider.tickets().change(known(id), { updated_at: updatedAt, ...fields })
    },
    deleteTicket: (id) => provider.tickets().delete(known(id)),
    restoreTicket: (id) => provider.tickets().restore(known(id)),
    setFaults: provider.faults.put,
    faults: provider.faults.list,
    calls: provider.calls.read,
    clearCalls: provider.calls.clear,
    notifications: provider.notify.tickets,
    restart: provider.restart,
    reset: provider.reset,
  }
}

function checkFields(fields: Record<string, unknown>, allowed: string[]): void {
  for (const [name, value] of Object.entries(fields)) {
    if (!allowed.includes(name)) throw new ControlError(422, `${name} cannot be set; these can: ${allowed.join(', ')}.`)
    if (typeof value !== 'string') throw new ControlError(422, `${name} must be a text.`)
    // The list is ordered by it. Any other field may be as odd as a test wants it.
    if (name === 'created_at' && Number.isNaN(Date.parse(value))) {
      throw new ControlError(422, 'created_at must be an ISO 8601 time, e.g. 2026-01-01T00:00:00Z.')
    }
  }
}
