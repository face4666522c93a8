import type { DeliveredTicket } from '../tickets/index.ts'

/** A call to a helpdesk that gave no usable answer. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  /** `throttled`: wait and go on. `transient`: may work next time. `refused`: asking again gives the same. */
  readonly kind: 'throttled' | 'transient' | 'refused'
  readonly retryAfterSeconds: number | undefined
  /** The HTTP status, when there was an answer. */
  readonly status: number | undefined

  constructor(
    kind: ProviderError['kind'],
    message: string,
    options: { cause?: unknown; retryAfterSeconds?: number | undefined; status?: number } = {},
  ) {
    super(message, { cause: options.cause })
    this.kind = kind
    this.retryAfterSeconds = options.retryAfterSeconds
    this.status = options.status
  }
}

/** What every call does besides: rejects with a ProviderError, or with the signal's reason when that was aborted. */
export type ProviderPage = {
  page: number
  bytes: number
  tickets: unknown[]
  nextPage: number | null
  totalCount: number
}

/** A helpdesk that shows all its tickets on numbered pages, those of all tenants mixed. */
export type PageSource = {
  /** Pages count from 1. */
  listPage(page: number, signal: AbortSignal): Promise<ProviderPage>
  /** The ids of all deleted tickets, of all tenants. */
  listDeleted(signal: AbortSignal): Promise<{ ids: string[]; bytes: number }>
  /** One ticket as the provider has it now; null when it has none of that id (any more). */
  findTicket(id: string, signal: AbortSignal): Promise<unknown>
}

/** A ticket that cannot be used, with the reason and the beginning of what was delivered. */
export type FailedTicket = {
  id: string
  reason: string
  body: string
  /** Whether `body` is all that was delivered. */
  complete: boolean
}

export type ChangePage = {
  tickets: DeliveredTicket[]
  failed: FailedTicket[]
  /** Ids of tickets that the helpdesk says are deleted. */
  deleted: string[]
  /** Where to go on after this page. Kept in the transaction that stores the page; opaque to everybody else. */
  cursor: string
  /** Nothing more for now: the cursor is the one for next time. */
  isLast: boolean
  /** The time up to which the changes have been told, ISO 8601; null when the page does not say. */
  reachedAt: string | null
  bytes: number
}

/** A helpdesk account of one tenant that tells what changed since a cursor. May repeat what it told before. */
export type ChangeSource = {
  /** Proves that the credentials can read tickets, and says whose they are, e.g. a name or an e-mail address. */
  check(signal: AbortSignal): Promise<{ account: string }>
  /** `cursor` null: everything, from the beginning. */
  listChanges(cursor: string | null, signal: AbortSignal): Promise<ChangePage>
  /** One ticket as the helpdesk has it now; null when it has none of that id, or has it in the bin. */
  findTicket(id: string, signal: AbortSignal): Promise<DeliveredTicket | FailedTicket | null>
}
