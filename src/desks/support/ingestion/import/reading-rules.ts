import type { TicketStatus } from '../../tickets/index.ts'
import type { Mapping } from './mapping.ts'
import { PRESET_MAPPINGS } from './presets.ts'
import { STATUS_WORDS, statusKey } from './status-words.ts'
import type { TicketField, Wanted } from './wanted-columns.ts'

type MappedField = keyof NonNullable<Mapping['columns']>

/** Our own names: of an export of ours, and of whoever writes a file for us. */
const OWN_COLUMNS: Readonly<Record<TicketField, readonly string[]>> = {
  id: ['external_id', 'id'],
  customer_id: ['customer_id'],
  subject: ['subject'],
  message: ['message'],
  status: ['status'],
  source: ['source'],
  created_at: ['created_at'],
  updated_at: ['updated_at'],
  tenant_id: ['tenant_id'],
}
const NEEDED: readonly TicketField[] = ['id', 'customer_id', 'subject', 'message', 'created_at']

/** A mapping with everything said. */
export type ReadingRules = {
  wanted: Wanted
  constants: Partial<Record<TicketField, string>>
  /** By {@link statusKey}. */
  statuses: ReadonlyMap<string, TicketStatus>
  formats: Readonly<Record<'created_at' | 'updated_at', readonly string[]>>
  zone: string | undefined
}

const listOf = <Item>(some: Item | readonly Item[] | undefined): readonly Item[] =>
  some === undefined ? [] : Array.isArray(some) ? some : [some as Item]

/** How a file is read: as the request says, where it says nothing as its preset, and else by our own names. */
export function rulesOf(mapping: Mapping = {}): ReadingRules {
  const preset: Mapping = mapping.preset === undefined ? {} : PRESET_MAPPINGS[mapping.preset]
  const said = { ...preset.columns, ...withoutUndefined(mapping.columns) }
  const columns = Object.fromEntries(
    Object.entries(OWN_COLUMNS).map(([field, own]) => {
      const named = listOf(said[field as keyof typeof said])
      return [field, named.length > 0 ? named : own]
    }),
  ) as Record<TicketField, readonly string[]>
  const constants = { ...preset.constants, ...withoutUndefined(mapping.constants) } as ReadingRules['constants']
  const statuses = Object.entries({ ...preset.statuses, ...mapping.statuses })
  const formatsOf = (field: 'created_at' | 'updated_at') => [
    ...listOf(mapping.formats?.[field]),
    ...listOf(preset.formats?.[field]),
  ]
  return {
    wanted: {
      columns,
      said: (Object.keys(columns) as TicketField[]).filter(
        (field) => mapping.columns?.[field as MappedField] !== undefined,
      ),
      needed: NEEDED.filter((field) => constants[field] === undefined),
      delimiter: mapping.delimiter,
    },
    constants,
    statuses: new Map([...STATUS_WORDS, ...statuses.map(([word, status]) => [statusKey(word), status] as const)]),
    formats: { created_at: formatsOf('created_at'), updated_at: formatsOf('updated_at') },
    zone: mapping.zone,
  }
}

const withoutUndefined = <Fields extends object>(fields: Fields | undefined) =>
  Object.fromEntries(Object.entries(fields ?? {}).filter(([, value]) => value !== undefined)) as Partial<Fields>
