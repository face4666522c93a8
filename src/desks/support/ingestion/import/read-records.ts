import { Readable } from 'node:stream'
import { CsvError, type Info, parse } from 'csv-parse'

export const IMPORT_FORMATS = ['ndjson', 'csv'] as const
export type ImportFormat = (typeof IMPORT_FORMATS)[number]

/**
 * A record of a file, or why there is none; `line` counts from 1 and is where it begins. `characters`: how long it was in
 * the file, whatever its fields consist of.
 */
export type FileRecord = { line: number; characters: number } & (
  | { fields: Record<string, unknown> }
  | { failure: string; raw: string }
)

/** A longer record is set aside unread: a missing quote or line end must not bring the whole file into memory. */
export const RECORD_BYTES_MAX = 8 * 1_048_576

/** The file cannot be read any further. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile'
}

/** The records of a file, one at a time as its bytes come. @throws UnreadableFile */
export function readRecords(format: ImportFormat, bytes: AsyncIterable<Buffer>): AsyncGenerator<FileRecord> {
  return format === 'csv' ? readCsv(bytes) : readNdjson(bytes)
}

async function* readNdjson(bytes: AsyncIterable<Buffer>): AsyncGenerator<FileRecord> {
  let line = 0
  for await (const text of readLines(bytes)) {
    line += 1
    if (text === null)
      yield { line, characters: 0, failure: `the line is longer than ${RECORD_BYTES_MAX} characters`, raw: '' }
    else if (text.trim() !== '') yield { line, characters: text.length, ...readLine(text) }
  }
}

function readLine(text: string): { fields: Record<string, unknown> } | { failure: string; raw: string } {
  try {
    const fields: unknown = JSON.parse(text)
    if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) return { fields: { ...fields } }
    return { failure: 'the line is not a JSON object', raw: text }
  } catch {
    return { failure: 'the line is not JSON', raw: text }
  }
}

/** Lines without their ends; null stands for one that is too long. */
async function* readLines(bytes: AsyncIterable<Buffer>): AsyncGenerator<string | null> {
  const decoder = new TextDecoder()
  let rest = ''
  let isTooLong = false
  for await (const chunk of bytes) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) {
      yield isTooLong || part.length > RECORD_BYTES_MAX ? null : part
      isTooLong = false
    }
    if (rest.length > RECORD_BYTES_MAX) isTooLong = true
    if (isTooLong) rest = ''
  }
  rest += decoder.decode()
  if (isTooLong) yield null
  else if (rest !== '') yield rest
}

async function* readCsv(bytes: AsyncIterable<Buffer>): AsyncGenerator<FileRecord> {
  const { delimiter, whole } = await guessDelimiter(bytes)
  const parser = parse({
    ...{ columns: true, bom: true, info: true, raw: true, delimiter, skip_empty_lines: true },
    // What is wrong with a row comes with the row, not as an event of its own that could come before or after it: an
    // import that goes on after a crash counts the rows that came.
    ...{ relax_column_count: true, relax_quotes: true, max_record_size: RECORD_BYTES_MAX },
  })
  const source = Readable.from(whole)
  source.on('error', (error) => parser.destroy(error))
  source.pipe(parser)
  // The header is the first line.
  let before = 1
  try {
    for await (const { record, info, raw } of parser as AsyncIterable<CsvRow>) {
      const line = Math.min(before + 1, info.lines)
      const characters = raw.length
      yield info.error ? { line, characters, failure: info.error.message, raw } : { line, characters, fields: record }
      before = info.lines
    }
  } catch (error) {
    if (error instanceof CsvError) throw new UnreadableFile(error.message, { cause: error })
    throw error
  } finally {
    source.destroy()
  }
}

type CsvRow = { record: Record<string, unknown>; info: Info & { error?: CsvError }; raw: string }

/** Spreadsheets write semicolons where the comma is the decimal sign; the header tells. */
async function guessDelimiter(
  bytes: AsyncIterable<Buffer>,
): Promise<{ delimiter: string; whole: AsyncIterable<Buffer> }> {
  const iterator = bytes[Symbol.asyncIterator]()
  const first = await iterator.next()
  const head = first.done ? '' : (first.value.toString('utf8').split('\n', 1)[0] ?? '')
  const count = (sign: string) => head.split(sign).length
  const delimiter = [',', ';', '\t'].toSorted((a, b) => count(b) - count(a))[0] ?? ','
  async function* whole() {
    if (!first.done) yield first.value
    for (;;) {
      const next = await iterator.next()
      if (next.done) return
      yield next.value
    }
  }
  return { delimiter, whole: whole() }
}
