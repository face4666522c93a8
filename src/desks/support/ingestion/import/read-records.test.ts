import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IMPORT_LIMITS, UnreadableFile } from './limits.ts'
import type { Mapping } from './mapping.ts'
import { type FileRecord, type ImportFormat, readRecords } from './read-records.ts'
import { rulesOf } from './reading-rules.ts'

/** The file in pieces of so many bytes, so that every border is tried. */
async function read(
  format: ImportFormat,
  file: string | Buffer,
  { pieceBytes = 1_048_576, mapping = {} }: { pieceBytes?: number; mapping?: Mapping } = {},
): Promise<FileRecord[]> {
  const whole = Buffer.from(file as string)
  async function* pieces() {
    for (let at = 0; at < whole.byteLength; at += pieceBytes) yield whole.subarray(at, at + pieceBytes)
  }
  const records: FileRecord[] = []
  for await (const record of readRecords(format, rulesOf(mapping).wanted, pieces())) records.push(record)
  return records
}

const HEADER = ['id', 'customer_id', 'subject', 'message', 'created_at']
const T = '2026-03-01T00:00:00Z'
const row = (id: string, subject = 's', message = 'm') => [id, 'c', subject, message, T].join()
const csv = (...rows: string[]) => [HEADER.join(), ...rows, ''].join('\n')
const json = (fields: Record<string, unknown> = {}) =>
  JSON.stringify({ id: '1', customer_id: 'c', subject: 's', message: 'm', created_at: T, ...fields })
/** Lines of what was read, and why what could not be. */
const told = (records: FileRecord[]) =>
  records.map((record) => [record.line, 'failure' in record ? record.failure : record.fields.id])

