import { type ByteWindow, endOfLine, textOf } from './byte-window.ts'
import { IMPORT_LIMITS, UnreadableFile } from './limits.ts'
import { csvScanner } from './scan-csv-row.ts'
import { columnsNamed, DELIMITERS, type TicketField, type Wanted } from './wanted-columns.ts'

export type CsvHeader = {
  delimiter: string
  names: readonly string[]
  /** Where the rows begin, in the window and in lines. */
  at: number
  line: number
}

/** `sep=;`, with which Excel is told what stands between the cells. */
const SEPARATOR_LINE = /^"?sep=([\t\x20-\x7e])"?[,;|\t ]*[\r\n]*$/i
const BLANK_LINE = /^\s*$/

/**
 * Reads the header: the first line that is not blank, behind a `sep=` if there is one. What stands between the cells is
 * what gives most of the columns that are wanted; names may hold the other signs.
 *
 * @throws UnreadableFile when there is none within {@link IMPORT_LIMITS.headerBytes}, or one of too many columns
 */
export async function readHeader(window: ByteWindow, wanted: Wanted): Promise<CsvHeader | undefined> {
  while (window.bytes.length < IMPORT_LIMITS.headerBytes && !window.isWhole) await window.more(0)
  let [at, line, separator] = [0, 1, wanted.delimiter as string | undefined]
  for (;;) {
    const end = endOfLine(window, at)
    if (end === at) return undefined
    if (at > IMPORT_LIMITS.headerBytes) throw noHeader()
    const text = end < 0 ? '' : textOf(window, at, end, 1_000)
    const told = SEPARATOR_LINE.exec(text)
    if (!told && (end < 0 || !BLANK_LINE.test(text))) break
    separator ??= told?.[1]
    at = end
    line += 1
  }
  const candidates = separator === undefined ? DELIMITERS : [separator]
  const headers = candidates.flatMap((delimiter) => scanHeader(window, { delimiter, at, line }) ?? [])
  const best = headers.toSorted(
    (a, b) => countFound(b.names, wanted) - countFound(a.names, wanted) || b.names.length - a.names.length,
  )[0]
  if (!best) throw noHeader()
  if (best.names.length > IMPORT_LIMITS.columns)
    throw new UnreadableFile(`the header has more than ${IMPORT_LIMITS.columns} columns`)
  return best
}

const noHeader = () => new UnreadableFile(`there is no header in the first ${IMPORT_LIMITS.headerBytes} bytes`)

function scanHeader(
  window: ByteWindow,
  { delimiter, at, line }: { delimiter: string; at: number; line: number },
): CsvHeader | undefined {
  const { scan, cell } = csvScanner(delimiter.charCodeAt(0))
  const row = scan(window, at)
  if (row.kind !== 'row' || row.end - at > IMPORT_LIMITS.headerBytes) return undefined
  const cells = Math.min(row.cells, IMPORT_LIMITS.columns + 1)
  const names = Array.from({ length: cells }, (_, index) => cell(index).trim())
  while (names.at(-1) === '' && names.length > 1 && row.cells <= IMPORT_LIMITS.columns) names.pop()
  return { delimiter, names, at: row.end, line: line + row.innerLines + 1 }
}

const countFound = (names: readonly string[], { columns }: Wanted): number =>
  Object.values(columns).filter((wanted) => wanted.some((name) => columnsNamed(names, name).length > 0)).length

/**
 * The columns of each field, in the order of their names.
 *
 * @throws UnreadableFile when a needed field has no column, or a field's name two
 */
export function findColumns(names: readonly string[], { columns, needed, said }: Wanted): Map<TicketField, number[]> {
  const found = new Map<TicketField, number[]>()
  for (const [field, wanted] of Object.entries(columns) as [TicketField, readonly string[]][]) {
    const indexes = wanted.flatMap((name) => {
      const [first, ...others] = columnsNamed(names, name, said.includes(field))
      if (others.length > 0) throw new UnreadableFile(`${others.length + 1} columns are named “${shown(name)}”`)
      return first ?? []
    })
    if (indexes.length > 0) found.set(field, indexes)
  }
  const missing = needed.filter((field) => !found.has(field))
  if (missing.length > 0) throw new UnreadableFile(complainOfMissing(missing, names, columns))
  return found
}

const shown = (name: string): string => (name.length > 60 ? `${name.slice(0, 60).toWellFormed()}…` : name)
const NAMES_SHOWN = 20

function complainOfMissing(missing: readonly TicketField[], names: readonly string[], columns: Wanted['columns']) {
  const sought = missing.map((field) => {
    const under = columns[field].filter((name) => name !== field)
    return under.length > 0 ? `${field} (sought as ${under.map((name) => `“${shown(name)}”`).join(', ')})` : field
  })
  const there = names.slice(0, NAMES_SHOWN).map((name) => `“${shown(name)}”`)
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : ''
  return `no column for ${sought.join(' and ')}; the header has ${there.join(', ')}${more}. Name the columns in a mapping; a preview suggests one`
}
