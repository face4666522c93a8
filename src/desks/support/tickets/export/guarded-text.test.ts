import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FileRecord, readRecords } from '../../ingestion/import/read-records.ts'
import type { Ticket } from '../ticket.ts'
import { type ExportFormat, SPELLINGS } from './columns.ts'
import { guard, guardGuards, unguard } from './guarded-text.ts'

const DANGEROUS = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', ' =1', '\u00a0=1', '＝1', '－1']
const HARMLESS = ['', 'Hello', '1=1', 'a-b', "'quoted", 'x\t=1', '🙂']

/** Texts that begin as guards and formulas do more often than others. */
const text = fc
  .tuple(
    fc.constantFrom('', "'", "'\u2063", "'\u2063'\u2063", '=', '\t', ' -', '"', '"";', '\uFEFF'),
    fc.string({ unit: 'grapheme' }),
  )
  .map((parts) => parts.join(''))

describe('a guarded text', () => {
  it.each(DANGEROUS)('begins with an apostrophe where a spreadsheet would see a formula: %j', (dangerous) => {
    expect(guard(dangerous).startsWith("'")).toBe(true)
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
  ...{ requires_action: false, language: null, keywords: [], rule_version: null, is_corrected: false },
  ...{ created_at: new Date(0), updated_at: new Date(0), ingested_at: new Date(0), deleted_at: null },
  ...change,
})

async function readBack(format: ExportFormat, tickets: readonly Ticket[]): Promise<FileRecord[]> {
  const { head, line } = SPELLINGS[format]
  const bytes = Buffer.from(head + tickets.map(line).join(''))
  const records: FileRecord[] = []
  for await (const record of readRecords(format, Readable.from([bytes]))) records.push(record)
  return records
}

describe.each(['csv', 'ndjson'] as const)('a file of tickets as %s', (format) => {
  it('is read by an import to the letter', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(text, text, text), { minLength: 1, maxLength: 5 }), async (texts) => {
        const tickets = texts.map(([external_id, subject, message]) => ticket({ external_id, subject, message }))
        const records = await readBack(format, tickets)
        const read = records.map((record) => {
          const { external_id, subject, message } = ('fields' in record ? record.fields : {}) as Record<string, string>
          return [external_id, subject, message].map((cell) => unguard(cell ?? ''))
        })
        expect(read).toEqual(texts)
      }),
      { numRuns: 300 },
    )
  })
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
