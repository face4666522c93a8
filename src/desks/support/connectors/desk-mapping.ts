import { z } from 'zod'
import { moment } from '../../../kernel/moment.ts'
import {
  ASSIGNEE_CHARACTERS_MAX,
  type DeskFields,
  PRIORITIES,
  type Priority,
  SLA_STATUSES,
  type SlaStatus,
  TAG_CHARACTERS_MAX,
  TAGS_MAX,
  TIERS,
} from '../tickets/index.ts'

const ENTRIES_MAX = 100
const word = z.string().trim().min(1).max(100)
const wordsOf = <Value extends z.ZodType>(value: Value, description: string) =>
  z
    .record(word, value)
    .refine((words) => Object.keys(words).length <= ENTRIES_MAX, `must be at most ${ENTRIES_MAX}`)
    .optional()
    .meta({ description })

/** What words of an account stand for. What it does not name is as such words are by default. */
export const DeskMapping = z
  .strictObject({
    statuses: wordsOf(z.enum(SLA_STATUSES), 'By the helpdesk’s status, as its API spells it: `hold`, `7`'),
    priorities: wordsOf(z.enum(PRIORITIES), 'By the helpdesk’s priority: `urgent`, `4`'),
    tiers: wordsOf(z.enum(TIERS), 'By a tag of the ticket: `vip`; of several the highest counts'),
  })
  .meta({ id: 'DeskMapping' })
export type DeskMapping = z.output<typeof DeskMapping>

/** Statuses and priorities that every account of a helpdesk has. */
export type DefaultWords = {
  statuses: Readonly<Record<string, SlaStatus>>
  priorities: Readonly<Record<string, Priority>>
}

const own = <Value>(words: Readonly<Record<string, Value>> | undefined, key: string): Value | undefined =>
  words !== undefined && Object.hasOwn(words, key) ? words[key] : undefined

/** Undefined: neither the mapping nor the helpdesk's own words know it. */
export const mappedStatus = (key: string, mapping: DeskMapping, { statuses }: DefaultWords): SlaStatus | undefined =>
  own(mapping.statuses, key) ?? own(statuses, key)

/** Null: the helpdesk says that there is none. Undefined: it says something that nobody knows. */
export function mappedPriority(said: unknown, mapping: DeskMapping, words: DefaultWords): Priority | null | undefined {
  if (said === null) return null
  if (typeof said !== 'string' && typeof said !== 'number') return undefined
  return own(mapping.priorities, String(said)) ?? own(words.priorities, String(said))
}

const storable = (text: string) => text.replaceAll('\0', '\u{FFFD}').toWellFormed()

/** Short texts of a list, as many as a ticket keeps; undefined when it is no list. */
export function tagsOf(said: unknown): string[] | undefined {
  if (!Array.isArray(said)) return undefined
  const tags = said.filter((tag): tag is string => typeof tag === 'string' && tag.trim() !== '')
  return [...new Set(tags.map((tag) => storable(tag.trim().slice(0, TAG_CHARACTERS_MAX))))].slice(0, TAGS_MAX)
}

/** The highest tier that a tag stands for; null where the mapping knows tiers and no tag has one, undefined where it knows none. */
export function tierOf(tags: readonly string[] | undefined, { tiers }: DeskMapping): DeskFields['tier'] | undefined {
  if (tiers === undefined || tags === undefined) return undefined
  const held = new Set(tags.map((tag) => own(tiers, tag)))
  return TIERS.find((tier) => held.has(tier)) ?? null
}

/** An id or a name that somebody is known by; null when it says nobody. */
export function nameOf(said: unknown): string | null | undefined {
  if (said === null) return null
  if (typeof said === 'number' && Number.isSafeInteger(said)) return String(said)
  return typeof said === 'string' && said !== '' ? storable(said.slice(0, ASSIGNEE_CHARACTERS_MAX)) : undefined
}

/** A time that is one; whatever else stands there tells nothing. */
export const timeOf = (said: unknown): string | undefined => moment.safeParse(said).data

/** Without what nobody told. */
export const toldOf = (fields: { [Field in keyof DeskFields]?: DeskFields[Field] | undefined }): Partial<DeskFields> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
