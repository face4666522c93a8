import { describe, expect, it } from 'vitest'
import { tenantId } from '../../../../kernel/tenant-id.ts'
import { Mapping } from './mapping.ts'
import { readImported } from './read-imported.ts'
import { objectPicker } from './read-records.ts'
import { rulesOf } from './reading-rules.ts'

const ours = tenantId('tenant_a')
const row = {
  id: 'ext-1',
  customer_id: 'cust_1',
  subject: 'Broken',
  message: 'It broke.',
  created_at: '2026-01-01T00:00:00Z',
}
const readAs = (mapping: Mapping, record: Record<string, unknown>) => {
  const rules = rulesOf(Mapping.parse(mapping))
  return readImported(objectPicker(rules.wanted)(record).fields, ours, rules)
}
const read = (change: Record<string, unknown>) => readAs({}, { ...row, ...change })

describe('a row of a file', () => {
  it('needs no more than what a ticket is about', () => {
    expect(read({})).toEqual({
      external_id: 'ext-1',
      ...{ customer_id: 'cust_1', subject: 'Broken', message: 'It broke.', source: 'import', status: 'open' },
      created_at: '2026-01-01T00:00:00.000Z',
      updated_at: '2026-01-01T00:00:00.000Z',
    })
  })

  it('may be one of our own export', () => {
    const { id: _, ...exported } = {
      ...row,
      external_id: 'ext-7',
      ticket_id: 'x',
      tenant_id: 'tenant_a',
      status: 'closed',
    }
    expect(readAs({}, exported)).toMatchObject({ external_id: 'ext-7', status: 'closed' })
  })

  it('takes an empty cell for a missing one', () => {
    const empty = { external_id: '', source: ' ', status: '', updated_at: '', tenant_id: '' }
    expect(read(empty)).toMatchObject({
      ...{ external_id: 'ext-1', source: 'import', status: 'open', updated_at: '2026-01-01T00:00:00.000Z' },
    })
  })

  it('takes numbers for names, null for an empty text, and no blanks around what stands for something', () => {
    expect(read({ id: 123, customer_id: 456, subject: null, message: null })).toMatchObject({
      ...{ external_id: '123', customer_id: '456', subject: '', message: '' },
    })
    const blank = { id: ' 1 ', customer_id: 'c\u00a0', status: ' Open ', source: ' web', subject: ' kept ' }
    expect(read(blank)).toMatchObject({
      ...{ external_id: '1', customer_id: 'c', status: 'open', source: 'web', subject: ' kept ' },
    })
  })

  it.each([
    ['Open', 'open'],
    ['NEW', 'open'],
    ['on-hold', 'pending'],
    ['Waiting  on customer', 'pending'],
    ['Resolved', 'closed'],
    ['solved', 'closed'],
    ['Closed', 'closed'],
  ])('takes the status %s for %s', (status, ours) => {
    expect(read({ status })).toMatchObject({ status: ours })
  })

  it.each([7, {}, [], 'x'.repeat(101), true])('with the source %j is one of unknown source', (source) => {
    expect(read({ source })).toMatchObject({ source: 'unknown' })
  })

  it.each([
    ['of another tenant', { tenant_id: 'tenant_b' }, 'tenant_id', 'tenant_b'],
    ['without id', { id: undefined }, 'id', ''],
    ['with an id that JSON has rounded', { id: 2 ** 53 }, 'id', String(2 ** 53)],
    ['with a fraction for an id', { id: 1.5 }, 'id', '1.5'],
    ['without customer', { customer_id: null }, 'customer_id', ''],
    ['with an object for a message', { message: { text: 'a' } }, 'message', ''],
    ['with a subject that is too long', { subject: 'x'.repeat(10_001) }, 'subject', 'x'.repeat(100)],
    ['with an unknown status', { status: 'escalated' }, 'status', 'escalated'],
    ['with a time without zone', { created_at: '2026-01-01 00:00' }, 'created_at', '2026-01-01 00:00'],
    ['of a year that no list can show', { created_at: '0000-01-01T00:00:00Z' }, 'created_at', '0000-01-01T00:00:00Z'],
    ['changed at a time that is none', { updated_at: 'yesterday' }, 'updated_at', 'yesterday'],
  ])('%s is set aside with the reason, which is the same for all of its kind', (_what, change, field, value) => {
    const failed = read(change)
    expect(failed).toMatchObject({ reason: expect.stringContaining(`${field}: `), problems: [{ field, value }] })
    if (value !== '') expect('reason' in failed && failed.reason).not.toContain(value)
  })

  it('says everything that is wrong with it', () => {
    const failed = read({ id: '', status: 'x', created_at: '1790847000' })
    expect('problems' in failed && failed.problems.map(({ field }) => field).toSorted()).toEqual([
      ...['created_at', 'id', 'status'],
    ])
  })
})

