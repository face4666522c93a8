import { describe, expect, it } from 'vitest'
import { tenantId } from '../../../../kernel/tenant-id.ts'
import { IMPORT_LIMITS } from './limits.ts'
import { lookAtFile } from './look-at-file.ts'
import { Mapping } from './mapping.ts'
import { previewFile } from './preview-file.ts'
import { readImported } from './read-imported.ts'
import { type ImportFormat, readRecords } from './read-records.ts'
import { rulesOf } from './reading-rules.ts'

const ours = tenantId('tenant_a')

async function preview(file: string, said: Mapping = {}, { format = 'csv' as ImportFormat, isCut = false } = {}) {
  const look = await lookAtFile({ format, wanted: rulesOf(said).wanted, isCut }, Buffer.from(file))
  return previewFile(look, said, { tenantId: ours, timeZone: 'Europe/Berlin' })
}

/** The tickets of an import with this mapping. */
async function imported(file: string, mapping: Mapping, format: ImportFormat = 'csv') {
  const rules = rulesOf(Mapping.parse(JSON.parse(JSON.stringify(mapping))))
  async function* pieces() {
    yield Buffer.from(file)
  }
  const tickets: unknown[] = []
  for await (const record of readRecords(format, rules.wanted, pieces())) {
    const read = 'fields' in record ? readImported(record.fields, ours, rules) : undefined
    if (read && !('problems' in read)) tickets.push({ line: record.line, ticket: read })
  }
  return tickets
}

const JIRA = [
  'Summary,Issue key,Status,Reporter,Created,Updated,Description,Comment,Comment',
  'Printer smokes,IT-1,In Progress,ada,14/Oct/26 9:30 AM,14/Oct/26 10:02 AM,"It, well,\nsmokes",a,b',
  'Chair wobbles,IT-2,Parked,ben,15/Oct/26 1:05 PM,,,,',
].join('\n')
const GERMAN = [
  'Vorgangsnummer;Kunde;Betreff;Beschreibung;Zustand;Erstellt am',
  'V-1;k1;Drucker;raucht;Offen;13.10.2026 09:30',
  'V-2;k2;Stuhl;"wackelt; sehr";Erledigt;14.10.2026 09:30',
].join('\r\n')
const TRACKER = [
  {
    ticket: { number: 7, opened: 1_790_847_000 },
    user_mail: 'ada@example.com',
    headline: 'Help',
    body_text: 'It broke',
  },
  { ticket: { number: 8, opened: 1_790_847_060 }, user_mail: 'ben@example.com', headline: 'Hi', body_text: 'It works' },
]
  .map((record) => JSON.stringify(record))
  .join('\n')

