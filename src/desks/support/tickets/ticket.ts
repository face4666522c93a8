import { z } from 'zod'
import { type Match, MatchView, SENTIMENTS, type Sentiment, URGENCIES, type Urgency } from '../classification/index.ts'
import { type DeskFields, DeskView, presentDesk, type StoredDesk } from './desk-fields.ts'
import { TICKET_STATUSES, type TicketStatus } from './status.ts'
import { readStoredMatch, type StoredMatch } from './stored-match.ts'

/** A ticket as a provider delivers it; whose it is, is the tenant of the transaction that stores it. */
export type DeliveredTicket = {
  external_id: string
  source: string
  customer_id: string
  subject: string
  message: string
  status: TicketStatus
  /** ISO 8601 with zone, the provider's clock. */
  created_at: string
  updated_at: string
  /** What else its source says: a status that says more, priority, who works on it, when it was answered. */
  desk?: Partial<DeskFields> | undefined
}

/** What the rules say about a ticket. */
export type Judgement = {
  urgency: Urgency
  sentiment: Sentiment
  requires_action: boolean
  /** Null when it could not be told. */
  language: string | null
  keywords: string[]
  rule_version: string
  matches: StoredMatch[]
}

/**
 * By which time versions of a ticket are compared where that is not `updated_at`: the latest believable time before a
 * version whose own lies ahead of our clock; `-infinity` when there was none. Null: by `updated_at`.
 */
export type ComparedAt = { compared_at: string | null }

export type ClassifiedTicket = DeliveredTicket & ComparedAt & Judgement

export type Ticket = Omit<DeliveredTicket, 'created_at' | 'updated_at' | 'desk'> &
  StoredDesk & {
    ticket_id: string
    tenant_id: string
    /** Who delivers it: `provider`, `import` or the id of a connector. */
    origin: string
    created_at: Date
    updated_at: Date
    ingested_at: Date
    /** When we noticed that the provider no longer has it; null while it does. */
    deleted_at: Date | null
    urgency: Urgency
    sentiment: Sentiment
    requires_action: boolean
    /** Detected; null when nothing could be told. */
    language: string | null
    /** The words that made it a matter, each once. */
    keywords: string[]
    /** Which rules decided; null: not classified yet. */
    rule_version: string | null
    /** An agent's word stands instead of the rules'. */
    is_corrected: boolean
    /** The end of the message was cut when it was delivered: see `message-size.ts`. */
    message_is_cut: boolean
  }

/** A ticket as lists show it: subject and message as far as {@link PREVIEW_CHARACTERS}. */
export type ListedTicket = Ticket & {
  /** Subject or message have more than is shown. */
  is_preview: boolean
}

/** A page of the longest previews is a megabyte, where one of whole messages could be two hundred. */
export const PREVIEW_CHARACTERS = { subject: 500, message: 1_000 }

/** A ticket with why it is classified as it is. */
export type ExplainedTicket = Ticket & {
  matches: (StoredMatch | Match)[]
  corrected_by: string | null
  corrected_at: Date | null
}

const timestamp = z.iso.datetime()

export const TicketView = z
  .object({
    ticket_id: z.uuid(),
    external_id: z.string(),
    tenant_id: z.string(),
    origin: z.string().meta({ description: 'Who delivers it: `provider`, `import` (a file) or a connector’s id' }),
    source: z.string(),
    customer_id: z.string(),
    subject: z.string(),
    message: z.string(),
    status: z.enum(TICKET_STATUSES),
    ...DeskView,
    created_at: timestamp,
    updated_at: timestamp,
    ingested_at: timestamp,
    deleted_at: timestamp.nullable(),
    urgency: z.enum(URGENCIES),
    sentiment: z.enum(SENTIMENTS),
    requires_action: z.boolean(),
    language: z.string().nullable(),
    keywords: z.array(z.string()).meta({ description: 'The words that rules matched' }),
    rule_version: z.string().nullable().meta({ description: 'The rules that decided; null before they have' }),
    is_corrected: z.boolean().meta({ description: 'Whether an agent has corrected the rules' }),
    message_is_cut: z
      .boolean()
      .meta({ description: 'Whether its end was cut when it was delivered: messages are stored up to 1 MB of UTF-8' }),
  })
  .meta({ id: 'Ticket' })

export const ListedTicketView = TicketView.extend({
  is_preview: z.boolean().meta({
    description: `Whether there is more: lists show ${PREVIEW_CHARACTERS.subject} characters of a subject and ${PREVIEW_CHARACTERS.message} of a message, the ticket itself has all`,
  }),
}).meta({ id: 'ListedTicket' })

export const ExplainedTicketView = TicketView.extend({
  classification: z.object({
    matches: z.array(MatchView).meta({ description: 'Which rule matched which words where' }),
    corrected_by: z.string().nullable(),
    corrected_at: timestamp.nullable(),
  }),
}).meta({ id: 'ExplainedTicket' })

export function presentTicket(ticket: Ticket): z.output<typeof TicketView> {
  return {
    ticket_id: ticket.ticket_id,
    external_id: ticket.external_id,
    tenant_id: ticket.tenant_id,
    origin: ticket.origin,
    source: ticket.source,
    customer_id: ticket.customer_id,
    subject: ticket.subject,
    message: ticket.message,
    status: ticket.status,
    ...presentDesk(ticket),
    created_at: ticket.created_at.toISOString(),
    updated_at: ticket.updated_at.toISOString(),
    ingested_at: ticket.ingested_at.toISOString(),
    deleted_at: ticket.deleted_at?.toISOString() ?? null,
    urgency: ticket.urgency,
    sentiment: ticket.sentiment,
    requires_action: ticket.requires_action,
    language: ticket.language,
    keywords: ticket.keywords,
    rule_version: ticket.rule_version,
    is_corrected: ticket.is_corrected,
    message_is_cut: ticket.message_is_cut,
  }
}

export const presentListed = (ticket: ListedTicket): z.output<typeof ListedTicketView> => ({
  ...presentTicket(ticket),
  is_preview: ticket.is_preview,
})

export function presentExplained(ticket: ExplainedTicket): z.output<typeof ExplainedTicketView> {
  const { corrected_by, corrected_at } = ticket
  const matches = ticket.matches.map((stored) => readStoredMatch(stored, ticket))
  const classification = { matches, corrected_by, corrected_at: corrected_at?.toISOString() ?? null }
  return { ...presentTicket(ticket), classification }
}

/** A change of a ticket with all its fields, as one read of the provider brought it. */
export type TicketChange = {
  action: 'created' | 'updated' | 'deleted' | 'restored'
  changes: Record<string, { old: string | null; new: string | null }>
  recorded_at: Date
  run_id: string | null
  changed_by: string | null
}

export const ChangeView = z
  .object({
    action: z.enum(['created', 'updated', 'deleted', 'restored']),
    changes: z.record(z.string(), z.object({ old: z.string().nullable(), new: z.string().nullable() })),
    recorded_at: timestamp,
    job_id: z.uuid().nullable().meta({ description: 'The ingestion job that brought the change in' }),
    changed_by: z
      .string()
      .nullable()
      .meta({ description: 'Who changed it when no job brought it in: an agent, or other rules' }),
  })
  .meta({ id: 'TicketChange' })

export function presentChange(change: TicketChange): z.output<typeof ChangeView> {
  const { action, changes, recorded_at, run_id, changed_by } = change
  return { action, changes, recorded_at: recorded_at.toISOString(), job_id: run_id, changed_by }
}