describe('a mapping', () => {
  it('says where things stand, what they are without a column, and what words mean', () => {
    const mapping: Mapping = {
      columns: { id: 'Nr', customer_id: ['mail', 'phone'], subject: 'title' },
      constants: { message: 'none given', source: 'paper', status: 'pending' },
      statuses: { Erledigt: 'closed', open: 'pending' },
    }
    const theirs = { nr: 5, mail: '', phone: '0123', Title: 'Hallo', created_at: '2026-01-01T00:00:00Z' }
    const expected = { external_id: '5', customer_id: '0123', subject: 'Hallo', message: 'none given', source: 'paper' }
    expect(readAs(mapping, theirs)).toMatchObject({ ...expected, status: 'pending' })
    expect(readAs(mapping, { ...theirs, status: 'ERLEDIGT', message: 'Hi' })).toMatchObject({
      ...{ status: 'closed', message: 'Hi' },
    })
    expect(readAs(mapping, { ...theirs, status: 'Open' })).toMatchObject({ status: 'pending' })
  })

  it.each([
    ['an unknown field', { colums: {} }, 'colums'],
    ['a field that no file has', { columns: { urgency: 'x' } }, 'urgency'],
    ['a format of nothing', { formats: { created_at: 'dd.MM' } }, 'no year'],
    ['a zone that is none', { zone: 'Berlin' }, 'Europe/Berlin'],
    ['a status that is none of ours', { statuses: { x: 'escalated' } }, 'open'],
    ['a constant for what tells tickets apart', { constants: { id: '1' } }, 'id'],
    [
      'too many statuses',
      { statuses: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`s${n}`, 'open'])) },
      '100',
    ],
    ['a name that PostgreSQL cannot keep', { columns: { id: 'a\0' } }, 'NUL'],
  ])('with %s is refused', (_what, mapping, named) => {
    const { success, error } = Mapping.safeParse(mapping)
    expect(success).toBe(false)
    expect(JSON.stringify(error?.issues)).toContain(named)
  })
})

describe('a preset', () => {
  const expected = { customer_id: '20', subject: 'Help', message: 'It broke.', status: 'closed' }
  it.each([
    [
      'zendesk',
      { preset: 'zendesk' },
      {
        ...{ id: 7, subject: 'Help', description: 'It broke.', status: 'solved', requester_id: 20 },
        ...{ via: { channel: 'web' }, created_at: '2026-07-20T22:55:29Z', updated_at: '2026-07-20T22:55:29Z' },
      },
      { ...expected, external_id: '7', source: 'web', created_at: '2026-07-20T22:55:29.000Z' },
    ],
    [
      'freshdesk as JSON',
      { preset: 'freshdesk' },
      {
        ...{ id: 7, subject: 'Help', description_text: 'It broke.', description: '<p>', status: 5, source: 2 },
        ...{ requester_id: 20, created_at: '2026-07-20T22:55:29Z', updated_at: '2026-07-21T22:55:29Z' },
      },
      { ...expected, external_id: '7', source: 'unknown', updated_at: '2026-07-21T22:55:29.000Z' },
    ],
    [
      'freshdesk as CSV',
      { preset: 'freshdesk', zone: 'Asia/Kolkata' },
      {
        ...{ 'Ticket ID': '7', Subject: 'Help', Description: 'It broke.', Status: 'Closed', Source: 'Portal' },
        ...{ 'Contact ID': '20', 'Created time': '2026-07-20 22:55:29', 'Last update time': '' },
      },
      { ...expected, external_id: '7', source: 'Portal', created_at: '2026-07-20T17:25:29.000Z' },
    ],
    [
      'intercom',
      { preset: 'intercom' },
      {
        ...{ id: '7', source: { type: 'email', subject: 'Help', body: 'It broke.' }, state: 'closed' },
        ...{ contacts: { contacts: [{ id: '20' }] }, created_at: 1_784_588_129, updated_at: 1_784_588_130 },
      },
      { ...expected, external_id: '7', source: 'email', created_at: '2026-07-20T22:55:29.000Z' },
    ],
    [
      'jira-csv',
      { preset: 'jira-csv', zone: 'Europe/Berlin' },
      {
        ...{ Summary: 'Help', 'Issue key': 'SUP-7', Status: 'Done', Reporter: '20', Description: 'It broke.' },
        ...{ Created: '20/Jul/26 10:55 PM', Updated: '21/Jul/26 9:05 AM' },
      },
      { ...expected, external_id: 'SUP-7', source: 'jira', created_at: '2026-07-20T20:55:00.000Z' },
    ],
    [
      'salesforce-csv',
      { preset: 'salesforce-csv', zone: 'America/New_York' },
      {
        ...{
          'Case Number': '00007',
          Subject: 'Help',
          Description: 'It broke.',
          Status: 'Closed',
          'Case Origin': 'Web',
        },
        ...{ 'Contact ID': '20', 'Date/Time Opened': '7/20/2026, 10:55 PM' },
      },
      { ...expected, external_id: '00007', source: 'Web', created_at: '2026-07-21T02:55:00.000Z' },
    ],
  ] as [string, Mapping, Record<string, unknown>, object][])('reads %s', (_what, mapping, record, ticket) => {
    expect(readAs(mapping, record)).toMatchObject(ticket)
  })

  it('gives way to what stands beside it', () => {
    const record = { key: 'K-1', reporter: 'r', summary: 's', created: '2026-10-01T09:30:00Z', team: 'ops' }
    const mapping: Mapping = { preset: 'jira-csv', columns: { customer_id: 'team' }, constants: { source: 'tracker' } }
    expect(readAs(mapping, record)).toMatchObject({ customer_id: 'ops', source: 'tracker', subject: 's' })
  })
})
