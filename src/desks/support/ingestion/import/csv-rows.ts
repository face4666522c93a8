import { type ByteWindow, countLineEnds, endOfLine, skipLine, textOf } from './byte-window.ts'
import { IMPORT_LIMITS, RAW_BYTES_MAX } from './limits.ts'
import { csvScanner, type ScannedRow } from './scan-csv-row.ts'

/** Where a record stands: the line in which it begins, counted from 1; over how many it goes; how many bytes it has. */
export type Place = { line: number; lines: number; bytes: number }
/** What cannot be read as a record, and why; `raw` is its beginning. `alike`: others that are told only by their number. */
export type SetAside = Place & { failure: string; raw: string; alike?: number }

export type CsvBody = {
  delimiter: number
  /** As many as the header has. */
  columns: number
  /** Where the first row begins, in the window and in lines. */
  at: number
  line: number
  /** The columns by which a line is known for a row: an id and a time. */
  marks?: { id: number; time: number } | undefined
}

const { recordBytes, cellBytes } = IMPORT_LIMITS

/**
 * The rows behind the header, each as `take` makes it of its cells.
 *
 * A record over several lines that is none after RFC 4180, or has another number of cells than the header, has a quote too
 * many or too few: what it swallowed are rows of their own. So only its first line is set aside, and reading goes on with
 * the next one. When more was read again than there was to read, such a record is set aside with all its lines: no file
 * costs more than reading it a few times.
 *
 * One that is well-formed, but whose first and last line each look like a row, may be two rows with a quote each, or a text
 * that quotes a row: nobody can tell, so it is set aside with all its lines.
 */
export async function* csvRows<Taken extends object>(
  window: ByteWindow,
  { delimiter, columns, marks, ...begin }: CsvBody,
  take: (cell: (index: number) => string) => Taken,
): AsyncGenerator<Place & (Taken | SetAside)> {
  const { scan, cell, isEmpty } = csvScanner(delimiter)
  let { at, line } = begin
  let [bytesRead, bytesReadAgain] = [0, 0]

  const scanNext = async (): Promise<ScannedRow> => {
    for (;;) {
      const row = scan(window, at)
      if (row.kind !== 'more' || window.bytes.length - at > recordBytes) return row
      await window.more(at)
      at = 0
    }
  }
  const goOn = (place: Place, to: number) => {
    bytesRead += place.bytes
    line += place.lines
    at = to
  }
  const isDoubtful = ({ end, innerLines }: ScannedRow & { kind: 'row' }): boolean => {
    if (innerLines === 0 || marks === undefined) return false
    const lines = [window.bytes.subarray(at, endOfLine(window, at)), lastLine(window.bytes.subarray(at, end))]
    return lines.every((bytes) => looksLikeRow(bytes, { delimiter, columns, ...marks }))
  }
  const setAside = async (row: ScannedRow, why: string, isWhole = false): Promise<SetAside> => {
    const noticed = row.kind === 'more' ? window.bytes.length : row.end
    const firstEnd = endOfLine(window, at)
    const isTorn = firstEnd >= 0 && firstEnd < noticed
    if (isTorn && !isWhole) bytesReadAgain += noticed - firstEnd
    const isJoined = isTorn && (isWhole || bytesReadAgain > bytesRead + 2 * recordBytes)
    const end = isJoined ? noticed : firstEnd >= 0 ? firstEnd : window.bytes.length
    const place = { line, lines: isJoined ? countLineEnds(window.bytes, at, end) : 1, bytes: end - at }
    const raw = textOf(window, at, end, RAW_BYTES_MAX)
    const isPartOfLine = firstEnd < 0 || (isJoined && !endsLine(window.bytes[end - 1]))
    if (isJoined && isPartOfLine) place.lines += 1
    goOn(place, isPartOfLine ? await skipLine(window, end) : end)
    const joined = `; lines ${place.line} to ${line - 1} were read as one record`
    return { ...place, failure: isJoined ? why + joined : why, raw }
  }

  for (;;) {
    const row = await scanNext()
    if (row.kind === 'row' && row.end === at) return
    const why = complainOf(row, at)
    if (why !== undefined || row.kind !== 'row') {
      yield await setAside(row, why ?? '')
      continue
    }
    const cells = withoutEmptyEnd(row.cells, columns, isEmpty)
    if (cells === 0) {
      goOn({ line, lines: row.innerLines + 1, bytes: row.end - at }, row.end)
    } else if (cells !== columns || (row.hasStrayQuote && row.innerLines > 0)) {
      yield await setAside(row, complainOfCells(row, columns))
    } else if (isDoubtful(row)) {
      yield await setAside(row, 'a quote may be missing or be one too many', true)
    } else {
      const place = { line, lines: row.innerLines + 1, bytes: row.end - at }
      const taken = take(cell)
      goOn(place, row.end)
      yield { ...place, ...taken }
    }
  }
}

/** Spreadsheets end rows with empty cells of their own. 0 when all are empty. */
function withoutEmptyEnd(cells: number, columns: number, isEmpty: (index: number) => boolean): number {
  if (cells > IMPORT_LIMITS.columns + 1 || (cells === columns && !isEmpty(0))) return cells
  let filled = cells
  while (filled > 0 && isEmpty(filled - 1)) filled -= 1
  return filled === 0 ? 0 : Math.max(filled, Math.min(cells, columns))
}

const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const endsLine = (byte: number | undefined) => byte === LF || byte === CR

/** The last line of a record, without its end. */
function lastLine(record: Buffer): Buffer {
  let end = record.length
  while (endsLine(record[end - 1])) end -= 1
  let start = end
  while (start > 0 && !endsLine(record[start - 1])) start -= 1
  return record.subarray(start, end)
}

const LINE_BYTES_MAX = 65_536

/** Whether a line could be a row, whatever its quotes say: all cells, an id, and something like a time. */
function looksLikeRow(
  line: Buffer,
  { delimiter, columns, id, time }: { delimiter: number; columns: number; id: number; time: number },
): boolean {
  // Two quotes are one inside a cell: no row begins so, and in a file that quotes every cell nothing else begins one.
  if (line.length > LINE_BYTES_MAX || (line[0] === QUOTE && line[1] === QUOTE)) return false
  const cells = line.toString('latin1').split(String.fromCharCode(delimiter))
  return cells.length === columns && /[^\s"]/.test(cells[id] ?? '') && /\d\D?\d\D?\d\D?\d/.test(cells[time] ?? '')
}

function complainOf(row: ScannedRow, at: number): string | undefined {
  switch (row.kind) {
    case 'more':
      return `the record is longer than ${recordBytes} bytes`
    case 'broken':
      return row.why
    case 'row':
      if (row.end - at > recordBytes) return `the record is longer than ${recordBytes} bytes`
      return row.longest > cellBytes ? `a cell is longer than ${cellBytes} bytes` : undefined
  }
}

const complainOfCells = (
  { cells, hasStrayQuote, innerLines }: ScannedRow & { kind: 'row' },
  columns: number,
): string =>
  cells === columns && hasStrayQuote && innerLines > 0
    ? 'a quote stands inside a cell that does not begin with one'
    : `the row has ${cells} cells, the header ${columns}`