describe('a file of JSON', () => {
  it.each([1, 2, 3, 7, 65_536])('is read line by line, whatever its pieces of %i bytes cut through', async (bytes) => {
    const file = `${json({ subject: 'Grüße 👋' })}\r\n\n${json({ id: '2' })}\n${json({ id: '3' })}`
    const records = await read('ndjson', file, { pieceBytes: bytes })
    expect(told(records)).toEqual([
      [1, '1'],
      [3, '2'],
      [4, '3'],
    ])
    expect(records[0]).toMatchObject({ fields: { subject: 'Grüße 👋' } })
  })

  it.each([1, 2, 5, 65_536])('may be one list over any lines, in pieces of %i bytes', async (pieceBytes) => {
    const pretty = JSON.stringify([{ id: 'a"]},{' }, { id: 2, tags: [[], {}] }, { id: null }], undefined, 2)
    for (const file of [pretty, pretty.replaceAll('\n', '\r\n'), ` \n${pretty} \r\n`, pretty.replaceAll(/\n */g, '')]) {
      const records = await read('ndjson', file, { pieceBytes })
      expect(records.map((record) => 'fields' in record && record.fields.id)).toEqual(['a"]},{', 2, null])
    }
    expect((await read('ndjson', pretty, { pieceBytes })).map(({ line, lines }) => [line, lines])).toEqual([
      [2, 3],
      [5, 7],
      [12, 3],
    ])
    expect(await read('ndjson', '[]', { pieceBytes })).toEqual([])
  })

  it.each([
    ['is never closed', `[${json()}`],
    ['ends with half a record', `[${json()},{"id":"2"`],
    ['lacks a comma', `[${json()} ${json()}]`],
    ['has two commas', `[${json()},,${json()}]`],
    ['is followed by something', `[${json()}]\n${json()}`],
    ['is one document over several lines', `{\n"tickets": [${json()}]}`],
    ['is a document that holds a list', `{"tickets": [\n${json()}]}`],
  ])('that %s cannot be read any further', async (_what, file) => {
    await expect(read('ndjson', file)).rejects.toThrow(UnreadableFile)
  })

  it('sets an element of a list aside that is no object', async () => {
    expect(told(await read('ndjson', `[1,\n"two",\n[{}],\n{"id":},\n${json()}]`))).toEqual([
      [1, 'the record is not a JSON object'],
      [2, 'the record is not a JSON object'],
      [3, 'the record is not a JSON object'],
      [4, 'the record is not JSON'],
      [5, '1'],
    ])
  })

  it.each([
    ['no JSON', 'nonsense', 'the line is not JSON'],
    ['a list', '[1]', 'the line is not a JSON object'],
    ['null', 'null', 'the line is not a JSON object'],
    ['half an object', '{"id":"1"', 'the line is not JSON'],
  ])('sets a line with %s aside with its number', async (_what, line, failure) => {
    expect(await read('ndjson', `${json()}\n${line}\n${json({ id: '2' })}\n`)).toMatchObject([
      { line: 1 },
      { line: 2, failure, raw: line },
      { line: 3, fields: { id: '2' } },
    ])
  })

  it.each([
    ['members', (n: number) => json({ more: Array.from({ length: n - 6 }, () => 0) }), IMPORT_LIMITS.members],
    [
      'levels',
      (n: number) => json({ more: JSON.parse(`${'['.repeat(n - 1)}${']'.repeat(n - 1)}`) }),
      IMPORT_LIMITS.depth,
    ],
    ['characters of a name', (n: number) => json({ ['k'.repeat(n)]: 0 }), IMPORT_LIMITS.nameCharacters],
    ['characters of a text', (n: number) => json({ message: 'x'.repeat(n) }), IMPORT_LIMITS.cellBytes],
    [
      'bytes of a line',
      (n: number) => `${`${json({ message: '€'.repeat(2_000_000) })}${' '.repeat(n)}`.slice(0, n - 4_000_001)}\n`,
      IMPORT_LIMITS.recordBytes,
    ],
  ])('takes a record at the bound of %s, sets it aside past it, and goes on', async (_what, make, bound) => {
    const file = (n: number) => `${make(n)}\n${json({ id: '2' })}\n`
    expect(told(await read('ndjson', file(bound)))).toMatchObject([
      [1, '1'],
      [expect.any(Number), '2'],
    ])
    expect(told(await read('ndjson', file(bound + 1)))).toMatchObject([
      [1, expect.stringMatching(/^the line (is|has)/)],
      [expect.any(Number), '2'],
    ])
  })

  it.each([
    [
      'seven hundred thousand names',
      `{${Array.from({ length: 700_000 }, (_, n) => `"k${n}":0`).join()}}`.slice(0, 8e6),
    ],
    ['a million levels', '{"a":'.repeat(1_000_000)],
  ])('sets a record of %s aside', async (_what, line) => {
    expect(told(await read('ndjson', `${line}\n${json()}`))).toEqual([
      [1, expect.stringMatching(/^the line (has more than 2000 members|is nested more than 32 levels deep)$/)],
      [2, '1'],
    ])
  })

  it('finds its fields by exact names, by paths, and by names that are the same but for their spelling', async () => {
    const columns = { id: 'ID', source: 'via.channel', customer_id: ['people.1.id', 'nobody'], message: 'Body Text' }
    const record = { iD: 7, via: { channel: 'web' }, people: [{ id: 1 }, { id: 2 }], body_text: 'Hi', Subject: 's' }
    expect(await read('ndjson', JSON.stringify(record), { mapping: { columns } })).toMatchObject([
      { fields: { id: 7, source: 'web', customer_id: 2, message: 'Hi', subject: 's' }, names: Object.keys(record) },
    ])
    const tricky = '{"__proto__":{"id":"1"},"constructor":"x","customer_id":"c"}'
    expect(await read('ndjson', tricky, { mapping: { columns: { subject: 'toString', id: 'id' } } })).toMatchObject([
      { fields: { customer_id: 'c' } },
    ])
  })

  it('has no records when it is empty, and may begin with a byte order mark', async () => {
    for (const file of ['', '\n', ' \r\n ']) expect(await read('ndjson', file)).toEqual([])
    for (const pieceBytes of [1, 2, 3, 4, 100])
      expect(told(await read('ndjson', `\ufeff${json()}\n`, { pieceBytes }))).toEqual([[1, '1']])
  })
})

