import { takingTurns } from '../../../../kernel/turns.ts'
import type { TicketStatus } from '../../tickets/index.ts'
import { guessColumns, type SeenColumn } from './guess-columns.ts'
import { guessTimeFormat } from './guess-times.ts'
import type { FileLook } from './look-at-file.ts'
import { type Mapping, PRESETS } from './mapping.ts'
import { readTime } from './read-time.ts'
import { type ReadingRules, rulesOf } from './reading-rules.ts'
import { statusKey } from './status-words.ts'
import { columnsNamed, saysNothing, type TicketField } from './wanted-columns.ts'

/** What was not said and is taken from the file. `confidence`: 0 to 1. */
export type Guess = { what: string; value: string; confidence: number; because: string }

/** What a file shows to whoever guesses: its columns, and what its records say of each field by some rules. */
export type Seen = {
  look: FileLook
  columns: readonly SeenColumn[]
  tell: (rules: ReadingRules, field: TicketField) => unknown[]
}

const FIELDS: readonly Exclude<TicketField, 'tenant_id'>[] = [
  ...(['id', 'customer_id', 'subject', 'message', 'created_at', 'status', 'source', 'updated_at'] as const),
]
/** A field that need not be there is not taken from a column that hardly sounds like it. */
const LEAST = { needed: 0.25, other: 0.5 }
const TIMES = ['created_at', 'updated_at'] as const
/** Each is tried with some dozens of patterns. */
const TIMES_TRIED = 50

/** The mapping of a request with what it leaves open, guessed: with it, an import reads the file as the preview shows it. */
export async function guessMapping(
  seen: Seen,
  said: Mapping,
  tenantZone: string,
): Promise<{ mapping: Mapping; guesses: Guess[] }> {
  const pause = takingTurns()
  const guesses: Guess[] = []
  const guess = (what: string, value: string, confidence: number, because: string) =>
    guesses.push({ what, value: value.slice(0, 200), confidence: Math.round(confidence * 100) / 100, because })
  let mapping = guessPreset(seen, said, guess)
  await pause()
  mapping = guessFields(seen, mapping, guess)
  for (const field of TIMES) {
    if (said.formats?.[field] !== undefined) continue
    await pause()
    const told = seen
      .tell(rulesOf(mapping), field)
      .filter((value) => !saysNothing(value))
      .slice(0, TIMES_TRIED)
    const { formats } = rulesOf(mapping)
    if (told.every((value) => 'moment' in readTime(value, { formats: formats[field], zone: 'UTC' }))) continue
    const found = guessTimeFormat(told)
    if (!found?.format) continue
    mapping = { ...mapping, formats: { ...mapping.formats, [field]: found.format } }
    guess(`formats.${field}`, found.format, found.confidence, found.because)
  }
  if (mapping.zone === undefined && TIMES.some((field) => lacksZone(seen, rulesOf(mapping), field))) {
    mapping = { ...mapping, zone: tenantZone }
    guess('zone', tenantZone, 0.3, 'times do not say theirs; this is the zone of the tenant')
  }
  await pause()
  mapping = guessStatuses(seen, mapping, guess)
  const { delimiter } = seen.look
  if (delimiter !== null && said.delimiter === undefined) {
    const { needed } = rulesOf(mapping).wanted
    const found = needed.filter((field) => isFound(seen, rulesOf(mapping), field)).length
    mapping = { ...mapping, delimiter }
    guess(
      'delimiter',
      delimiter,
      needed.length === 0 ? 0.5 : found / needed.length,
      'it gives the most columns that are needed',
    )
  }
  return { mapping, guesses }
}

type Add = (what: string, value: string, confidence: number, because: string) => void

const isFound = ({ look }: Seen, { wanted }: ReadingRules, field: TicketField): boolean =>
  wanted.columns[field].some((name) => columnsNamed(look.names, name).length > 0)

