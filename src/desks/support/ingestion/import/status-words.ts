import type { TicketStatus } from '../../tickets/index.ts'

/** What helpdesks and people call a status; a mapping can say more. */
const WORDS: Record<TicketStatus, readonly string[]> = {
  open: ['open', 'opened', 'new', 'reopened', 're-opened', 'active', 'in progress', 'to do', 'todo'],
  pending: [
    'pending',
    'hold',
    'on hold',
    'on-hold',
    'waiting',
    'waiting for customer',
    'waiting on customer',
    'snoozed',
  ],
  closed: ['closed', 'solved', 'resolved', 'done', 'completed'],
}

/** A status is the same whatever its case, blanks and dashes. */
export const statusKey = (status: string): string =>
  status
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ')

export const STATUS_WORDS: ReadonlyMap<string, TicketStatus> = new Map(
  Object.entries(WORDS).flatMap(([status, words]) =>
    words.map((word): [string, TicketStatus] => [statusKey(word), status as TicketStatus]),
  ),
)
