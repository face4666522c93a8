import { openWindow } from './byte-window.ts'
import { readHeader } from './csv-header.ts'
import { csvRows } from './csv-rows.ts'
import { type JsonObject, jsonRecords } from './json-records.ts'
import { UnreadableFile } from './limits.ts'
import type { ImportFormat } from './read-records.ts'
import type { Delimiter, Wanted } from './wanted-columns.ts'

/** Records that are looked at, at most. */
export const LOOKED_AT_MAX = 300
/** Names of a file of JSON that are shown, those of what stands in its objects included. */
const NAMES_MAX = 300
const PATH_DEPTH = 3

/** The beginning of a file, with everything that stands in its first records. */
export type FileLook = {
  /** Of a CSV file, what stands between its cells. */
  delimiter: Delimiter | null
  /** Its columns, or the paths of its objects. */
  names: string[]
  records: { line: number; values: string[] | JsonObject }[]
  setAside: { line: number; failure: string }[]
  /** Why it cannot be read, or not any further. */
  unreadable: string | null
}

/** Thrown where more than the beginning would be read: what stands there may be half a record. */
class BeginningEnds extends Error {}

/** Looks at the beginning of a file; `isCut`: there is more of it. */
export async function lookAtFile(
  { format, wanted, isCut }: { format: ImportFormat; wanted: Wanted; isCut: boolean },
  head: Buffer,
): Promise<FileLook> {
  const look: FileLook = { delimiter: null, names: [], records: [], setAside: [], unreadable: null }
  async function* pieces() {
    yield head
    if (isCut) throw new BeginningEnds()
  }
  try {
    for await (const record of format === 'csv' ? cellsOf(pieces(), wanted, look) : objectsOf(pieces())) {
      if (look.records.length + look.setAside.length === LOOKED_AT_MAX) break
      if ('failure' in record) look.setAside.push({ line: record.line, failure: record.failure })
      else look.records.push({ line: record.line, values: record.values })
    }
  } catch (error) {
    if (error instanceof UnreadableFile) look.unreadable = error.message
    else if (!(error instanceof BeginningEnds)) throw error
  }
  if (format === 'ndjson') look.names = pathsOf(look.records.map(({ values }) => values as JsonObject))
  return look
}

type Looked = { line: number } & ({ values: string[] | JsonObject } | { failure: string })

async function* cellsOf(pieces: AsyncIterable<Buffer>, wanted: Wanted, look: FileLook): AsyncGenerator<Looked> {
  const window = await openWindow(pieces)
  const header = await readHeader(window, wanted)
  if (!header) return
  const { names, at, line, delimiter } = header
  look.names = [...names]
  look.delimiter = delimiter as Delimiter
  const file = { delimiter: delimiter.charCodeAt(0), columns: names.length, at, line }
  yield* csvRows(window, file, (cell) => ({ values: names.map((_, index) => cell(index)) }))
}

async function* objectsOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<Looked> {
  for await (const record of jsonRecords(await openWindow(pieces))) {
    if ('failure' in record) yield record
    else yield { line: record.line, values: record.object }
  }
}

/** What stands in objects, by its path as a mapping names it, in the order of the first that have it. */
function pathsOf(objects: readonly JsonObject[]): string[] {
  const paths = new Set<string>()
  const walk = (value: unknown, path: string, depth: number) => {
    if (typeof value !== 'object' || value === null) {
      if (paths.size < NAMES_MAX) paths.add(path)
      return
    }
    if (depth === PATH_DEPTH) return
    const members = Array.isArray(value) ? Object.entries(value.slice(0, 1)) : Object.entries(value)
    for (const [name, inner] of members) walk(inner, path === '' ? name : `${path}.${name}`, depth + 1)
  }
  for (const object of objects) walk(object, '', 0)
  return [...paths]
}
