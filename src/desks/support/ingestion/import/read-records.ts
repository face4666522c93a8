import { openWindow } from './byte-window.ts'
import { findColumns, readHeader } from './csv-header.ts'
import { csvRows, type Place, type SetAside } from './csv-rows.ts'
import { type JsonObject, jsonRecords } from './json-records.ts'
import { firstTold, nameKey, type Picked, type TicketField, type Wanted } from './wanted-columns.ts'

export const IMPORT_FORMATS = ['ndjson', 'csv'] as const
export type ImportFormat = (typeof IMPORT_FORMATS)[number]

/** A record of a file, or why there is none. `names`: what it has instead, when something that is needed is missing. */
export type FileRecord = Place & ({ fields: Picked; names?: string[] } | SetAside)

type Pieces = AsyncIterable<Buffer>

/** The records of a file, one at a time as its bytes come. @throws UnreadableFile */
export async function* readRecords(format: ImportFormat, wanted: Wanted, pieces: Pieces): AsyncGenerator<FileRecord> {
  const window = await openWindow(pieces)
  if (format === 'ndjson') {
    const pick = objectPicker(wanted)
    for await (const record of jsonRecords(window)) {
      if ('failure' in record) yield record
      else {
        const { object, ...place } = record
        yield { ...place, ...pick(object) }
      }
    }
    return
  }
  const header = await readHeader(window, wanted)
  if (!header) return
  const { names, at, line } = header
  const columns = findColumns(names, wanted)
  const [[id], [time]] = [columns.get('id') ?? [], columns.get('created_at') ?? []]
  const marks = id === undefined || time === undefined ? undefined : { id, time }
  const file = { delimiter: header.delimiter.charCodeAt(0), columns: names.length, at, line, marks }
  yield* csvRows(window, file, (cell) => ({ fields: pickFromCells(cell, columns) }))
}

export function pickFromCells(cell: (index: number) => string, columns: ReadonlyMap<TicketField, number[]>): Picked {
  const picked: Picked = {}
  for (const [field, indexes] of columns) picked[field] = firstTold(indexes.values().map(cell))
  return picked
}

const NAMES_SHOWN = 20
const NAMES_KEPT = 2_000

/** Says what a record of JSON says of a ticket; a name may be a path (`via.channel`, `contacts.0.id`). */
export function objectPicker({ columns, needed }: Wanted) {
  const sought = Object.entries(columns) as [TicketField, readonly string[]][]
  const keys = new Map<string, string>()
  /** Most records of a file have the same names. */
  const keyOf = (name: string): string => {
    const known = keys.get(name)
    if (known !== undefined) return known
    const key = nameKey(name)
    if (keys.size < NAMES_KEPT) keys.set(name, key)
    return key
  }
  return (object: JsonObject): { fields: Picked; names?: string[] } => {
    const fields: Picked = {}
    let byKey: Map<string, unknown> | undefined
    const find = (name: string): unknown => {
      if (Object.hasOwn(object, name)) return object[name]
      return name.includes('.') ? follow(object, name.split('.')) : undefined
    }
    const findAlike = (name: string): unknown => {
      byKey ??= new Map(Object.entries(object).map(([own, value]) => [keyOf(own), value]))
      return byKey.get(keyOf(name))
    }
    for (const [field, names] of sought) {
      const value = firstTold(names.map(find)) ?? firstTold(names.map(findAlike))
      if (value !== undefined) fields[field] = value
    }
    if (needed.every((field) => fields[field] !== undefined)) return { fields }
    return { fields, names: Object.keys(object).slice(0, NAMES_SHOWN) }
  }
}

function follow(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return follow((value as JsonObject)[name], rest)
}