describe('a CSV file', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', 'ü', '👋', '"', ',', ';', '\t', '\n', '\r', ' ', '\u00a0') })
  const rows = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 6 })
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`

  it('gives back every text as it was written after RFC 4180, wherever its pieces are cut', async () => {
    const any = fc.record({
      rows,
      delimiter: fc.constantFrom(',', ';', '\t', '|'),
      ends: fc.array(fc.constantFrom('\n', '\r\n', '\r'), { minLength: 1, maxLength: 3 }),
      pieceBytes: fc.constantFrom(1, 2, 3, 5, 64, 4_096),
    })
    await fc.assert(
      fc.asyncProperty(any, async ({ rows, delimiter, ends, pieceBytes }) => {
        const lines = [HEADER, ...rows.map((texts, n) => [`i${n}`, ...texts, T].map(quoted))]
        const file = lines.map((cells, n) => cells.join(delimiter) + ends[n % ends.length]).join('')
        const records = await read('csv', file, { pieceBytes })
        const texts = records.map((record) => {
          const { customer_id, subject, message } = 'fields' in record ? record.fields : {}
          return [customer_id, subject, message]
        })
        expect(texts.map((text) => text.map((each) => each ?? ''))).toEqual(rows)
      }),
      { numRuns: 300 },
    )
  })

  it('says in which line each row begins, blank lines and line ends inside cells counted', async () => {
    const file = `\n${HEADER.join()}\r\n\r\n${row('a', '"two\nlines"', '"and\r\nthree\rmore"')}\n\n \n,,,,\n${row('b')}`
    expect(told(await read('csv', file))).toEqual([
      [4, 'a'],
      [11, 'b'],
    ])
  })

  it.each([1, 4_096])(
    'loses no row to a quote too many: only its line is set aside (pieces of %i bytes)',
    async (n) => {
      const inner = csv(row('1', 'a', '"the 3"" hose leaks, call'), row('2', 'b', '"thanks, bye"'), row('3'))
      const open = csv(row('1'), '2,c,"never closed,m,T', row('3'), row('4', '"a, b"'))
      const last = csv(row('1'), row('2', '"open'))
      const swapped = csv(row('1', '"swallows'), row('2', 'the next"'), row('3'))
      expect(told(await read('csv', inner, { pieceBytes: n }))).toEqual([
        [2, 'text stands behind the closing quote of a cell'],
        [3, '2'],
        [4, '3'],
      ])
      expect(told(await read('csv', open, { pieceBytes: n }))).toEqual([
        [2, '1'],
        [3, 'text stands behind the closing quote of a cell'],
        [4, '3'],
        [5, '4'],
      ])
      expect(told(await read('csv', last, { pieceBytes: n }))).toEqual([
        [2, '1'],
        [3, 'a quote is never closed'],
      ])
      expect(told(await read('csv', swapped, { pieceBytes: n }))).toEqual([
        [2, 'a quote may be missing or be one too many; lines 2 to 3 were read as one record'],
        [4, '3'],
      ])
    },
  )

  it('believes the quotes of a text that quotes a row, where all cells are quoted', async () => {
    const all = (...cells: string[]) => cells.map(quoted).join()
    const quoting = `see:\n${row('9')}\n${all('8', 'c', 's', 'm', T)}`
    const file = [all(...HEADER), all('1', 'c', 's', quoting, T), all('2', 'c', 's', `\n${quoting}`, T)].join('\n')
    expect((await read('csv', file)).map((record) => 'fields' in record && record.fields.message)).toEqual([
      quoting,
      `\n${quoting}`,
    ])
  })

  it('takes a quote inside a cell for a letter, and blanks around cells for none of theirs', async () => {
    const file = csv('1 , c, 5" pipe ,  " m ""x"" " ,"2026-03-01T00:00:00Z" ')
    expect(await read('csv', file)).toMatchObject([
      { fields: { id: '1', customer_id: 'c', subject: '5" pipe', message: ' m "x" ', created_at: T } },
    ])
  })

  it('sets a row with too many or too few cells aside with its line, and passes over empty cells at its end', async () => {
    expect(told(await read('csv', csv(row('1'), '2,c,s', `${row('3')},more`, `${row('4')},, `, row('5'))))).toEqual([
      [2, '1'],
      [3, 'the row has 3 cells, the header 5'],
      [4, 'the row has 6 cells, the header 5'],
      [5, '4'],
      [6, '5'],
    ])
  })

  it.each([
    ['Excel’s line that says so', 'sep=;\r\nid;customer_id;subject;message;created_at\r\n1;c;s;m;T'],
    ['that line in quotes and with a tab', '"sep=\t"\nid\tcustomer_id\tsubject\tmessage\tcreated_at\n1\tc\ts\tm\tT'],
    ['the columns that are needed', '"id";"customer_id";"a,b,c,d,e,f,g";"subject";"message";"created_at"\n1;c;x;s;m;T'],
    ['them, behind blank lines', '\n \nid|customer_id|subject|message|created_at\n1|c|s|m|T'],
    [
      'them, though names hold more of another sign',
      'id\tcustomer_id\tsubject, in, short\tmessage\tcreated_at\n1\tc\ts\tm\tT',
    ],
  ])('is split by %s', async (_what, file) => {
    for (const pieceBytes of [1, 4_096]) {
      expect(await read('csv', file, { pieceBytes })).toMatchObject([
        { fields: { id: '1', customer_id: 'c', subject: 's', message: 'm', created_at: 'T' } },
      ])
    }
  })

  it('finds columns whatever their case, blanks and remarks, and as the mapping names them', async () => {
    const file = ' ID ;Customer Id;SUBJECT;Message (all of it);Created-At;External ID\n1;c;s;m;T;\n2;c;s;m;T;e2\n'
    expect(await read('csv', file)).toMatchObject([
      { fields: { id: '1', customer_id: 'c', subject: 's', message: 'm', created_at: 'T' } },
      { fields: { id: 'e2' } },
    ])
    const columns = { id: ['Issue key'], customer_id: 'Reporter', subject: 'Summary', created_at: 'Created' }
    const mapping: Mapping = { columns, constants: { message: '' } }
    expect(
      await read('csv', 'Summary,Issue key,Reporter,Created,Labels,Labels\ns,K-1,r,T,a,b\n', { mapping }),
    ).toMatchObject([{ fields: { id: 'K-1', customer_id: 'r', subject: 's', created_at: 'T' } }])
  })

  it.each([
    [
      'two columns of a name that is needed',
      'id,subject,Subject ,customer_id,message,created_at\n1,a,b,c,m,T',
      /2 columns are named “subject”/,
    ],
    [
      'no column for something that is needed',
      'id,name\n1,x',
      /no column for customer_id and subject and message and created_at; the header has “id”, “name”/,
    ],
    ['a column that the mapping names and it has not', csv(row('1')), /no column for message \(sought as “Body”\)/],
    ['no header within its bound', 'x'.repeat(IMPORT_LIMITS.headerBytes + 1), /no header in the first 262144 bytes/],
    ['nothing but blank lines before it for too long', '\n'.repeat(400_000) + csv(row('1')), /no header/],
    ['a million columns', Array.from({ length: 1_000_000 }, (_, n) => `c${n}`).join(), /no header/],
  ])('is refused with %s', async (what, file, reason) => {
    const mapping: Mapping = what.includes('mapping') ? { columns: { message: 'Body' } } : {}
    const refusal = await read('csv', file, { mapping }).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(UnreadableFile)
    expect((refusal as Error).message).toMatch(reason)
    expect((refusal as Error).message.length).toBeLessThan(3_000)
  })

  it('takes as many columns as are allowed, and is refused with one more', async () => {
    const wide = (n: number) => {
      const more = Array.from({ length: n - HEADER.length }, (_, index) => `c${index}`)
      return `${[...HEADER, ...more].join()}\n${[row('1'), ...more].join()}\n`
    }
    expect(told(await read('csv', wide(IMPORT_LIMITS.columns)))).toEqual([[2, '1']])
    await expect(read('csv', wide(IMPORT_LIMITS.columns + 1))).rejects.toThrow('more than 500 columns')
  })

  it.each([
    ['a cell', 'a cell is longer', (n: number) => row('1', 's', 'x'.repeat(n)), IMPORT_LIMITS.cellBytes],
    [
      'a record',
      'the record is longer',
      (n: number) => row('1', 'x'.repeat(4_000_000), 'x'.repeat(n - 4_000_000 - row('1', '', '').length - 1)),
      IMPORT_LIMITS.recordBytes,
    ],
    [
      'a quoted record',
      'the record is longer',
      (n: number) => row('1', 'x'.repeat(4_000_000), `"${'\n'.repeat(n - 4_000_000 - row('1', '', '').length - 3)}"`),
      IMPORT_LIMITS.recordBytes,
    ],
  ])('takes %s at the bound, sets it aside past it, and goes on', async (_what, failure, make, bound) => {
    const ids = async (n: number) => told(await read('csv', csv(make(n), row('2')), { pieceBytes: 1_048_576 }))
    expect((await ids(bound)).map(([, id]) => id)).toEqual(['1', '2'])
    const past = await ids(bound + 1)
    expect([past[0], past.at(-1)]).toEqual([
      [2, expect.stringContaining(failure)],
      [expect.any(Number), '2'],
    ])
  })

  it('sets a line aside that is longer than memory should hold, and goes on after it', async () => {
    const long = 'x'.repeat(IMPORT_LIMITS.recordBytes * 2)
    for (const end of ['\n', '\r', '\r\n']) {
      const file = `${HEADER.join()}\n${long}${end}${row('2')}\n`
      expect(told(await read('csv', file))).toEqual([
        [2, 'the record is longer than 8388608 bytes'],
        [3, '2'],
      ])
    }
  })

  it('is not read again and again, however its quotes are set: lines that would be are told together', async () => {
    // Each line by itself begins a record that goes on to the end of the file.
    const lines = 1_500_000
    const records = await read('csv', csv('x","abc\n'.repeat(lines).trimEnd()), { pieceBytes: 1_048_576 })
    expect(records.reduce((sum, record) => sum + record.lines, 0)).toBe(lines)
    expect(records.length).toBeLessThan(100)
    expect(told(records).at(-1)).toEqual([
      expect.any(Number),
      expect.stringMatching(/lines \d+ to \d+ were read as one record$/),
    ])
  })

  it('has no records when it is empty or only a header', async () => {
    for (const file of ['', '\n\n', HEADER.join(), `\ufeff${HEADER.join(';')}\r\n\r\n`]) {
      expect(await read('csv', file)).toEqual([])
    }
  })
})
