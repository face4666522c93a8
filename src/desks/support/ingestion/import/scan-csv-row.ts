import { type ByteWindow, countLineEnds } from './byte-window.ts'
import { IMPORT_LIMITS } from './limits.ts'

const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const SPACE = 0x20
const TAB = 0x09

/**
 * The row that begins at a place.
 *
 * - `row`: with so many cells, read to `end`; `innerLines`: line ends inside its quotes.
 * - `broken`: no row after RFC 4180, noticed at `end`.
 * - `more`: its end has not come yet.
 */
export type ScannedRow =
  | { kind: 'row'; end: number; cells: number; innerLines: number; hasStrayQuote: boolean; longest: number }
  | { kind: 'broken'; end: number; innerLines: number; why: string }
  | { kind: 'more' }

/**
 * Finds the cells of rows. Rows end with LF, CR or both, each as it likes. Blanks around a quoted cell are none of its
 * text; those around one without quotes are taken off. A quote inside a cell without quotes is a letter like any other.
 * Looks at each byte once. The cells of the last row can be read until the next is scanned.
 */
export function csvScanner(delimiter: number) {
  const COLUMNS = IMPORT_LIMITS.columns + 1
  const starts = new Int32Array(COLUMNS)
  const ends = new Int32Array(COLUMNS)
  /** 0: without quotes; 1: quoted; 2: with quotes inside. */
  const quoting = new Uint8Array(COLUMNS)
  let scanned: Buffer = Buffer.alloc(0)

  const scan = ({ bytes, isWhole }: ByteWindow, from: number): ScannedRow => {
    scanned = bytes
    const { length } = bytes
    let [at, cells, innerLines, longest] = [from, 0, 0, 0]
    let hasStrayQuote = false
    const isBlank = (place: number) => bytes[place] === SPACE || (bytes[place] === TAB && delimiter !== TAB)
    for (;;) {
      let place = at
      while (isBlank(place)) place += 1
      let [start, end, quotes] = [at, at, 0]
      if (bytes[place] === QUOTE) {
        start = place + 1
        end = start
        for (quotes = 1; ; quotes = 2) {
          end = bytes.indexOf(QUOTE, end)
          if (end < 0 && !isWhole) return { kind: 'more' }
          if (end < 0) return { kind: 'broken', end: length, innerLines, why: 'a quote is never closed' }
          if (end + 1 === length && !isWhole) return { kind: 'more' }
          if (bytes[end + 1] !== QUOTE) break
          end += 2
        }
        innerLines += countLineEnds(bytes, start, end)
        place = end + 1
        while (isBlank(place)) place += 1
      } else {
        for (; place < length; place += 1) {
          const byte = bytes[place]
          if (byte === delimiter || byte === LF || byte === CR) break
          if (byte === QUOTE) hasStrayQuote = true
        }
        end = place
      }
      if (cells < COLUMNS) {
        starts[cells] = start
        ends[cells] = end
        quoting[cells] = quotes
      }
      cells += 1
      longest = Math.max(longest, end - start)
      const byte = bytes[place]
      if (place >= length) {
        if (!isWhole) return { kind: 'more' }
        return { kind: 'row', end: length, cells, innerLines, hasStrayQuote, longest }
      }
      if (byte === delimiter) {
        at = place + 1
        continue
      }
      if (byte !== LF && byte !== CR)
        return { kind: 'broken', end: place, innerLines, why: 'text stands behind the closing quote of a cell' }
      if (byte === CR && place + 1 === length && !isWhole) return { kind: 'more' }
      const rowEnd = byte === CR && bytes[place + 1] === LF ? place + 2 : place + 1
      return { kind: 'row', end: rowEnd, cells, innerLines, hasStrayQuote, longest }
    }
  }

  /** A cell of the last row: exactly what stands between its quotes, or without quotes what is left without blanks. */
  const cell = (index: number): string => {
    const text = scanned.toString('utf8', starts[index], ends[index])
    if (quoting[index] === 0) return text.trim()
    return quoting[index] === 2 ? text.replaceAll('""', '"') : text
  }

  const isEmpty = (index: number): boolean => {
    const [start = 0, end = 0] = [starts[index], ends[index]]
    return start === end || (end - start < 1_000 && cell(index).trim() === '')
  }
  return { scan, cell, isEmpty }
}
