import { z } from 'zod'
import { moment } from '../../../kernel/moment.ts'
import {
  ASSIGNEE_CHARACTERS_MAX,
  cutMessage,
  GROUP_CHARACTERS_MAX,
  PRIORITIES,
  SLA_STATUSES,
  TAG_CHARACTERS_MAX,
  TAGS_MAX,
  TIERS,
} from '../tickets/index.ts'

const isStorable = (text: string) => !text.includes('\0') && text.isWellFormed()
const UNSTORABLE = 'must be well-formed Unicode without the character NUL'
const text = (max: number) => z.string().trim().min(1).max(max).refine(isStorable, UNSTORABLE)
const time = moment.nullable().optional()

/** What can be said of a ticket at any time; what is left out stays, null takes away. */
export const DESK_CHANGES = {
  priority: z.enum(PRIORITIES).nullable().optional().meta({ description: 'Null: as the policy’s assignments say' }),
  customer_tier: z.enum(TIERS).nullable().optional().meta({ description: 'Null: as the policy’s assignments say' }),
  status: z.enum(SLA_STATUSES).optional(),
  group: text(GROUP_CHARACTERS_MAX).nullable().optional(),
  assignee: text(ASSIGNEE_CHARACTERS_MAX).nullable().optional(),
  tags: z.array(text(TAG_CHARACTERS_MAX)).max(TAGS_MAX).optional(),
  first_response_at: time,
  resolved_at: time,
  closed_at: time,
  answered_at: moment.optional().meta({ description: 'When we answered last; the first time is `first_response_at`' }),
  customer_wrote_at: moment.optional().meta({ description: 'When the customer wrote last after that' }),
}

/** A ticket as `POST /sla/tickets` takes it. Each row of a batch is checked by itself. */
export const TicketRow = z
  .strictObject({
    id: text(200).optional().meta({ description: 'The ticket’s id where it comes from' }),
    external_id: text(200).optional().meta({ description: 'The same' }),
    ...DESK_CHANGES,
    tier: DESK_CHANGES.customer_tier,
    subject: text(500).optional(),
    content: z.string().min(1).refine(isStorable, UNSTORABLE).transform(cutMessage).optional(),
    customer_id: text(200).optional(),
    source: text(100).optional(),
    created_at: moment.optional(),
    updated_at: moment.optional().meta({ description: 'Which version of the ticket this is; now without it' }),
  })
  .meta({ id: 'SlaTicketRow' })
export type TicketRow = z.output<typeof TicketRow>

/** Why a row was refused, for programs. */
export const REFUSALS = [
  ...([
    'invalid',
    'missing',
    'illegal_transition',
    'outdated',
    'before_creation',
    'in_future',
    'contradiction',
  ] as const),
] as const
export type Refusal = { code: (typeof REFUSALS)[number]; field: string; message: string }

export type ReadRow = { id: string; row: TicketRow } | { id: string; refusal: Refusal }

/** Reads one row of a batch; whatever is wrong with it is its own affair. */
export function readRow(raw: unknown): ReadRow {
  const parsed = TicketRow.safeParse(raw)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
    const field = shown((unknown ?? issue?.path.join('.')) || 'ticket')
    return { id: shownId(raw), refusal: { code: 'invalid', field, message: explain(issue, unknown) } }
  }
  const { id, external_id, customer_tier, tier } = parsed.data
  const named = id ?? external_id
  if (named === undefined) return { id: '', refusal: { code: 'missing', field: 'id', message: 'is missing' } }
  const contradicting = [
    ...(id !== undefined && external_id !== undefined && id !== external_id ? ['external_id'] : []),
    ...(customer_tier !== undefined && tier !== undefined && customer_tier !== tier ? ['tier'] : []),
  ]
  if (contradicting[0] !== undefined) {
    const message = 'says something else than the other name of the same field; send one of them'
    return { id: named, refusal: { code: 'contradiction', field: contradicting[0], message } }
  }
  return { id: named, row: { ...parsed.data, customer_tier: customer_tier === undefined ? tier : customer_tier } }
}

function explain(issue: z.core.$ZodIssue | undefined, unknown: string | undefined): string {
  if (unknown !== undefined) return 'is no field of a ticket; check its spelling'
  return issue?.message ?? 'is not valid'
}

/** For the outcome of a row that cannot be read. */
function shownId(raw: unknown): string {
  const { id, external_id } = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<string, unknown>
  const named = id ?? external_id
  return typeof named === 'string' || typeof named === 'number' ? shown(String(named)) : ''
}

/** Of what was sent, as an answer can say it. */
const shown = (raw: string) => raw.slice(0, 200).replaceAll('\0', '\u{FFFD}').toWellFormed()
