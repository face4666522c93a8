import { z } from 'zod'
import { SLA_STATUSES, type SlaStatus } from './status.ts'

/** Most urgent first. */
export const PRIORITIES = ['critical', 'high', 'medium', 'low'] as const
export type Priority = (typeof PRIORITIES)[number]

/** What the customer pays for, most first. */
export const TIERS = ['enterprise', 'business', 'standard', 'free'] as const
export type Tier = (typeof TIERS)[number]

/** What a source may say of a ticket besides what every source says. What is left out is not told: it stays as it is; null takes it away. */
export type DeskFields = {
  sla_status: SlaStatus
  priority: Priority | null
  tier: Tier | null
  group: string | null
  assignee: string | null
  tags: readonly string[]
  /** When the status became what it is, ISO 8601. */
  status_changed_at: string | null
  first_response_at: string | null
  resolved_at: string | null
  closed_at: string | null
  /** When we answered last, and when the customer wrote last. */
  answered_at: string | null
  customer_wrote_at: string | null
}

/** Their columns. The place of each is its bit in `tickets.told`: a new one goes to the end. */
export const DESK_FIELDS = [
  ['sla_status', 'told_status'],
  ['priority', 'told_priority'],
  ['tier', 'told_tier'],
  ['group', 'group_name'],
  ['assignee', 'assignee'],
  ['tags', 'tags'],
  ['status_changed_at', 'status_changed_at'],
  ['first_response_at', 'first_response_at'],
  ['resolved_at', 'resolved_at'],
  ['closed_at', 'closed_at'],
  ['answered_at', 'answered_at'],
  ['customer_wrote_at', 'customer_wrote_at'],
] as const satisfies readonly (readonly [keyof DeskFields, string])[]

export type DeskColumn = (typeof DESK_FIELDS)[number][1]

/** The bit of a column in `tickets.told`. */
export const toldBit = (column: DeskColumn): number => 1 << DESK_FIELDS.findIndex(([, name]) => name === column)

/** What is told of a ticket as its columns, with the bits of those it speaks of. */
export function deskColumns(told: Partial<DeskFields> | undefined): Record<string, unknown> {
  if (told === undefined) return { told: 0 }
  const columns: Record<string, unknown> = {}
  let bits = 0
  for (const [field, column] of DESK_FIELDS) {
    if (told[field] === undefined) continue
    columns[column] = told[field]
    bits |= toldBit(column)
  }
  return { ...columns, told: bits }
}

export const GROUP_CHARACTERS_MAX = 200
export const ASSIGNEE_CHARACTERS_MAX = 200
export const TAGS_MAX = 50
export const TAG_CHARACTERS_MAX = 100

const timestamp = z.iso.datetime().nullable()

/** The fields as a ticket shows them. */
export const DeskView = {
  sla_status: z.enum(SLA_STATUSES).meta({ description: 'How far the work is; `status` follows from it' }),
  priority: z.enum(PRIORITIES).meta({ description: 'As told, else as a rule says, else `medium`' }),
  tier: z.enum(TIERS).meta({ description: 'As told, else as a rule says, else `standard`' }),
  group: z.string().nullable(),
  assignee: z.string().nullable(),
  tags: z.array(z.string()),
  first_response_at: timestamp,
  resolved_at: timestamp,
  closed_at: timestamp,
}

/** The same as they are read from the table. */
export type StoredDesk = {
  sla_status: SlaStatus
  priority: Priority
  tier: Tier
  group_name: string | null
  assignee: string | null
  tags: string[]
  first_response_at: Date | null
  resolved_at: Date | null
  closed_at: Date | null
}

export const DESK_VIEW_COLUMNS =
  'sla_status, priority, tier, group_name, assignee, tags, first_response_at, resolved_at, closed_at'

export const presentDesk = (ticket: StoredDesk): z.output<z.ZodObject<typeof DeskView>> => ({
  ...{ sla_status: ticket.sla_status, priority: ticket.priority, tier: ticket.tier },
  ...{ group: ticket.group_name, assignee: ticket.assignee, tags: ticket.tags },
  first_response_at: ticket.first_response_at?.toISOString() ?? null,
  resolved_at: ticket.resolved_at?.toISOString() ?? null,
  closed_at: ticket.closed_at?.toISOString() ?? null,
})