describe('the preview of somebody else’s file', () => {
  it.each([
    [
      'an export of a tracker',
      JIRA,
      'csv',
      { preset: 'jira-csv', zone: 'Europe/Berlin' },
      'IT-1',
      '2026-10-14T07:30:00.000Z',
    ],
    [
      'a table in another language',
      GERMAN,
      'csv',
      { delimiter: ';', formats: { created_at: 'dd.MM.yyyy HH:mm' } },
      'V-1',
      '2026-10-13T07:30:00.000Z',
    ],
    [
      'objects of unknown make',
      TRACKER,
      'ndjson',
      { columns: { id: 'ticket.number' }, formats: { created_at: 'unix' } },
      '7',
      '2026-10-01T09:30:00.000Z',
    ],
  ] as const)(
    'reads %s without being told how, and an import with its mapping stores what it shows',
    async (_what, file, format, guessed, id, createdAt) => {
      const { mapping, tickets, failed, refusal, guesses } = await preview(file, {}, { format })
      expect({ refusal, failed }).toEqual({ refusal: null, failed: 0 })
      expect(mapping).toMatchObject(guessed)
      expect(tickets[0]?.ticket).toMatchObject({ external_id: id, created_at: createdAt })
      expect(await imported(file, mapping, format)).toEqual(tickets)
      for (const { confidence, because } of guesses) {
        expect(confidence).toBeGreaterThanOrEqual(0)
        expect(confidence).toBeLessThanOrEqual(1)
        expect(because).not.toBe('')
      }
    },
  )

  it('guesses nothing that the request says, and nothing where our own names are there', async () => {
    const own = 'id,customer_id,subject,message,created_at\n1,c,s,m,2026-10-01T09:30:00Z\n'
    expect((await preview(own)).mapping).toEqual({ delimiter: ',' })
    const said: Mapping = {
      columns: { customer_id: 'Status' },
      zone: 'Asia/Tokyo',
      statuses: { Parked: 'closed' },
      preset: 'jira-csv',
      delimiter: ',',
    }
    const { mapping, guesses, tickets } = await preview(JIRA, said)
    expect(mapping).toEqual(said)
    expect(guesses).toEqual([])
    expect(tickets[1]?.ticket).toMatchObject({
      customer_id: 'Parked',
      status: 'closed',
      created_at: '2026-10-15T04:05:00.000Z',
    })
  })

  it('says how sure it is: less where a day could be a month, least where nothing speaks for it', async () => {
    const { guesses } = await preview(
      'Ticket No,Email,Title,Opened,State\n1,a@x.co,Hi,03/04/2026 09:30,Xyz\n2,b@x.co,Ho,05/06/2026 10:30,Closed',
    )
    const of = (what: string) => guesses.find((guess) => guess.what === what)
    expect(of('columns.id')).toMatchObject({ value: 'Ticket No', confidence: 0.9 })
    expect(of('formats.created_at')).toMatchObject({
      value: 'dd/MM/yyyy HH:mm',
      confidence: 0.5,
      because: expect.stringContaining('MM/dd/yyyy'),
    })
    expect(of('statuses.Xyz')).toMatchObject({ value: 'open', confidence: 0.2 })
    expect(of('zone')).toMatchObject({ value: 'Europe/Berlin', confidence: 0.3 })
    expect(of('constants.message')).toMatchObject({ value: '', confidence: 0.3 })
    const sure = await preview('Ticket No,Email,Title,Opened\n1,a@x.co,Hi,13/04/2026 09:30')
    expect(sure.guesses.find(({ what }) => what === 'formats.created_at')).toMatchObject({ confidence: 0.9 })
  })

  it('tells problems by column, with their number, their first line and examples', async () => {
    const rows = ['1,c,s,m,nonsense,Lost', '2,c,s,m,2026-10-01T09:30:00Z,open', 'x', '3,c,s,m,tomorrow,open']
    const file = `id,customer_id,subject,message,created_at,Ticket status\n${rows.join('\n')}`
    const { problems, usable, failed } = await preview(file, { columns: { status: 'Ticket status' }, statuses: {} })
    expect({ usable, failed }).toEqual({ usable: 1, failed: 3 })
    expect(problems).toEqual([
      {
        ...{ field: 'created_at', column: 'created_at', reason: expect.stringContaining('not ISO 8601') },
        ...{ count: 2, first_line: 2, examples: ['nonsense', 'tomorrow'] },
      },
      {
        ...{ field: null, column: null, reason: 'the row has 1 cells, the header 6' },
        ...{ count: 1, first_line: 4, examples: [] },
      },
    ])
  })

  it('says why an import would refuse it', async () => {
    const twice = await preview('id,subject,subject,customer_id,message,created_at\n1,a,b,c,m,T')
    expect(twice).toMatchObject({ refusal: '2 columns are named “subject”', tickets: [] })
    expect(await preview('a,b\n1,2')).toMatchObject({ refusal: expect.stringContaining('no column for') })
    expect(await preview('[{"id":1}', {}, { format: 'ndjson' })).toMatchObject({
      refusal: 'the list is never closed in line 1',
    })
    expect(await preview('')).toMatchObject({ refusal: null, usable: 0, failed: 0, columns: [] })
  })

  it('shows each column with what stands there, and the field it is for', async () => {
    const { columns } = await preview(JIRA)
    expect(columns.slice(0, 3)).toEqual([
      { name: 'Summary', field: 'subject', examples: ['Printer smokes', 'Chair wobbles'] },
      { name: 'Issue key', field: 'id', examples: ['IT-1', 'IT-2'] },
      { name: 'Status', field: 'status', examples: ['In Progress', 'Parked'] },
    ])
    expect(columns.at(-1)).toEqual({ name: 'Comment', field: null, examples: ['b'] })
  })

  it('of a file that goes on shows whole records only, and no more than are looked at', async () => {
    // What is looked at is longer than a header may be.
    const long = GERMAN.replace('raucht', 'x'.repeat(IMPORT_LIMITS.headerBytes))
    for (let end = long.indexOf('V-2'); end < long.length; end += 1) {
      const { usable, failed, refusal } = await preview(long.slice(0, end), {}, { isCut: true })
      expect({ end, usable, failed, refusal }).toEqual({ end, usable: 1, failed: 0, refusal: null })
    }
    const list = `[${TRACKER.replaceAll('\n', ',\n')}`
    expect(await preview(list, {}, { format: 'ndjson', isCut: true })).toMatchObject({ usable: 2, refusal: null })
    const rows = Array.from({ length: 1_000 }, (_, n) => `V-${n};k;b;t;Offen;13.10.2026 09:30`)
    const many = await preview(`${GERMAN.split('\r\n')[0]}\n${rows.join('\n')}`)
    expect([many.usable, many.tickets.length]).toEqual([300, 20])
  })
})
