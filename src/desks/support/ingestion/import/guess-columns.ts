import { STATUS_WORDS, statusKey } from './status-words.ts'
import { readIso } from './time-format.ts'
import { nameKey, saysNothing, type TicketField } from './wanted-columns.ts'

/** A column or path of a file, with what its first records say there. */
export type SeenColumn = { name: string; values: readonly unknown[] }

/** `confidence`: 0 to 1, from a name that says nothing of it to one that says nothing else. */
export type ColumnGuess = { field: TicketField; column: string; confidence: number; because: string }

/** Words that names of columns consist of, those that say most first. */
const WORDS: Partial<Record<TicketField, readonly RegExp[]>> = {
  id: [
    /^(ticket|case|issue|conversation|request|incident)_?(id|key|number|no|nr)$|^external_id$|^id$/,
    /^(key|number|ref|reference|nr|no)$|ticketnummer|^vorgang/,
    /(^|_)id$/,
  ],
  customer_id: [
    /^(requester|customer|contact|reporter|client|user|author|kunden?)_?(id|nr|number|nummer)$/,
    /^(requester|customer|reporter|contact|client|kunde)$|(requester|customer|contact|reporter).*(e_?mail|mail)/,
    /e_?mail|requester|customer|contact|reporter|creator|author|sender|^from$|^user/,
  ],
  subject: [/^(subject|summary|title|betreff|titel)$/, /subject|summary|title|headline|betreff/],
  message: [
    /^(message|description|body|text|content|beschreibung|nachricht|description_text|comment)$/,
    /message|description|body|content|question|details|beschreibung|nachricht/,
  ],
  status: [/^(status|state|ticket_status|zustand)$/, /status|state/],
  source: [/^(source|channel|origin|via|via_channel|kanal|case_origin|source_type)$/, /source|channel|origin/],
  created_at: [
    /^(created|created_at|created_time|created_date|date_created|createddate|opened|opened_at|date|erstellt|erstellt_am)$/,
    /creat|opened|submitted|received|erstellt|reported_on/,
  ],
  updated_at: [
    /^(updated|updated_at|modified|last_update_time|last_modified_date|lastmodifieddate|last_updated|aktualisiert|geändert|geändert_am)$/,
    /updat|modif|changed|aktualisiert|geändert/,
  ],
}
const CONFIDENCES = [0.9, 0.6, 0.3]

/** What stands in a column, as far as it speaks for a field: 0 excludes it. */
const FITS: Partial<Record<TicketField, (told: readonly unknown[]) => number>> = {
  id: (told) => (told.length === 0 ? 0 : new Set(told.map(String)).size / told.length),
  created_at: (told) => share(told, looksLikeTime),
  updated_at: (told) => share(told, looksLikeTime),
  status: (told) =>
    new Set(told.map(String)).size <= Math.max(12, told.length / 10) ? 0.7 + 0.3 * share(told, isStatus) : 0,
  message: (told) => share(told, (value) => typeof value === 'string'),
  subject: (told) => share(told, (value) => typeof value === 'string'),
}

const share = (values: readonly unknown[], is: (value: unknown) => boolean): number =>
  values.length === 0 ? 1 : values.filter(is).length / values.length

const isStatus = (value: unknown) => STATUS_WORDS.has(statusKey(String(value)))

/** Digits in three or more groups, or as many as count the seconds since 1970. */
export const looksLikeTime = (value: unknown): boolean => {
  const text = String(value).trim()
  if (text.length > 60) return false
  return (
    readIso(text) !== undefined ||
    /^\d{10}(\d{3})?(\.\d+)?$/.test(text) ||
    /^\D{0,5}\d{1,4}\D{1,4}\w{1,9}\D{1,4}\d{2,4}\b/.test(text)
  )
}

/** Of each field that is sought, the column that fits best by its name and what stands in it; no column twice. */
export function guessColumns(seen: readonly SeenColumn[], sought: readonly TicketField[]): ColumnGuess[] {
  const candidates = sought.flatMap((field) =>
    seen.flatMap(({ name, values }): ColumnGuess[] => {
      const key = nameKey(name)
      const rank = WORDS[field]?.findIndex((word) => word.test(key)) ?? -1
      if (rank < 0) return []
      const told = values.filter((value) => !saysNothing(value))
      const fit = FITS[field]?.(told) ?? 1
      const confidence = Math.round((CONFIDENCES[rank] ?? 0) * fit * (told.length === 0 ? 0.5 : 1) * 100) / 100
      if (confidence === 0) return []
      return [
        {
          field,
          column: name,
          confidence,
          because: `the name “${name.slice(0, 60).toWellFormed()}” and what stands there`,
        },
      ]
    }),
  )
  const guesses: ColumnGuess[] = []
  for (const candidate of candidates.toSorted((a, b) => b.confidence - a.confidence)) {
    const isTaken = guesses.some(({ field, column }) => field === candidate.field || column === candidate.column)
    if (!isTaken) guesses.push(candidate)
  }
  return guesses
}
