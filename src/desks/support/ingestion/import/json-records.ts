import { findJsonExcess } from '../../../../kernel/json-bounds.ts'
import { type ByteWindow, countLineEnds, endOfLine, skipLine, textOf } from './byte-window.ts'
import type { Place, SetAside } from './csv-rows.ts'
import { IMPORT_LIMITS, RAW_BYTES_MAX, UnreadableFile } from './limits.ts'

export type JsonObject = { readonly [name: string]: unknown }
type JsonRecord = Place & ({ object: JsonObject } | SetAside)

const { members, depth, nameCharacters, cellBytes, recordBytes } = IMPORT_LIMITS
const BOUNDS = { members, depth, nameCharacters, textCharacters: cellBytes }

/**
 * The records of a file of JSON: one object a line, or one list of objects, over however many lines.
 *
 * @throws UnreadableFile when a list is broken, or the file is one object over several lines
 */
export async function* jsonRecords(window: ByteWindow): AsyncGenerator<JsonRecord> {
  const { at, line } = await skipBlanks(window, { at: 0, line: 1 })
  if (window.bytes[at] === 0x5b) yield* elements(window, { at: at + 1, line })
  else yield* lines(window, { at, line })
}

type Spot = { at: number; line: number }

async function* lines(window: ByteWindow, begin: Spot): AsyncGenerator<JsonRecord> {
  let { at, line } = begin
  for (let isFirst = true; ; isFirst = false) {
    let end = endOfLine(window, at)
    while (end < 0 && window.bytes.length - at <= recordBytes) {
      await window.more(at)
      at = 0
      end = endOfLine(window, at)
    }
    if (end === at) return
    if (end < 0 || end - at > recordBytes) {
      const raw = textOf(window, at, window.bytes.length, RAW_BYTES_MAX)
      at = await skipLine(window, at)
      yield { line, lines: 1, bytes: raw.length, failure: `the line is longer than ${recordBytes} bytes`, raw }
    } else {
      const text = window.bytes.toString('utf8', at, end).trim()
      if (isFirst && BEGINS_A_DOCUMENT.test(text)) throw new UnreadableFile(ONE_DOCUMENT)
      const place = { line, lines: 1, bytes: end - at }
      at = end
      if (text !== '') yield { ...place, ...readObject(text, 'line') }
    }
    line += 1
  }
}

/** Its first line is not JSON by itself: the file was written to be read by people. */
const BEGINS_A_DOCUMENT = /^\{(?:\s*"[^"]{0,200}"\s*:\s*[[{])?$/
const ONE_DOCUMENT =
  'the file is one JSON document over several lines; what is wanted is one object a line, or one list of objects'

async function* elements(window: ByteWindow, begin: Spot): AsyncGenerator<JsonRecord> {
  let spot = await skipBlanks(window, begin)
  const found = () => window.bytes[spot.at]
  const broken = (why: string) => new UnreadableFile(`${why} in line ${spot.line}`)
  for (let count = 0; found() !== CLOSING; count += 1) {
    if (count > 0) {
      if (found() !== COMMA) throw broken(found() === undefined ? 'the list is never closed' : 'the list is broken')
      spot = await skipBlanks(window, { at: spot.at + 1, line: spot.line })
    }
    let end = endOfValue(window, spot.at)
    while (end < 0) {
      if (window.isWhole) throw broken('the list is never closed')
      if (window.bytes.length - spot.at > recordBytes) throw broken(`a record is longer than ${recordBytes} bytes`)
      await window.more(spot.at)
      spot = { ...spot, at: 0 }
      end = endOfValue(window, spot.at)
    }
    if (end === spot.at) throw broken('the list is broken')
    if (end - spot.at > recordBytes) throw broken(`a record is longer than ${recordBytes} bytes`)
    const inner = countLineEnds(window.bytes, spot.at, end)
    const place = { line: spot.line, lines: inner + 1, bytes: end - spot.at }
    const text = window.bytes.toString('utf8', spot.at, end)
    spot = { at: end, line: spot.line + inner }
    yield { ...place, ...readObject(text, 'record') }
    spot = await skipBlanks(window, spot)
  }
  spot = await skipBlanks(window, { at: spot.at + 1, line: spot.line })
  if (found() !== undefined) throw broken('something stands behind the list')
}

const [COMMA, CLOSING, QUOTE, BACKSLASH] = [0x2c, 0x5d, 0x22, 0x5c]
const isBlank = (byte: number | undefined) => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d

async function skipBlanks(window: ByteWindow, { at, line }: Spot): Promise<Spot> {
  let [place, lines] = [at, line]
  for (;;) {
    while (isBlank(window.bytes[place])) place += 1
    const isCut = place === window.bytes.length && !window.isWhole
    // A CR at the end of what is there may be the first half of a line end.
    const to = isCut && window.bytes[place - 1] === 0x0d ? place - 1 : place
    lines += countLineEnds(window.bytes, at, to)
    if (!isCut) return { at: place, line: lines }
    await window.more(to)
    place = 0
    at = 0
  }
}

/** Behind the value that begins at `from`, whether it is JSON or not; -1 while its end has not come. */
function endOfValue({ bytes, isWhole }: ByteWindow, from: number): number {
  let level = 0
  for (let place = from; place < bytes.length; place += 1) {
    const byte = bytes[place]
    if (byte === QUOTE) {
      place = endOfText(bytes, place + 1)
      if (place < 0) return -1
    } else if (byte === 0x5b || byte === 0x7b) level += 1
    else if (byte === CLOSING || byte === 0x7d) {
      if (level === 0) return place
      level -= 1
    } else if (level > 0 || (byte !== COMMA && !isBlank(byte))) continue
    else return place
    if (level === 0) return place + 1
  }
  return isWhole ? bytes.length : -1
}

function endOfText(bytes: Buffer, from: number): number {
  for (let quote = bytes.indexOf(QUOTE, from); quote >= 0; quote = bytes.indexOf(QUOTE, quote + 1)) {
    let backslashes = 0
    while (quote - backslashes > from && bytes[quote - backslashes - 1] === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return quote
  }
  return -1
}

function readObject(text: string, what: 'line' | 'record'): { object: JsonObject } | { failure: string; raw: string } {
  const failing = (failure: string) => ({ failure: `the ${what} ${failure}`, raw: text.slice(0, RAW_BYTES_MAX) })
  const excess = findJsonExcess(text, BOUNDS)
  // Without the place: what fails alike is told together.
  if (excess) return failing(excess.complaint.replace(/, at character \d+$/, ''))
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { object: value as JsonObject }
    return failing('is not a JSON object')
  } catch {
    return failing('is not JSON')
  }
}
