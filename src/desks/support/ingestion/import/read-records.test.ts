import { describe, expect, it } from 'vitest'
import { type FileRecord, type ImportFormat, RECORD_BYTES_MAX, readRecords, UnreadableFile } from './read-records.ts'

/** The file in pieces of so many bytes, so that every border is tried. */
async function read(format: ImportFormat, file: string | Buffer, pieceBytes = 65_536): Promise<FileRecord[]> {
  const whole = Buffer.from(file as string)
  async function* pieces() {
    for (let at = 0; at < whole.byteLength; at += pieceBytes) yield whole.subarray(at, at + pieceBytes)
  }
  const records: FileRecord[] = []
  for await (const record of readRecords(format, pieces())) records.push(record)
  return records
}

describe('a file of JSON lines', () => {
  it.each([1, 2, 3, 7, 65_536])('is read line by line, whatever its pieces of %i bytes cut through', async (bytes) => {
    const file = '{"id":"1","subject":"Grüße 👋"}\r\n\n{"id":"2"}\n{"id":"3"}'
    expect(await read('ndjson', file, bytes)).toMatchObject([
      { line: 1, fields: { id: '1', subject: 'Grüße 👋' } },
      { line: 3, fields: { id: '2' } },
      { line: 4, fields: { id: '3' } },
    ])
  })

  it.each([
    ['no JSON', 'nonsense', 'the line is not JSON'],
    ['a list', '[1]', 'the line is not a JSON object'],
    ['null', 'null', 'the line is not a JSON object'],
    ['half an object', '{"id":"1"', 'the line is not JSON'],
  ])('sets a line with %s aside with its number', async (_what, line, failure) => {
    expect(await read('ndjson', `{"id":"1"}\n${line}\n{"id":"2"}\n`)).toMatchObject([
      { line: 1 },
      { line: 2, failure, raw: line },
      { line: 3, fields: { id: '2' } },
    ])
  })

  it('sets a line aside that is too long for memory, and goes on after it', async () => {
    const file = `{"id":"1"}\n${'x'.repeat(RECORD_BYTES_MAX + 100_000)}\n{"id":"2"}\n`
    const records = await read('ndjson', file)
    expect(records).toMatchObject([{ line: 1 }, { line: 2, raw: '' }, { line: 3, fields: { id: '2' } }])
  })

  it('tells how long a line was, whatever it consists of', async () => {
    const lines = [`{"a":[${'[],'.repeat(1_000)}[]]}`, `{"${'k'.repeat(5_000)}":1}`, 'nonsense']
    const records = await read('ndjson', lines.join('\n'))
    expect(records.map(({ characters }) => characters)).toEqual(lines.map(({ length }) => length))
  })

  it('has no records when it is empty', async () => {
    expect(await read('ndjson', '')).toEqual([])
  })

  it('may begin with a byte order mark', async () => {
    expect(await read('ndjson', '\ufeff{"id":"1"}\n')).toMatchObject([{ line: 1, fields: { id: '1' } }])
  })
})

describe('a CSV file', () => {
  it.each([',', ';', '\t'])('is read by its header, with “%s” between the cells', async (delimiter) => {
    const file = [
      ['id', 'subject'],
      ['1', '"a ""quoted"" one'],
    ]
      .map((cells) => cells.join(delimiter))
      .join('\n')
    expect(await read('csv', `${file} over\ntwo lines"\n2${delimiter}plain\n`, 5)).toMatchObject([
      { line: 2, fields: { id: '1', subject: 'a "quoted" one over\ntwo lines' } },
      { line: 4, fields: { id: '2', subject: 'plain' } },
    ])
  })

  it('sets a row with too many or too few cells aside with its line, and goes on', async () => {
    expect(await read('csv', 'id,subject\n1,one\n2\n3,three,more\n4,four\n')).toMatchObject([
      { line: 2, fields: { id: '1' } },
      { line: 3, failure: expect.stringContaining('Invalid Record Length') },
      { line: 4, failure: expect.stringContaining('Invalid Record Length') },
      { line: 5, fields: { id: '4' } },
    ])
  })

  it('may begin with a byte order mark and end its lines as spreadsheets do', async () => {
    expect(await read('csv', '\ufeffid;subject\r\n1;Grüße\r\n')).toMatchObject([
      { line: 2, fields: { id: '1', subject: 'Grüße' } },
    ])
  })

  it('cannot be read past a quote that is never closed', async () => {
    await expect(read('csv', `id,subject\n1,"${'x'.repeat(RECORD_BYTES_MAX)}`)).rejects.toThrow(UnreadableFile)
    await expect(read('csv', 'id,subject\n1,"open')).rejects.toThrow(UnreadableFile)
  })

  it('tells how long a row was', async () => {
    const [record] = await read('csv', `id,subject\n1,"${'x'.repeat(5_000)}"\n`)
    expect(record?.characters).toBeGreaterThan(5_000)
  })

  it('has no records when it is empty or only a header', async () => {
    expect(await read('csv', '')).toEqual([])
    expect(await read('csv', 'id,subject\n')).toEqual([])
  })
})
