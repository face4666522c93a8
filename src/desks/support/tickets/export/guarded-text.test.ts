import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FileRecord, readRecords } from '../../ingestion/import/read-records.ts'
import { rulesOf } from '../../ingestion/import/reading-rules.ts'
import type { Ticket } from '../ticket.ts'
import { type ExportFormat, SPELLINGS } from './columns.ts'
import { guard, guardGuards, unguard } from './guarded-text.ts'

const DANGEROUS = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', ' =1', '\u00a0=1', '＝1', '－1']
const HARMLESS = ['', 'Hello', '1=1', 'a-b', "'quoted", 'a;b', 'a\tb\nc', 'x, =1', '🙂']
/** Behind each of these, a reader that splits there begins a cell; a quote may be taken for that of the cell. */
const BORDERS = [';', '\t', '\n', '\r\n', '; ', ';;', '\t\t', ';"', '\n"']

/** Texts that begin as guards and formulas do more often than others. */
const text = fc
  .tuple(
    fc.constantFrom('', "'", "'\u2063", "'\u2063'\u2063", '=', '\t', ' -', '"', '"";', '\uFEFF'),
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('', ';', ';=', ';"=', '\t-1', '\n', '\r\n', "\n'\u2063", ";'\u2063=", '; '),
    fc.string({ unit: 'grapheme' }),
  )
  .map((parts) => parts.join(''))

describe('a guarded text', () => {
  it.each(DANGEROUS)('begins with an apostrophe where a spreadsheet would see a formula: %j', (dangerous) => {
    expect(guard(dangerous).startsWith("'")).toBe(true)
  })

  it.each(BORDERS)('has no formula behind %j either, where other readers begin a cell', (border) => {
    for (const formula of ['=1+1', '+1', '-1', '@SUM(A1)', '＝1']) {
      const guarded = guard(`x${border}${formula}`)
      expect(guarded).toMatch(/[;\t\n]'\u2063/)
      expect(cellsOf(guarded).filter(isFormula)).toEqual([])
      expect(unguard(guarded)).toBe(`x${border}${formula}`)
    }
  })

  it.each(HARMLESS)('is as it was where it would not: %j', (harmless) => {
    expect(guard(harmless)).toBe(harmless)
  })

  it('is read back exactly, whatever it was', () => {
    fc.assert(
      fc.property(text, (any) => unguard(guard(any)) === any && unguard(guardGuards(any)) === any),
      { numRuns: 2_000 },
    )
  })
})

/** As a careless reader splits a text, at anything that could stand between cells. */
const cellsOf = (text: string) => text.split(/[;\t\r\n]/).map((cell) => cell.replaceAll('"', '').trim())
const isFormula = (cell: string) => /^[=+\-@＝＋－＠]/u.test(cell)

const ticket = (change: Partial<Ticket>): Ticket => ({
  ...{ ticket_id: '0198b3b2-7d2a-7bb2-b0c0-1b2a3c4d5e6f', external_id: 'e', tenant_id: 't', origin: 'provider' },
  ...{
    source: 's',
    customer_id: 'c',
    subject: 's',
    message: 'm',
    status: 'open',
    urgency: 'low',
    sentiment: 'neutral',
  },
  ...{
    requires_action: false,
    language: null,
    keywords: [],
    rule_version: null,
    is_corrected: false,
    message_is_cut: false,
  },
  ...{ sla_status: 'open', priority: 'medium', tier: 'standard', group_name: null, assignee: null, tags: [] },
  ...{ first_response_at: null, resolved_at: null, closed_at: null },
  ...{ created_at: new Date(0), updated_at: new Date(0), ingested_at: new Date(0), deleted_at: null },
  ...change,
})

async function readBack(format: ExportFormat, tickets: readonly Ticket[]): Promise<FileRecord[]> {
  const { head, line } = SPELLINGS[format]
  const bytes = Buffer.from(head + tickets.map(line).join(''))
  const records: FileRecord[] = []
  for await (const record of readRecords(format, rulesOf().wanted, Readable.from([bytes]))) records.push(record)
  return records
}

describe.each(['csv', 'ndjson'] as const)('a file of tickets as %s', (format) => {
  it('is read by an import to the letter', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(text, text, text), { minLength: 1, maxLength: 5 }), async (texts) => {
        const tickets = texts.map(([external_id, subject, message]) => ticket({ external_id, subject, message }))
        const records = await readBack(format, tickets)
        const read = records.map((record) => {
          const { id, subject, message } = ('fields' in record ? record.fields : {}) as Record<string, string>
          return [id, subject, message].map((cell) => unguard(cell ?? ''))
        })
        expect(read).toEqual(texts)
      }),
      { numRuns: 300 },
    )
  })
})

it.each([';', '\t'])('no cell of a CSV begins as a formula does, also when it is split at “%s”', (sign) => {
  const { head, line } = SPELLINGS.csv
  const texts = [...DANGEROUS, ...BORDERS.map((border) => `x${border}=1+1;`), 'ends with;', 'a;"=1;', '\n=1\n']
  const rows = texts.map((text) => line(ticket({ subject: text, message: text, customer_id: text })))
  const file = [head, ...rows].join('')
  for (const row of file.split(/[\r\n]/)) {
    for (const cell of row.split(sign)) expect(cell.replace(/^[\s"]*/, ''), row).not.toMatch(/^[=+\-@＝＋－＠]/u)
  }
})

it('no cell of a CSV begins as a formula does', async () => {
  const [record] = await readBack(
    'csv',
    DANGEROUS.map((dangerous) => ticket({ subject: dangerous, customer_id: dangerous })),
  )
  expect(
    record && 'fields' in record && Object.values(record.fields).filter((cell) => /^[=+\-@\t\r]/.test(String(cell))),
  ).toEqual([])
})