const countFound = (seen: Seen, rules: ReadingRules) => FIELDS.filter((field) => isFound(seen, rules, field)).length

/** The helpdesk whose names the file has, unless it has ours. */
function guessPreset(seen: Seen, said: Mapping, guess: Add): Mapping {
  const rules = rulesOf(said)
  if (said.preset !== undefined || rules.wanted.needed.every((field) => isFound(seen, rules, field))) return said
  const own = countFound(seen, rules)
  const scores = PRESETS.map((preset) => ({ preset, found: countFound(seen, rulesOf({ ...said, preset })) }))
  const [best] = scores.toSorted((a, b) => b.found - a.found)
  if (!best || best.found <= own || best.found < 4) return said
  guess(
    'preset',
    best.preset,
    (best.found / FIELDS.length) * 0.9,
    `${best.found} of its ${FIELDS.length} columns are there`,
  )
  return { ...said, preset: best.preset }
}

function guessFields(seen: Seen, said: Mapping, guess: Add): Mapping {
  const rules = rulesOf(said)
  const open = FIELDS.filter((field) => !isFound(seen, rules, field))
  const used = new Set(
    FIELDS.flatMap((field) => rules.wanted.columns[field].flatMap((name) => columnsNamed(seen.look.names, name))),
  )
  const free = seen.columns.filter((_, index) => !used.has(index))
  let mapping = said
  for (const { field, column, confidence, because } of guessColumns(free, open)) {
    const isNeeded = rules.wanted.needed.includes(field)
    if (confidence < (isNeeded ? LEAST.needed : LEAST.other)) continue
    // What the preset says of a field that is not there is no column of this file.
    mapping = { ...mapping, columns: { ...mapping.columns, [field]: column } }
    guess(`columns.${field}`, column, confidence, because)
  }
  for (const field of ['subject', 'message'] as const) {
    if (isFound(seen, rulesOf(mapping), field) || rulesOf(mapping).constants[field] !== undefined) continue
    mapping = { ...mapping, constants: { ...mapping.constants, [field]: '' } }
    guess(`constants.${field}`, '', 0.3, 'no column looks like it')
  }
  return mapping
}

const lacksZone = (seen: Seen, rules: ReadingRules, field: 'created_at' | 'updated_at'): boolean =>
  seen.tell(rules, field).some((value) => {
    const rule = { formats: rules.formats[field] }
    return (
      'problem' in readTime(value, { ...rule, zone: undefined }) &&
      'moment' in readTime(value, { ...rule, zone: 'UTC' })
    )
  })

const STEMS: readonly [RegExp, TicketStatus][] = [
  [/clos|resol|solv|done|complet|finish|fixed|cancel|reject|spam|erledigt|geschlossen|gel[öo]st/, 'closed'],
  [/wait|pend|hold|await|snooz|defer|wartet|warten/, 'pending'],
  [/open|new|progress|assign|activ|escal|review|backlog|todo|to do|neu|offen|bearbeitung/, 'open'],
]
const STATUSES_MAX = 20

function guessStatuses(seen: Seen, said: Mapping, guess: Add): Mapping {
  const rules = rulesOf(said)
  const told = seen.tell(rules, 'status').filter((value) => !saysNothing(value))
  const unknown = [...new Set(told.map((value) => String(value).trim()))].filter(
    (word) => word.length <= 100 && !rules.statuses.has(statusKey(word)),
  )
  if (unknown.length > STATUSES_MAX) return said
  let mapping = said
  for (const word of unknown) {
    const stem = STEMS.find(([pattern]) => pattern.test(word.toLowerCase()))
    const status = stem?.[1] ?? 'open'
    mapping = { ...mapping, statuses: { ...mapping.statuses, [word]: status } }
    guess(
      `statuses.${word}`,
      status,
      stem ? 0.6 : 0.2,
      stem ? 'what the word says' : 'nothing: what is open is seen by somebody',
    )
  }
  return mapping
}
